"""Manifests of principals and agents for tests of checks, and what checks find in them."""

from collections.abc import Sequence

from mesh.findings import Finding
from mesh.intent import Intent
from mesh.manifests import read_documents
from mesh.wiring import Wiring
from mesh.world import Check, World, run_checks


def pod(
    side: str,
    *args: str,
    name: str = "",
    namespace: str = "argocd",
    labels: str = "{}",
    spec: str = "",
    container: str = "",
    image: str = "meshtether",
) -> str:
    """A pod that runs one side; `spec` and `container` are further entries in flow style, with a comma behind each."""
    words = ", ".join(f"'{each}'" for each in (side, *args))
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name or side}, namespace: {namespace}, labels: {labels}}}\n"
        f"spec: {{{spec} containers: [{{{container} name: {side}, image: {image}, args: [{words}]}}]}}\n"
    )


def world(*texts: str, intent: Intent | None = None, wiring: Wiring | None = None) -> World:
    """The world of these manifests, each in a file of its own."""
    manifests = []
    for number, text in enumerate(texts):
        found, faults = read_documents(text, f"{number}.yaml")
        assert faults == []
        manifests += found
    return World.of(manifests, intent, wiring)


def findings(
    checks: Sequence[Check], *texts: str, intent: Intent | None = None, wiring: Wiring | None = None
) -> list[Finding]:
    """What `checks` find in these manifests."""
    return run_checks(checks, world(*texts, intent=intent, wiring=wiring))


def codes(
    checks: Sequence[Check], *texts: str, intent: Intent | None = None, wiring: Wiring | None = None
) -> list[str]:
    """Their codes."""
    return [each.code for each in findings(checks, *texts, intent=intent, wiring=wiring)]
