"""Writes the reference pages from the table: `python -m meshtether.options.reference docs/reference`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from meshtether.options.kinds import Kind
from meshtether.options.model import Component, Option
from meshtether.options.own import THEMES
from meshtether.options.table import COMPONENTS

HEADER = """\
# `meshtether {name}`: every option

<!-- Written by `python -m meshtether.options.reference docs/reference`; do not edit. -->

How sources are combined, and how values are written: [Configuration](../configuration.md).
"""

LATER = """
## Known, and without effect yet

These are accepted from argocd-agent's manifests as they are. Setting one to another value than its default gives one
warning, which says what the option waits for.
"""


def page(component: Component) -> str:
    """The page of one component."""
    parts = [HEADER.format(name=component.name)]
    for theme in THEMES:
        options = [option for option in component.options if option.theme == theme and not option.later]
        if options:
            parts += [f"\n## {theme}\n", _table(options)]
    parts.append(LATER)
    for theme in THEMES:
        options = [option for option in component.options if option.theme == theme and option.later]
        if options:
            parts += [f"\n### {theme}\n", _table(options)]
    return "".join(parts)


def _table(options: Sequence[Option]) -> str:
    rows = ["| Flag | Environment | ConfigMap key | Default | What it does |", "|---|---|---|---|---|"]
    return "\n" + "\n".join([*rows, *map(_row, options)]) + "\n"


def _row(option: Option) -> str:
    cells = (
        _flag(option),
        _code(option.env),
        "<br>".join(map(_code, option.keys)),
        _code(option.default),
        _what(option),
    )
    return f"| {' | '.join(cells)} |"


def _flag(option: Option) -> str:
    if not option.flag:
        return ""
    short = f"`-{option.short}`, " if option.short else ""
    return f"{short}`--{option.name}{_value(option.kind)}`"


def _value(kind: Kind) -> str:
    return f" {kind.name}".replace("|", r"\|") if kind.name else ""


def _what(option: Option) -> str:
    return option.help + (f" Waits for: {option.later}." if option.later else "")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def write(folder: Path) -> None:
    """Write the page of each component into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for component in COMPONENTS:
        (folder / f"{component.name}.md").write_bytes(page(component).encode())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
