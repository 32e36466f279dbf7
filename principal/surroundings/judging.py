"""From what a principal sees of its pod to findings: one Pod manifest, verified like any other. Pure."""

from typing import Any, Final

from mesh.adapters import ADAPTERS
from mesh.bundle import Bundle
from mesh.findings import Finding
from mesh.manifests import Lines, Manifest
from mesh.verify import verify
from principal.surroundings.facts import Facts

SOURCE: Final = "this principal"
"""Stands where a finding has its file."""

VISIBLE: Final = frozenset(
    {
        # How it is set, as far as that does not keep it from starting.
        *("MT1903", "MT1912", "MT1923"),
        # As whom it runs.
        "MT1809",
        # Istio: whether the pod asks for a sidecar, goes past it, or has it set not to vouch for the header.
        *("MT1114", "MT1115", "MT1116", "MT1119", "MT1122", "MT1123"),
        # Linkerd: the same, and where its proxy calls.
        *("MT1201", "MT1202", "MT1204", "MT1205", "MT1206", "MT1218"),
    }
)
"""Codes that a pod shows by itself. The others need what a principal does not see: Services, policies, agents, and the
fields of its own pod that the downward API does not give."""

MESHES: Final = ("MT11", "MT12")
"""How the codes of Istio and Linkerd begin. Outside of Kubernetes, behind a plain Envoy, they would be guesses."""

METADATA: Final = "metadata."
"""How the path of a field begins that only the downward API tells."""


def pod_of(facts: Facts) -> Manifest:
    """The pod as a manifest."""
    arguments = [f"--{name}={text}" for name, text in facts.said.items()]
    container: dict[str, Any] = {"name": "principal", "image": "meshtether", "args": ["principal", *arguments]}
    if facts.uid is not None:
        container["securityContext"] = {"runAsUser": facts.uid}
    metadata = {
        "name": facts.name,
        "namespace": facts.namespace,
        "labels": dict(facts.labels or {}),
        "annotations": dict(facts.annotations or {}),
    }
    data = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
    if facts.annotations is not None:
        # A pod that runs: what injectors had to say, they have said in its annotations.
        data["status"] = {"phase": "Running"}
    return Manifest(data, SOURCE, 0, Lines("", first=0), 0, 0, 0, 0)


def findings(facts: Facts) -> list[Finding]:
    """What is wrong with the principal's own pod, as far as it sees it."""
    bundle = Bundle([pod_of(facts)])
    told = [adapter for adapter in ADAPTERS.values() if adapter.applies(bundle)]
    # Nothing tells the mesh. Somebody else in the pod may then be a proxy of no mesh, and nothing is guessed.
    silent = not told and facts.sidecar != "none"
    found = verify(bundle, adapters=told if told or silent else None)
    return [each for each in found if each.code in VISIBLE and (facts.sees_pod or _holds_unseen(facts, each))]


def _holds_unseen(facts: Facts, finding: Finding) -> bool:
    """Whether a finding holds although the pod's labels and annotations are not known."""
    in_mesh = facts.sidecar in ADAPTERS
    return not finding.path.startswith(METADATA) and (in_mesh or not finding.code.startswith(MESHES))
