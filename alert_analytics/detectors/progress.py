"""A bar for training that takes a while: in a terminal and in Jupyter, and nothing where nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def training_progress(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show a bar of `total` steps, which goes when training is over; the function given advances it by one step."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn())
    console = Console(stderr=True)
    # In Jupyter a bar is a widget, for which a package of its own is needed.
    shown = find_spec("ipywidgets") is not None if console.is_jupyter else console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task(what, total=total, said="")
        yield lambda said: progress.update(task, advance=1, said=said)
