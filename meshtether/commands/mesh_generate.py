"""`meshtether mesh generate`: one intent in, the manifests of one system out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from mesh.adapters import ADAPTERS
from mesh.adapters.base import Generated, write_stream
from meshtether.commands.failing import FAILED, fail
from meshtether.commands.mesh_reading import load_intent

COMMAND: Final = "mesh generate"


@click.command(short_help="Write the manifests of one mesh or gateway.")
@click.argument("adapter", type=click.Choice(tuple(ADAPTERS)), metavar="ADAPTER")
@click.option("--intent", "intent_file", type=click.Path(path_type=Path), metavar="FILE", help="What is wanted.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="A file for each object, in this folder.")
def generate(adapter: str, *, intent_file: Path | None, out: Path | None) -> None:
    """Write the manifests of ADAPTER for an intent, or for the default one, as one stream on stdout.

    \b
    meshtether mesh generate istio | kubectl apply -f -
    meshtether mesh generate linkerd --intent intent.yaml --out linkerd/
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    intent = load_intent(COMMAND, intent_file)
    generated = ADAPTERS[adapter].generate(intent)
    if out is None:
        click.echo(write_stream(generated), nl=False)
        return
    _write(generated, out, adapter)


def _write(generated: Sequence[Generated], out: Path, adapter: str) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for number, each in enumerate(generated, start=1):
            (out / _file_name(number, each, adapter)).write_text(each.yaml, encoding="utf-8")
    except OSError as error:
        fail(COMMAND, f"{error.filename or out}: {error.strerror}", status=FAILED)
    click.echo(f"meshtether {COMMAND}: {len(generated)} files in {out}", err=True)


def _file_name(number: int, generated: Generated, adapter: str) -> str:
    """The file's name: its own, or numbered in the order of applying, since kubectl takes files by their names."""
    if generated.file:
        return generated.file
    parts = [part for part in (generated.ref.kind.lower(), generated.ref.name) if part]
    return f"{number:02}-{'-'.join(parts) or adapter}.yaml"
