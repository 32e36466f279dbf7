"""`meshtether mesh`: what can be asked about meshes without running anything in one."""

import click

from meshtether.commands.explain import explain


@click.group(short_help="Ask about identities and meshes.")
def mesh() -> None:
    """Tools for the mesh around a principal and its agents; none of them needs either to run."""


for _command in (explain,):
    mesh.add_command(_command)
