"""Bootstraps and settings against the intent: every Envoy on the way, where it listens, whom it knows, its timers."""

from collections.abc import Iterator, Mapping
from typing import Final

from mesh.adapters.envoy.bootstraps import Bootstrap, Chain, Cluster, port_of
from mesh.adapters.envoy.facts import MODES
from mesh.adapters.envoy.fields import get, items, label, ns, word
from mesh.adapters.envoy.identities import NAMES, VALIDATION, XFCC
from mesh.adapters.envoy.planning import Hop, hops
from mesh.bundle import Field
from mesh.configuration.expected import settings_of
from mesh.durations import HOUR, SECOND, format_duration
from mesh.findings import Finding, ObjectRef, missing
from mesh.intent import Intent
from mesh.world import World

IDLE: Final = ("common_http_protocol_options", "idle_timeout")


def present(world: World, bootstraps: list[Bootstrap]) -> Iterator[Finding]:
    """MT1816: Envoys of the intent, and settings, that are not among the manifests."""
    if world.intent is None:
        return
    for hop in hops(world.intent):
        if not any(_paired(world.intent, chain) == hop for each in bootstraps for chain in each.chains):
            message = f"No bootstrap among the manifests is that of the {hop.role}'s Envoy ({_what(hop)})."
            yield missing("MT1816", ObjectRef("", "Bootstrap", "", hop.node), message)
    for side, known in (("principal", world.principals), ("agent", world.agents)):
        if not known:
            message = f"No settings of the {side} are among the manifests."
            yield missing("MT1816", ObjectRef("v1", "ConfigMap", "", f"{side} settings"), message)


def _what(hop: Hop) -> str:
    inward = "mutual TLS" if hop.callers else "plaintext"
    return f"{inward} in, {'mutual TLS' if hop.server else 'plaintext'} out"


def _paired(intent: Intent, chain: Chain) -> Hop | None:
    """Which Envoy of the intent a chain is of: of several gateways the one of its name, else the one of its port."""
    candidates = [each for each in hops(intent) if each.role == chain.role]
    if chain.role == "gateway":
        port = port_of(get(chain.listener, "address"))
        named = [each for each in candidates if each.node == chain.bootstrap.node]
        candidates = named or [each for each in candidates if each.port == port]
    return candidates[0] if len(candidates) == 1 else None


def unset(world: World) -> Iterator[Finding]:
    """MT1915: settings of the intent that a file of settings does not have."""
    if world.intent is None or world.wiring is None:
        return
    wanted = settings_of(world.intent, world.wiring)
    for component in world.components:
        if component.workload is not None:
            continue
        for option, text in wanted[component.side].items():
            if component.given(option) is None:
                setting = component.get(option)
                message = f"--{option} is not set for {component}; the intent has {text!r}."
                remedy = f'Write {setting.row.keys[0]}: "{text}".'
                yield component.home.finding("MT1915", message, remedy=remedy)


def compared(world: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1817: what is set otherwise than the intent has it."""
    if world.intent is None:
        return
    for chain in bootstrap.chains:
        hop = _paired(world.intent, chain)
        if hop is not None:
            yield from _listener(world.intent, hop, chain)
            for cluster in chain.clusters:
                yield from _cluster(world.intent, hop, cluster)


def _listener(intent: Intent, hop: Hop, chain: Chain) -> Iterator[Finding]:
    address = get(chain.listener, "address", "socket_address")
    yield from _same(get(address, "address"), hop.host)
    yield from _port(get(chain.listener, "address"), hop.port)
    if chain.tls is not None:
        yield from _names(chain.tls, hop.callers)
    if chain.manager is None:
        return
    mode = get(chain.manager, XFCC)
    if word(mode, MODES) != hop.forwarding:
        yield _differs(mode, hop.forwarding)
    yield from _time(get(chain.manager, *IDLE), intent.keepalive.idle_timeout, default=HOUR)
    options = get(chain.manager, "http2_protocol_options")
    yield from _pings(intent, options, wanted=bool(hop.callers))


def _cluster(intent: Intent, hop: Hop, cluster: Cluster) -> Iterator[Finding]:
    for address in cluster.endpoints:
        yield from _same(get(address, "socket_address", "address"), hop.next_host)
        yield from _port(address, hop.next_port)
    if cluster.tls is not None:
        yield from _names(cluster.tls, (hop.server,))
    yield from _time(get(cluster.options, *IDLE), intent.keepalive.idle_timeout, default=HOUR)
    yield from _pings(intent, cluster.http2, wanted=bool(hop.server))
    named = any(each.isalpha() for each in hop.next_host.replace(":", ""))
    kind = get(cluster.field, "type")
    if named and hop.server and kind.text not in {"LOGICAL_DNS", "STRICT_DNS"}:
        yield kind.finding(
            "MT1817", f"{label(kind)} is {kind.shown}, and {hop.next_host} is a name: write LOGICAL_DNS."
        )


def _names(tls: Field, wanted: tuple[str, ...]) -> Iterator[Finding]:
    contexts = [get(tls, "common_tls_context", *steps) for steps in VALIDATION]
    written = [each for context in contexts for name in NAMES for each in items(context, name)]
    for each in written:
        matcher = get(each, "matcher")
        exact, prefix = get(matcher, "exact"), get(matcher, "prefix")
        at = exact if exact.exists else prefix
        fits = any(at.text == name and name.endswith("/") == prefix.exists for name in wanted)
        if not fits:
            yield at.finding("MT1817", f"{label(at)} is {at.shown}; the intent has {', '.join(wanted)}.")


def _pings(intent: Intent, options: Field, *, wanted: bool) -> Iterator[Finding]:
    pings = get(options, "connection_keepalive")
    if not wanted or not intent.keepalive.ping:
        if pings.exists and not intent.keepalive.ping:
            yield pings.finding("MT1817", f"{label(pings)} is set; the intent has no PINGs.")
        return
    times: Mapping[str, int] = {"interval": intent.keepalive.ping, "timeout": intent.keepalive.ping_timeout}
    for name, time in times.items():
        yield from _time(get(pings, name), time, default=0)


def _time(at: Field, wanted: int, *, default: int) -> Iterator[Finding]:
    given = ns(at) if at.exists else default
    if given != wanted:
        yield _differs(at, format_duration(wanted), f"Write {at.path[-1]}: {wanted // SECOND}s")


def _same(at: Field, wanted: str) -> Iterator[Finding]:
    if at.exists and at.text != wanted:
        yield _differs(at, wanted)


def _port(address: Field, wanted: int) -> Iterator[Finding]:
    if port_of(address) != wanted and not get(address, "pipe").exists:
        yield _differs(get(address, "socket_address", "port_value"), str(wanted))


def _differs(at: Field, wanted: str, remedy: str = "") -> Finding:
    return at.finding("MT1817", f"{label(at)} is {at.shown}; the intent has {wanted}.", remedy=remedy)
