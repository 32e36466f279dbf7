"""`meshtether mesh`: what can be asked about meshes without running anything in one."""

import importlib
from typing import Final

import click

from mesh.nearest import nearest

COMMANDS: Final = {
    "generate": "meshtether.commands.mesh_generate",
    "verify": "meshtether.commands.mesh_verify",
    "intent": "meshtether.commands.mesh_intent",
    "explain": "meshtether.commands.explain",
}
"""Each command and its module, whose attribute has the command's name. Imported when it is asked for: all together
take longer than everything else on the command line."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None when there is none."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(importlib.import_module(module), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant. click would suggest none for a misspelt one: it knows only what is imported."""
        name = args[0]
        near = "" if name in COMMANDS else nearest(name, COMMANDS)
        if near:
            ctx.fail(f"No such command {name!r}. Did you mean {near!r}?")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, short_help="Ask about identities and meshes.")
def mesh() -> None:
    """Tools for the mesh around a principal and its agents; none of them needs either to run."""
