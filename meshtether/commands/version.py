"""`meshtether version`: what this is."""

import importlib.metadata
import platform

import click

from meshtether.options.own import DEFAULT_VERSION


@click.command(short_help="What this is.")
def version() -> None:
    """Print this program's version, and the version it claims to peers unless told otherwise."""
    own = importlib.metadata.version("meshtether")
    click.echo(f"meshtether {own} (Python {platform.python_version()}; claims {DEFAULT_VERSION} to peers)")
