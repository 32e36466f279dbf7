"""DestinationRules: how agents' sidecars call the principal, and what of it holds for the principal's own."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.istio.facts import DEFAULT_HTTP_IDLE, ROOT_NAMESPACE
from mesh.adapters.istio.generating import principal_identity
from mesh.adapters.istio.lookup import destination_rules, policies, principal_hosts
from mesh.bundle import Field, Item, Names
from mesh.configuration.keepalive import KeepaliveFields, keepalive_findings
from mesh.durations import MILLISECOND, format_duration
from mesh.findings import Finding, ObjectRef, missing
from mesh.kubernetes.services import principal_services
from mesh.world import Check, World


def present(world: World) -> Iterator[Finding]:
    """MT1816: the DestinationRule of the intent."""
    if world.intent is not None and not destination_rules(world):
        principal = world.intent.principal
        ref = ObjectRef("networking.istio.io/v1", "DestinationRule", principal.namespace, principal.name)
        yield missing("MT1816", ref, f"No DestinationRule for {principal.host} is among the manifests.")


def placed(world: World) -> Iterator[Finding]:
    """MT1108: rules in a namespace where no agent's sidecar looks."""
    known = [
        ROOT_NAMESPACE,
        *(each.namespace for each in (*principal_services(world), *(a.item for a in world.agents))),
    ]
    if world.intent is not None:
        known += [world.intent.principal.namespace, world.intent.agents.namespace]
    namespaces = Names(("", each) for each in known)
    for rule in destination_rules(world) if principal_hosts(world) else []:
        if not namespaces.has("", rule.namespace):
            at = rule.at("metadata", "namespace")
            yield at.finding("MT1108", f"{rule.ref} is neither in the Service's namespace nor in the agents'.")


def tls(world: World) -> Iterator[Finding]:
    """MT1106, MT1107 and MT1817: whose certificate agents show, and whose they want to see."""
    for rule, policy in _policies(world):
        block = policy.at("tls")
        if not block.exists:
            if world.intent is not None:
                yield block.finding("MT1817", f"{rule.ref} sets no tls; the intent pins the principal's name there.")
            continue
        mode = block.at("mode")
        if mode.text != "ISTIO_MUTUAL":
            said = mode.shown if mode.exists else "not set, so DISABLE"
            yield mode.finding("MT1106", f"tls.mode of {rule.ref} is {said}.")
        yield from _pinned(world, rule, block.at("subjectAltNames"))


def _pinned(world: World, rule: Item, names: Field) -> Iterator[Finding]:
    wanted = _identities(world)
    if world.intent is not None and not names.texts:
        remedy = f'Write subjectAltNames: ["{principal_identity(world.intent)}"].'
        yield names.finding("MT1817", f"{rule.ref} pins no name of the principal.", remedy=remedy)
    elif names.texts and wanted and not any(_is_name(name, each) for name in names.texts for each in wanted):
        at = names.at(0)
        yield at.finding("MT1107", f"{at.name} is {at.shown}, and the principal is {', '.join(sorted(wanted))}.")


def _is_name(name: str, wanted: str) -> bool:
    """Whether a pinned name is the wanted SPIFFE ID, or has the wanted path when no trust domain is known."""
    return name == wanted or (wanted.startswith("/") and name.startswith("spiffe://") and name.endswith(wanted))


def _identities(world: World) -> set[str]:
    """The principal's SPIFFE ID; only its path, when no intent tells the trust domain."""
    if world.intent is not None:
        return {principal_identity(world.intent)}
    workloads = [each.workload for each in world.principals if each.workload is not None]
    return {f"/ns/{each.namespace}/sa/{each.service_account}" for each in workloads if each.namespace}


def idle(world: World) -> Iterator[Finding]:
    """MT1105, MT1118, MT1119 and MT1817: idle timeouts."""
    for rule, policy in _policies(world):
        http, tcp = policy.at(*_HTTP, "idleTimeout"), policy.at(*_TCP, "idleTimeout")
        if http.exists and (http.duration is None or http.duration < MILLISECOND):
            yield http.finding("MT1118", f"http.idleTimeout is {http.shown}; accepted: 1ms and more.")
            continue
        if tcp.exists and tcp.duration is None:
            yield tcp.finding("MT1118", f"tcp.idleTimeout is {tcp.shown}; accepted: 0s, and 1ms and more.")
            continue
        if http.exists and tcp.exists:
            yield tcp.finding("MT1119", "tcp.idleTimeout has no effect on HTTP ports while http.idleTimeout is set.")
        at = http if http.exists or not tcp.exists else tcp
        held = at.duration if at.exists else DEFAULT_HTTP_IDLE
        if held is None:
            continue
        said = f"{'.'.join(map(str, at.path[-2:]))} of {rule.ref} is {at.shown}"
        if world.intent is not None and held != world.intent.keepalive.idle_timeout:
            wanted = format_duration(world.intent.keepalive.idle_timeout)
            yield at.finding("MT1817", f"{said}; the intent has {wanted}.")
        elif world.intent is None and 0 < held < DEFAULT_HTTP_IDLE:
            message = f"{said}, less than the default of 1h, and it does not count while a stream is open."
            yield at.finding("MT1105", message)


def keepalive(world: World) -> Iterator[Finding]:
    """MT1916 to MT1920: TCP keepalive of the connections that sidecars open."""
    for _, policy in _policies(world):
        block = policy.at(*_TCP, "tcpKeepalive")
        if block.exists or world.intent is not None:
            fields = KeepaliveFields(time=block.at("time"), interval=block.at("interval"), probes=block.at("probes"))
            yield from keepalive_findings(world, fields)


def aged(world: World) -> Iterator[Finding]:
    """MT1120: connections that end by age."""
    for rule, policy in _policies(world):
        age = policy.at(*_TCP, "maxConnectionDuration")
        if age.exists:
            message = f"tcp.maxConnectionDuration of {rule.ref} is {age.shown}: every connection ends then."
            yield age.finding("MT1120", message)


def _policies(world: World) -> Iterator[tuple[Item, Field]]:
    for rule in destination_rules(world):
        found = list(policies(rule))
        if not found and world.intent is not None:
            found = [rule.at("spec", "trafficPolicy")]
        for policy in found:
            yield rule, policy


_TCP: Final = ("connectionPool", "tcp")
_HTTP: Final = ("connectionPool", "http")

CHECKS: Final[tuple[Check, ...]] = (present, placed, tls, idle, keepalive, aged)
"""The checks of this file."""
