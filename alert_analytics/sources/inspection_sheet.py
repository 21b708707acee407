"""A file nobody has described as a table of text: an even sample of its rows, and exact counts where they matter."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
from duckdb import ColumnExpression, ConstantExpression, DuckDBPyConnection, DuckDBPyRelation

from alert_analytics.errors import SourceError, SourceNotFoundError
from alert_analytics.sources.inspection_text import Cut, cut_of, decimal_comma, head_of
from alert_analytics.tables import counted

# Never a value of its own, in whatever column it stands.
_MARKS = frozenset({"?", "NULL", "null", "(null)", "\\N", "N/A", "n/a", "#N/A", "NaT", "NaN", "nan"})


@dataclass(frozen=True)
class Sheet:
    """A file as a table of text, seen through a sample of its rows.

    Attributes
    ----------
    path : Path
        The file.
    cut : Cut or None
        How a text file becomes fields; None for Parquet.
    n_rows : int
        Rows in the whole file.
    columns : dict of str to list of (str or None)
        The sampled rows in file order, column by column; None is an empty cell.
    kinds : dict of str to str
        DuckDB types; all ``VARCHAR`` in a CSV.
    decimal : str
        ``.`` or ``,``.
    marks : tuple of str
        Text that stands for a missing value in any column.
    evidence : tuple of (str, str, str)
        What was looked at, what was found, and how one can tell.
    """

    path: Path
    cut: Cut | None
    n_rows: int
    columns: dict[str, list[str | None]]
    kinds: dict[str, str]
    decimal: str = "."
    marks: tuple[str, ...] = ()
    evidence: tuple[tuple[str, str, str], ...] = ()
    _tallies: dict[str, Counter[str]] = field(default_factory=dict, repr=False)

    @property
    def n_sampled(self) -> int:
        """Rows in the sample."""
        return len(next(iter(self.columns.values())))

    def tally(self, name: str) -> Counter[str]:
        """Count the distinct sampled values of a column that are neither empty nor a missing mark.

        Parameters
        ----------
        name : str
            A column.

        Returns
        -------
        Counter of str
            How often each stands in the sample.
        """
        if name not in self._tallies:
            counts = Counter(value for value in self.columns[name] if value is not None)
            self._tallies[name] = Counter({value: n for value, n in counts.items() if value not in self.marks})
        return self._tallies[name]

    def exact(self, name: str, most: int = 100) -> tuple[int, int, list[str]]:
        """Look at every row of the file for one column.

        Parameters
        ----------
        name : str
            A column.
        most : int
            How many of its words to list.

        Returns
        -------
        tuple of (int, int, list of str)
            Cells filled, distinct values, and the first `most` of these in order; missing marks do not count.
        """
        with duckdb.connect(":memory:") as connection:
            cells = _opened(connection, self.path, self.cut).select(
                ColumnExpression(name).cast("VARCHAR").alias("cell")
            )
            if self.marks:
                cells = cells.filter(ColumnExpression("cell").isnotin(*map(ConstantExpression, self.marks)))
            filled, distinct = cells.aggregate("count(cell), count(DISTINCT cell)").fetchall()[0]
            words = cells.filter("cell IS NOT NULL").distinct().order("cell").limit(most).fetchall()
        return filled, distinct, [word for (word,) in words]


def read_sheet(path: Path, sample_rows: int) -> Sheet:
    """Open a CSV (also gzipped; any usual separator) or Parquet file and sample its rows evenly.

    Parameters
    ----------
    path : Path
        The file.
    sample_rows : int
        About how many rows to keep; the whole file is read once to take them from everywhere.

    Returns
    -------
    Sheet
        With at least one column and one row.

    Raises
    ------
    SourceNotFoundError
        There is no such file.
    SourceError
        It is a folder, empty, or no table.
    """
    if not path.exists():
        raise SourceNotFoundError(f"{path}: no such file.", hint="give the path of a CSV or Parquet file.")
    if path.is_dir():
        raise SourceError(f"{path}: is a folder; expected a file.", hint="give one of its files.")
    head = head_of(path)
    cut = None if head[:4] == b"PAR1" else cut_of(path, head)
    try:
        return _sheet(path, cut, sample_rows)
    except duckdb.InvalidInputException as error:
        if cut is None or cut.encoding != "utf-8" or "utf-8" not in str(error):
            raise _unreadable(path, cut, error) from error
        # The beginning was plain ASCII; what follows is not UTF-8.
        told = ("encoding", "latin-1", "some bytes further down are not UTF-8")
        cut = Cut(cut.delimiter, "latin-1", tuple(told if e[0] == "encoding" else e for e in cut.evidence))
        return _sheet(path, cut, sample_rows)
    except duckdb.Error as error:
        raise _unreadable(path, cut, error) from error


def _opened(connection: DuckDBPyConnection, path: Path, cut: Cut | None) -> DuckDBPyRelation:
    if cut is None:
        return connection.read_parquet(str(path))
    if cut.encoding != "utf-8":
        # Only the SQL function reads other encodings, and its rows are kept because a view cannot hold parameters.
        connection.execute(
            "CREATE TABLE decoded AS SELECT * FROM read_csv($path, delim = $delimiter, encoding = $encoding, "
            "header = true, all_varchar = true, quote = '\"', escape = '\"', null_padding = true, strict_mode = false, "
            "parallel = false)",
            {"path": str(path), "delimiter": cut.delimiter, "encoding": cut.encoding},
        )
        return connection.table("decoded")
    return connection.read_csv(
        str(path),
        delimiter=cut.delimiter,
        header=True,
        all_varchar=True,
        quotechar='"',
        escapechar='"',
        null_padding=True,
        strict_mode=False,
        parallel=False,  # with padding, DuckDB reads a line break inside quotes in one thread only
    )


def _sheet(path: Path, cut: Cut | None, sample_rows: int) -> Sheet:
    with duckdb.connect(":memory:") as connection:
        rows = _opened(connection, path, cut)
        kinds = dict(zip(rows.columns, map(str, rows.types), strict=True))
        n_rows, columns = _sampled(connection, rows, sample_rows)
    if not n_rows:
        raise SourceError(
            f"{path}: has no rows below its header ({', '.join(columns)}); expected at least one alert.",
            hint="did the export's filter leave nothing?",
        )
    if cut is None:
        told = f"{counted(n_rows, 'row')}, {counted(len(kinds), 'column')}; their types stand in the file"
        return _with_marks(Sheet(path, cut, n_rows, columns, kinds, evidence=(("format", "Parquet", told),)))
    evidence, decimal = cut.evidence, "."
    commas = {name: decimal_comma(values) for name, values in columns.items()} if cut.delimiter != "," else {}
    for name, example in commas.items():
        if example is not None:
            decimal = ","
            evidence += (("decimal", "comma", f"{name} holds numbers like {example}"),)
    return _with_marks(Sheet(path, cut, n_rows, columns, kinds, decimal=decimal, evidence=evidence))


def _sampled(
    connection: DuckDBPyConnection, rows: DuckDBPyRelation, sample_rows: int
) -> tuple[int, dict[str, list[str | None]]]:
    n_rows: int = rows.count("*").fetchall()[0][0]
    rows.create_view("given")
    # A hash of the place takes rows from everywhere, in file order; a fixed step would follow a file's own period.
    kept = connection.sql(
        "SELECT COLUMNS(lambda c: c <> 'place in file')::VARCHAR "
        'FROM (SELECT *, row_number() OVER () AS "place in file" FROM given) '
        'WHERE hash("place in file") % $every = 0 ORDER BY "place in file"',
        params={"every": max(n_rows // sample_rows, 1)},
    )
    table = kept.to_arrow_table()
    return n_rows, {name: table.column(name).to_pylist() for name in rows.columns}


def _with_marks(sheet: Sheet) -> Sheet:
    found = Counter(cell for cells in sheet.columns.values() for cell in cells if cell in _MARKS)
    if not found:
        return sheet
    looked_at = f"of the {counted(sheet.n_sampled, 'row')} looked at"
    told = ", ".join(
        f"{counted(n, 'cell')} {looked_at} {'holds' if n == 1 else 'hold'} {mark}" for mark, n in found.items()
    )
    marks = tuple(sorted(mark for mark in found if mark))
    return replace(sheet, marks=marks, evidence=(*sheet.evidence, ("missing", " ".join(marks), told)))


def _unreadable(path: Path, cut: Cut | None, error: duckdb.Error) -> SourceError:
    like = "Parquet" if cut is None else cut.evidence[0][1]
    return SourceError(
        f"{path}: looks like {like} but cannot be read as that ({str(error).splitlines()[0]}).",
        hint="was the file copied whole? Quotes inside a field must be doubled.",
    )
