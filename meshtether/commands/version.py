"""`meshtether version`: what this is."""

import importlib.metadata
import platform

import click

from meshtether.options.own import DEFAULT_VERSION


def show(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    """Print the same for `--version`, which people try first, and end."""
    if asked and not ctx.resilient_parsing:
        _print()
        ctx.exit()


@click.command(short_help="What this is.")
def version() -> None:
    """Print this program's version, and the version it claims to peers unless told otherwise."""
    _print()


def _print() -> None:
    own = importlib.metadata.version("meshtether")
    click.echo(f"meshtether {own} (Python {platform.python_version()}; claims {DEFAULT_VERSION} to peers)")
