"""`meshtether config show`: each option, its value, and where that came from."""

import json
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import click
import yaml
from rich.table import Table

from meshtether.commands.options_command import OptionsCommand
from meshtether.commands.printing import print_table
from meshtether.logs import printable
from meshtether.options.kinds import choice
from meshtether.options.model import Component, Option, Resolved, Setting
from meshtether.options.own import LOGS
from meshtether.options.table import COMPONENTS

OUTPUT: Final = Option(
    name="output",
    short="o",
    kind=choice("table", "json", "yaml"),
    theme=LOGS,
    help="How to print.",
    default="table",
)


def show(resolved: Resolved) -> None:
    """Print every setting, and on stderr what there is to say about them."""
    settings = [each for name, each in resolved.settings.items() if name != OUTPUT.name]
    _PRINTERS[resolved.text(OUTPUT.name)](settings)
    for notice in resolved.notices:
        click.echo(f"meshtether config show: {printable(str(notice))}", err=True)


def _print_table(settings: list[Setting]) -> None:
    table = Table("option", "value", "source")
    for each in settings:
        table.add_row(each.option.title, printable(each.text), printable(str(each.source)))
    print_table(table)


def _rows(settings: list[Setting]) -> dict[str, list[dict[str, Any]]]:
    return {"options": [_row(each) for each in settings]}


def _row(each: Setting) -> dict[str, Any]:
    source: dict[str, str] = {"kind": str(each.source.origin)}
    source |= {key: text for key, text in (("name", each.source.name), ("at", each.source.place)) if text}
    return {"option": each.option.name, "value": each.text, "source": source}


def _print_json(settings: list[Setting]) -> None:
    click.echo(json.dumps(_rows(settings), indent=2))


def _print_yaml(settings: list[Setting]) -> None:
    yaml.safe_dump(_rows(settings), sys.stdout, sort_keys=False)


_PRINTERS: Mapping[str, Callable[[list[Setting]], None]] = MappingProxyType(
    {"table": _print_table, "json": _print_json, "yaml": _print_yaml}
)


@click.group(short_help="Settings and where they come from.")
def config() -> None:
    """Look at settings without running anything."""


@config.group("show", short_help="Each option, its value, and its source.")
def show_group() -> None:
    """Print each option of a component, its value, and whether flag, environment, ConfigMap or default gave it."""


def _show_command(component: Component) -> OptionsCommand:
    return OptionsCommand(
        component.with_option(OUTPUT),
        show,
        name=component.name,
        help=f"Print what `meshtether {component.name}` would run with, given the same flags and environment.",
    )


for _component in COMPONENTS:
    show_group.add_command(_show_command(_component))
