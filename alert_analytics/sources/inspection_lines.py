"""The lines that an inspection proposes: what reads a file into a store, in Python and in the shell."""

from __future__ import annotations

import shlex
from pathlib import Path

from alert_analytics.sources.inspection_text import Cut


def python_lines(path: Path, source: str, cut: Cut | None = None) -> str:
    """Write the Python that reads a file.

    Parameters
    ----------
    path : Path
        The file.
    source : str
        What reads it, as Python.
    cut : Cut, optional
        Of a text file: one that is not UTF-8 is converted first.
    """
    before = ""
    if cut and cut.encoding != "utf-8":
        opened = f"gzip.open({str(path)!r}, 'rt'" if path.suffix == ".gz" else f"open({str(path)!r}"
        before = "import gzip\n" * (path.suffix == ".gz") + "from pathlib import Path\n\n"
        path = _utf8(path)
        before += f"with {opened}, encoding={cut.encoding!r}) as file:\n"
        before += f"    Path({str(path)!r}).write_text(file.read(), encoding='utf-8')\n\n"
    return (
        f"{before}import alert_analytics as aa\n\n"
        f'store = aa.AlertStore.open("alerts.duckdb")\n'
        f"source = {source}\n"
        f"report = store.ingest({str(path)!r}, source=source)"
    )


def shell_command(path: Path, options: str, cut: Cut | None = None) -> str:
    """Write the same for the shell; `options` say what reads it."""
    before = ""
    if cut and cut.encoding != "utf-8":
        unpacked = f"{'zcat' if path.suffix == '.gz' else 'cat'} {shlex.quote(str(path))}"
        path = _utf8(path)
        before = f"{unpacked} | iconv -f {cut.encoding} -t utf-8 > {shlex.quote(str(path))} && "
    return f"{before}alert-analytics ingest {shlex.quote(str(path))} --store alerts.duckdb {options}"


def _utf8(path: Path) -> Path:
    """Name the copy that a file in another encoding is converted to, in the folder where one works."""
    return Path(path.name.removesuffix(".gz")).with_suffix(".utf8.csv")
