"""The demo's table, live on a terminal and in plain lines elsewhere."""

from collections.abc import Sequence

from rich.table import Table

from meshtether.demo.observe import Row
from meshtether.demo.promises import killer

COLUMNS = (
    "agent",
    "identity",
    "connected",
    "heartbeats sent/acked",
    "round trip",
    "deaths",
    "last cause of death",
    "apps in sync",
)


def cells(row: Row) -> tuple[str, ...]:
    """One row as text, in the order of COLUMNS."""
    return (
        row.agent,
        row.identity or "-",
        "-" if row.connected_for is None else f"{max(row.connected_for, 0.0):.0f}s",
        f"{row.heartbeats}/{row.acked}",
        "-" if row.rtt_ms is None else f"{row.rtt_ms:.1f}ms",
        str(row.deaths),
        killer(row) or "-",
        f"{row.apps_synced}/{row.apps}",
    )


def live(rows: Sequence[Row], *, caption: str) -> Table:
    """A table for a terminal."""
    table = Table(caption=caption)
    for column in COLUMNS:
        table.add_column(column, overflow="fold")  # a SPIFFE ID that is cut off names nobody
    for row in rows:
        table.add_row(*cells(row))
    return table


def plain(rows: Sequence[Row]) -> str:
    """The same in aligned columns, for logs and pipes."""
    lines = [COLUMNS, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
