"""`meshtether mesh verify`: manifests, or a live cluster, against an intent, with numbered findings."""

import importlib.metadata
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from mesh.findings import CATALOGUE, Finding, Level
from mesh.report import FORMATS as WRITERS
from mesh.report import Report, select, summary
from mesh.sources.loaded import UNREAD
from mesh.verify import verify as check
from meshtether.commands.failing import BAD_USAGE, FOUND
from meshtether.commands.mesh_reading import Sources, load_intent, read_sources
from meshtether.options.nearest import nearest

COMMAND: Final = "mesh verify"


class Codes(click.ParamType[list[str]]):
    """Codes of findings, several behind commas."""

    name = "CODE"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> list[str]:
        """Return the codes of `value`; BadParameter for one that there is not."""
        codes = [each.strip().upper() for each in value.split(",") if each.strip()]
        for code in codes:
            if code not in CATALOGUE:
                near = nearest(code, CATALOGUE)
                self.fail(f"there is no code {code!r}" + (f"; did you mean {near}?" if near else ""), param, ctx)
        return codes


@click.command(short_help="Check manifests or a cluster, with numbered findings.")
@click.argument("paths", nargs=-1, metavar="PATH...")
@click.option("--intent", "intent_file", type=click.Path(path_type=Path), metavar="FILE", help="What is wanted.")
@click.option("--from-cluster", is_flag=True, help="Read the live cluster too, and its CRDs. Nothing is written there.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), metavar="FILE", help="For --from-cluster.")
@click.option("--context", metavar="NAME", help="Of the kubeconfig, for --from-cluster.")
@click.option("-n", "--namespace", "namespaces", multiple=True, metavar="NAME", help="Only these, for --from-cluster.")
@click.option(
    "--crds", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="CRDs to check objects against."
)
@click.option(
    "-o", "--output", type=click.Choice(tuple(WRITERS)), default="text", show_default=True, help="How to print."
)
@click.option("--ignore", multiple=True, type=Codes(), metavar="CODE", help="Leave these findings out.")
@click.option(
    "--level",
    type=click.Choice([str(level) for level in Level]),
    default=str(Level.INFO),
    show_default=True,
    help="Least level of the findings that are told.",
)
def verify(  # noqa: PLR0913 - one for each flag
    paths: tuple[str, ...],
    *,
    intent_file: Path | None,
    from_cluster: bool,
    kubeconfig: Path | None,
    context: str | None,
    namespaces: tuple[str, ...],
    crds: tuple[Path, ...],
    output: str,
    ignore: tuple[list[str], ...],
    level: str,
) -> None:
    """Check the manifests in files and folders (`-` is standard input), or in a live cluster.

    Without --intent, the checks that need one are skipped. Findings go to stdout, a summary to stderr. Exit status: 0
    fine; 1 findings of level error; 2 something could not be read.

    \b
    kubectl kustomize overlays/istio | meshtether mesh verify --intent intent.yaml -
    meshtether mesh verify --from-cluster -n argocd -o json
    """  # noqa: D301 - \b is click's mark for lines that stay as they are
    if not paths and not from_cluster:
        raise click.UsageError("nothing to verify: give files, folders, `-` or --from-cluster")
    for option, given in (("--kubeconfig", kubeconfig), ("--context", context), ("--namespace", namespaces)):
        if given and not from_cluster:
            raise click.UsageError(f"{option} says which part of a cluster to read; give --from-cluster with it")
    intent = load_intent(COMMAND, intent_file) if intent_file else None
    read = read_sources(Sources(paths, crds, from_cluster, kubeconfig, context, namespaces))
    checked = check(read.manifests, intent=intent, schemas=read.schemas)
    ignored = {code for codes in ignore for code in codes}
    findings = select([*read.findings, *checked], ignore=ignored, level=Level(level))
    report = Report(
        findings=tuple(findings),
        documents=len(read.manifests),
        sources=tuple(dict.fromkeys(each.source for each in read.manifests)),
        version=importlib.metadata.version("meshtether"),
        colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ,
    )
    click.echo(WRITERS[output](report), nl=False, color=True)
    click.echo(f"meshtether {COMMAND}: {summary(report)}", err=True)
    raise SystemExit(_status(findings))


def _status(findings: Sequence[Finding]) -> int:
    if any(finding.code in UNREAD for finding in findings):
        return BAD_USAGE
    return FOUND if any(finding.level is Level.ERROR for finding in findings) else 0
