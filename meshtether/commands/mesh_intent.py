"""`meshtether mesh intent`: the intent file, to begin with."""

from pathlib import Path
from typing import Final

import click

from mesh.intent import DEFAULT_INTENT, write_intent
from meshtether.commands.failing import BAD_USAGE, fail
from meshtether.commands.mesh_deriving import derive
from meshtether.logs import printable
from meshtether.options.configmap import Entry, read_config_file
from meshtether.options.model import Component
from meshtether.options.table import AGENT, PRINCIPAL

COMMAND: Final = "mesh intent"


@click.command(short_help="Write an intent, with every field.")
@click.option(
    "--from-config",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="ConfigMaps of the principal and of an agent, in one file or several.",
)
def intent(files: tuple[Path, ...]) -> None:
    """Write an intent on stdout: the default one, or what the principal's and an agent's ConfigMaps come to.

    What was taken from where is told on stderr.
    """
    if not files:
        click.echo(write_intent(DEFAULT_INTENT), nl=False)
        return
    derived = derive(_entries(PRINCIPAL, files), _entries(AGENT, files))
    click.echo(write_intent(derived.intent), nl=False)
    for note in derived.notes:
        click.echo(f"meshtether {COMMAND}: {printable(note)}", err=True)
    if not derived.notes:
        fail(COMMAND, "no setting in these files is one that an intent has", status=BAD_USAGE)


def _entries(component: Component, files: tuple[Path, ...]) -> dict[str, Entry]:
    """What the files say about one component; of two that say the same, the later."""
    found: dict[str, Entry] = {}
    for path in files:
        read = read_config_file(component, path)
        if read.problems:
            fail(COMMAND, *map(str, read.problems), status=BAD_USAGE)
        found |= read.entries
    return found
