"""The checks that every adapter runs beside its own, and the generated fields that neither speaks of."""

from collections.abc import Iterable
from typing import Final

from mesh import general
from mesh.adapters.base import Neutral
from mesh.bundle import Bundle
from mesh.configuration import checks as configuration
from mesh.findings import Finding
from mesh.kubernetes import checks as kubernetes
from mesh.kubernetes import texts
from mesh.world import Check, World, run_checks

SHARED_CHECKS: Final[tuple[Check, ...]] = (*general.CHECKS, *kubernetes.CHECKS, *configuration.CHECKS)
"""Of manifests of any kind, of Kubernetes' own objects, and of the configuration."""

ALIKE: Final[frozenset[Check]] = frozenset((*general.CHECKS, *texts.CHECKS))
"""Those that ask neither the intent nor what a mesh makes of it: they say the same to every adapter, and run once."""

DIFFERENCES: Final = frozenset({"MT1817", "MT1915", "MT1920"})
"""Codes that only say that something differs from the intent; they give way to one that says what is wrong with it."""


def shared_findings(world: World, checks: Iterable[Check] = (), differences: Iterable[str] = ()) -> list[Finding]:
    """The findings of the shared checks and of `checks`.

    Where a finding says what is wrong with a field, those that only say that it differs from the intent are left out:
    the shared codes for that, and those in `differences`.
    """
    own = (each for each in SHARED_CHECKS if each not in ALIKE)
    found = list(dict.fromkeys([*world.bundle.once(_alike), *run_checks((*own, *checks), world)]))
    lesser = DIFFERENCES.union(differences)
    explained = {(each.file, each.line, each.path) for each in found if each.code not in lesser and each.file}
    return [each for each in found if each.code not in lesser or (each.file, each.line, each.path) not in explained]


def _alike(bundle: Bundle) -> list[Finding]:
    """What the checks in ALIKE find."""
    return run_checks((each for each in SHARED_CHECKS if each in ALIKE), World(bundle))


SHARED_NEUTRAL: Final[tuple[Neutral, ...]] = (
    Neutral(
        kind="Deployment",
        path=("metadata", "name"),
        reason="nothing refers to a Deployment by its name; its pods are found by their labels",
        changes=frozenset({"change"}),
    ),
    Neutral(
        kind="NetworkPolicy",
        path=("metadata", "name"),
        reason="nothing refers to a NetworkPolicy by its name",
        changes=frozenset({"change"}),
    ),
    Neutral(
        kind="Deployment",
        path=("spec", "template", "spec", "containers", "*", "name"),
        reason="what runs in a container is told by its arguments",
    ),
    Neutral(
        kind="Deployment",
        path=("spec", "template", "spec", "containers", "*", "image"),
        reason="which image, and from where, is the user's own matter",
    ),
    Neutral(
        kind="Deployment",
        path=("spec", "template", "spec", "containers", "*", "args", "*"),
        reason="the variables tell as well what runs there",
    ),
    Neutral(
        kind="Deployment",
        path=("spec", "template", "spec", "containers", "*", "securityContext", "**"),
        reason="the hardening of the pod is no matter of the mesh",
    ),
    Neutral(
        kind="Deployment",
        path=("spec", "template", "spec", "securityContext", "runAsNonRoot"),
        reason="the hardening of the pod is no matter of the mesh",
    ),
    Neutral(
        kind="Deployment",
        path=("spec", "template", "spec", "securityContext", "seccompProfile", "type"),
        reason="the hardening of the pod is no matter of the mesh",
    ),
    Neutral(
        kind="Deployment",
        path=("spec", "template", "spec", "containers", "*", "volumeMounts", "**"),
        reason="without it the principal sees less of its own pod, and serves as ever",
    ),
    Neutral(
        kind="Deployment",
        path=("spec", "template", "spec", "volumes", "**"),
        reason="without it the principal sees less of its own pod, and serves as ever",
    ),
    Neutral(
        kind="Deployment",
        path=("spec", "selector", "matchLabels", "*"),
        reason="a Deployment may select its pods by fewer labels than they have",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="Service",
        path=("spec", "selector", "*"),
        reason="a Service may select its pods by fewer labels than they have",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="Service",
        path=("spec", "ports", "*", "name"),
        reason="appProtocol says what flows there; the name is the second place for it",
    ),
    Neutral(
        kind="Service",
        path=("spec", "ports", "*", "targetPort"),
        reason="without it the Service's own port is meant, which may be the same",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="NetworkPolicy",
        path=("spec", "podSelector", "matchLabels", "*"),
        reason="a policy may select its pods by fewer labels than they have",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="NetworkPolicy",
        path=("spec", "policyTypes", "*"),
        reason="a policy without types is of type Ingress",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="NetworkPolicy",
        path=("spec", "ingress", "*", "ports", "*", "protocol"),
        reason="a port without a protocol is TCP",
        changes=frozenset({"delete"}),
    ),
)
"""Fields of the shared objects that may be changed in silence."""
