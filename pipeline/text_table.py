"""Rows of strings in, a table for the terminal out: what data says in a cell is text there, never rich's markup."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from stages.core.printing import printable


def text_table(
    columns: tuple[str, ...], numbers: tuple[str, ...] = (), footers: tuple[str, ...] = ()
) -> Table:
    """An empty table: `columns` to the left, `numbers` to the right, footers for all of them."""
    table = Table(box=SIMPLE_HEAD, show_footer=bool(footers))
    below = iter(footers)
    for name in columns:
        table.add_column(_cell(name), footer=_cell(next(below, "")))
    for name in numbers:
        table.add_column(_cell(name), footer=_cell(next(below, "")), justify="right")
    return table


def add_text_row(table: Table, *cells: str) -> None:
    """Add a row; every cell is shown as it is."""
    table.add_row(*map(_cell, cells))


def _cell(text: str) -> Text:
    return Text(printable(text))
