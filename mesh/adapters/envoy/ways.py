"""The way through one Envoy: whether each call finds its cluster, in HTTP/2, and whether all agents fit."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.envoy.bootstraps import Bootstrap, Chain, Cluster
from mesh.adapters.envoy.facts import CALLS, DEFAULT_LIMIT, MANAGER, ROUTER
from mesh.adapters.envoy.fields import begun, get, is_of, items, number
from mesh.bundle import Field
from mesh.findings import Finding, Level
from mesh.world import World

EVERYBODY: Final = "*"


def led(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1315: calls that lead nowhere."""
    known = {each.name for each in bootstrap.clusters}
    for chain in bootstrap.chains:
        if chain.manager is None and chain.proxy is None:
            filters = get(chain.field, "filters")
            yield filters.finding(
                "MT1315", f"{begun(chain.name)} has neither {MANAGER.rpartition('.')[2]} nor TcpProxy."
            )
        if chain.manager is not None:
            yield from _managed(chain)
        targets = [get(each, "route", "cluster") for each in chain.routes]
        targets += [get(chain.proxy, "cluster")] if chain.proxy is not None else []
        for target in targets:
            if target.exists and target.text not in known:
                yield target.finding(
                    "MT1315", f"{begun(chain.name)} leads to {target.shown}, which is no cluster here."
                )
            elif not target.exists and not _is_weighted(target):
                yield target.finding("MT1315", f"A route of {chain.name} leads to no cluster.")
    for cluster in bootstrap.clusters:
        static = get(cluster.field, "type").text in {"STATIC", "STRICT_DNS", "LOGICAL_DNS", None}
        if static and not cluster.endpoints:
            at = get(cluster.field, "load_assignment")
            yield at.finding("MT1315", f"{begun(cluster.title)} has no endpoints.")


def _is_weighted(target: Field) -> bool:
    """Whether a route names its cluster in one of the other ways, or is no forwarding at all."""
    above = Field.root(target.document).at(*target.path[:-1])
    others = ("weighted_clusters", "cluster_header", "cluster_specifier_plugin", "inline_cluster_specifier_plugin")
    return any(get(above, name).exists for name in others) or not above.exists


def _managed(chain: Chain) -> Iterator[Finding]:
    manager = chain.manager
    if manager is None:
        return
    filters = list(items(manager, "http_filters"))
    if not filters or not is_of(get(filters[-1], "typed_config"), ROUTER):
        at = get(manager, "http_filters")
        yield at.finding("MT1315", f"The last HTTP filter of {chain.name} is not the router: no call is forwarded.")
    hosts = get(manager, "route_config", "virtual_hosts")
    if not hosts.exists:
        return
    domains = [each.text for host in hosts.items() for each in items(host, "domains")]
    if EVERYBODY not in domains:
        message = f"No virtual host of {chain.name} takes calls for any name (domains: '*')."
        yield hosts.finding("MT1315", message, level=Level.WARNING)
    lost = [call for call in CALLS if not any(_takes(route, call) for route in chain.routes)]
    if lost:
        yield hosts.finding("MT1315", f"No route of {chain.name} takes {lost[0]}…, which agents call.")


def _takes(route: Field, call: str) -> bool:
    """Whether a route may take a call; matches that look at more than the beginning of the path may."""
    match = get(route, "match")
    prefix = get(match, "prefix")
    if prefix.text is not None:
        return call.startswith(prefix.text)
    return any(get(match, name).exists for name in ("safe_regex", "path", "path_separated_prefix", "connect_matcher"))


def http2(_: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1308: HTTP/1.1 where gRPC needs HTTP/2."""
    for chain in bootstrap.chains:
        if chain.manager is None:
            continue
        codec = get(chain.manager, "codec_type")
        if codec.value in ("HTTP1", 1):
            yield codec.finding("MT1308", f"codec_type is {codec.shown} in {chain.name}.")
        if chain.tls is not None:
            yield from _offered(chain.tls, chain.name)
        for cluster in chain.clusters:
            yield from _spoken(cluster)


def _spoken(cluster: Cluster) -> Iterator[Finding]:
    name = cluster.title
    flexible = any(get(cluster.options, each).exists for each in ("use_downstream_protocol_config", "auto_config"))
    if not cluster.http2.exists and not flexible:
        yield cluster.http2.finding("MT1308", f"{begun(name)} has no http2_protocol_options: it speaks HTTP/1.1.")
    if cluster.tls is not None:
        yield from _offered(cluster.tls, name)


def _offered(tls: Field, where: str) -> Iterator[Finding]:
    protocols = get(tls, "common_tls_context", "alpn_protocols")
    if not protocols.exists:
        yield protocols.finding("MT1308", f"alpn_protocols is not set in {where}.", level=Level.WARNING)
    elif "h2" not in protocols.texts:
        offered = ", ".join(protocols.texts) or "nothing"
        yield protocols.finding("MT1308", f"alpn_protocols has {offered} in {where}, and not h2.")


def limits(world: World, bootstrap: Bootstrap) -> Iterator[Finding]:
    """MT1314: how many agents fit."""
    agents = len(world.intent.agents.names) if world.intent is not None else 0
    for chain in bootstrap.chains:
        if chain.manager is not None and (chain.tls is not None or chain.leads_on):
            at = get(chain.manager, "http2_protocol_options", "max_concurrent_streams")
            yield from _limited(at, number(at), agents, f"a connection to {chain.name}")
        for cluster in chain.clusters:
            yield from _broken(cluster, agents)


def _broken(cluster: Cluster, agents: int) -> Iterator[Finding]:
    thresholds = get(cluster.field, "circuit_breakers", "thresholds")
    first = next(thresholds.items(), thresholds)
    for name in ("max_requests", "max_connections", "max_pending_requests"):
        at = get(first, name)
        yield from _limited(at, number(at), agents, cluster.title)
    streams = get(cluster.http2, "max_concurrent_streams")
    if cluster.http2.exists:
        yield from _limited(streams, number(streams), agents, cluster.title)
    retries = get(first, "max_retries")
    if retries.exists and number(retries) == 0:
        yield retries.finding("MT1314", "max_retries is 0: no call is tried again.", level=Level.INFO)


def _limited(at: Field, value: int | None, agents: int, where: str) -> Iterator[Finding]:
    if not at.exists:
        message = f"{at.path[-1]} is not set: {DEFAULT_LIMIT} at once for {where}."
        yield at.finding("MT1314", message, level=None if agents > DEFAULT_LIMIT else Level.INFO)
    elif value is not None and value < max(agents, 1):
        yield at.finding("MT1314", f"{at.path[-1]} is {value} for {where}, and there are {agents} agents.")


CHECKS: Final = (led, http2, limits)
"""The checks of this file."""
