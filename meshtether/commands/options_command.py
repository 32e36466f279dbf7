"""A click command whose flags are rows of the option table, read as argocd-agent reads its own."""

import os
from collections.abc import Callable
from typing import Any

import click

from meshtether.commands.failing import BAD_USAGE, fail
from meshtether.options.flags import CommandLine, read_flags
from meshtether.options.model import Component, Option, OptionsError, Resolved
from meshtether.options.own import THEMES
from meshtether.options.resolve import resolve_line


class OptionsCommand(click.Command):
    """Reads its arguments itself, and gives `run` the settings that came of them."""

    def __init__(self, component: Component, run: Callable[[Resolved], None], **attributes: Any) -> None:
        super().__init__(callback=self._run, params=[], add_help_option=False, **attributes)
        self._component = component
        self._resolved_run = run

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read flags; show the help and end if it was asked for."""
        line = read_flags(self._component, args)
        if line.help:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()
        ctx.params["line"] = line
        return []

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Say that there are flags."""
        return ["[FLAGS]"]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options by theme, what does nothing yet at the end."""
        built = [option for option in self._component.options if option.flag and not option.later]
        for theme in THEMES:
            rows = [_row(option) for option in built if option.theme == theme]
            if rows:
                with formatter.section(theme):
                    formatter.write_dl(rows)
        later = [option for option in self._component.options if option.later]
        with formatter.section("Known, and without effect in this release"):
            formatter.write_dl([(option.title, f"waits for {option.later}") for option in later])

    def _run(self, line: CommandLine) -> None:
        try:
            self._resolved_run(resolve_line(self._component, line, os.environ))
        except OptionsError as error:
            fail(self._component.name, *map(str, error.problems), status=BAD_USAGE)


def _row(option: Option) -> tuple[str, str]:
    """The two columns of a help text."""
    short = f"-{option.short}, " if option.short else ""
    value = "" if option.kind.switch else f" {option.kind.name}"
    facts = [f"default {option.default}"] if option.default else []
    facts += [option.env] if option.env else []
    facts += [option.keys[0]] if option.keys else []
    return f"{short}--{option.name}{value}", f"{option.help}  [{'; '.join(facts)}]" if facts else option.help
