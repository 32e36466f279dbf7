"""Tables on stdout: drawn for people on a terminal, plain columns for programs behind a pipe."""

import sys

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(table: Table) -> None:
    """Print `table`, whose cells are texts; nothing in them is read as markup."""
    console = Console(file=sys.stdout, highlight=False, markup=False)
    if console.is_terminal:
        table.box = box.SIMPLE_HEAD
        console.print(table)
        return
    columns = [[str(column.header), *(_cell(cell) for cell in column.cells)] for column in table.columns]
    widths = [max(map(len, cells)) for cells in columns]
    for row in zip(*columns, strict=True):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(cell: object) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
