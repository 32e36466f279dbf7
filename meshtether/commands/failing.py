"""How a command ends that cannot do what it was asked for: sentences on stderr and an exit status."""

from typing import Final, NoReturn

import click

from meshtether.logs import printable

FOUND: Final = 1
"""Findings of level error, or a promise that was not kept."""

BAD_USAGE: Final = 2
"""Bad usage or unreadable input."""

FAILED: Final = 3
"""A failure while running."""


def fail(command: str, *sentences: str, status: int) -> NoReturn:
    """End the process with `status` after saying each sentence on stderr, one a line."""
    for sentence in sentences:
        click.echo(f"meshtether {command}: {printable(sentence)}", err=True)
    raise SystemExit(status)
