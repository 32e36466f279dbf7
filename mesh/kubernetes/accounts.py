"""Service accounts: what a mesh makes an agent's identity of."""

from collections.abc import Iterator, Sequence
from typing import Final

from mesh.configuration.settings import Component
from mesh.findings import Finding, Level, ObjectRef, missing
from mesh.names import LABEL_RULE, is_dns1123_label
from mesh.world import Check, World

DEFAULT_ACCOUNT: Final = "default"
"""What Kubernetes gives to a pod that names none."""


def own(world: World) -> Iterator[Finding]:
    """MT1806: pods without a service account of their own, or with one whose name can be no agent's."""
    for component in world.components:
        workload = component.workload
        if workload is None:
            continue
        place = workload.pod.at("spec", "serviceAccountName")
        name = workload.service_account
        is_agent = component.side == "agent"
        if name == DEFAULT_ACCOUNT:
            message = f"{component} runs as the service account {name}, so that its identity ends in sa/{name}."
            remedy = "" if is_agent else "Make a ServiceAccount for the principal, and name it in serviceAccountName."
            yield place.finding("MT1806", message, remedy=remedy, level=None if is_agent else Level.WARNING)
        elif is_agent and not is_dns1123_label(name):
            message = f"{component} runs as the service account {place.shown}, and an agent's name has {LABEL_RULE}."
            yield place.finding("MT1806", message)


def shared(world: World) -> Iterator[Finding]:
    """MT1807: agents that share one identity."""
    first: dict[tuple[str, str], Component] = {}
    for agent in world.agents:
        workload = agent.workload
        if workload is None:
            continue
        place = workload.pod.at("spec", "serviceAccountName")
        before = first.setdefault((workload.namespace, workload.service_account), agent)
        if before.item is not agent.item:
            message = f"{agent} runs as the service account {workload.service_account}, as does {before}."
            yield place.finding("MT1807", message)
        replicas = workload.item.at("spec", "replicas")
        if (replicas.number or 0) > 1:
            yield replicas.finding("MT1807", f"{workload.item.ref} has {replicas.number} replicas of one agent.")


def intended(world: World) -> Iterator[Finding]:
    """MT1816 and MT1817: the pods and service accounts that the intent speaks of."""
    if world.intent is None:
        return
    principal, agents = world.intent.principal, world.intent.agents
    yield from _accounts(world, principal.namespace, principal.service_account, "principal")
    yield from _pods(_running(world.principals), principal.namespace, principal.service_account, "principal")
    running = _running(world.agents)
    for name in agents.names:
        yield from _accounts(world, agents.namespace, name, f"agent {name}")
        yield from _pods(running, agents.namespace, name, f"agent {name}")


def _accounts(world: World, namespace: str, name: str, whose: str) -> Iterator[Finding]:
    if world.bundle.get("", "ServiceAccount", namespace=namespace, name=name) is None:
        message = f"The ServiceAccount {name} of the {whose} is not among the manifests, in the namespace {namespace}."
        yield missing("MT1816", ObjectRef("v1", "ServiceAccount", namespace, name), message)


def _running(among: Sequence[Component]) -> frozenset[tuple[str, str]]:
    """Namespaces and service accounts of pods."""
    return frozenset((each.workload.namespace, each.workload.service_account) for each in among if each.workload)


def _pods(running: frozenset[tuple[str, str]], namespace: str, account: str, whose: str) -> Iterator[Finding]:
    """What runs as `account` in `namespace`; pods without a written namespace may be there."""
    if running.isdisjoint({(namespace, account), ("", account)}):
        message = (
            f"No pods of the {whose} are among the manifests: none runs as {account} in the namespace {namespace}."
        )
        yield missing("MT1816", ObjectRef("apps/v1", "Deployment", namespace, account), message)


CHECKS: Final[tuple[Check, ...]] = (own, shared, intended)
"""The checks of this file."""
