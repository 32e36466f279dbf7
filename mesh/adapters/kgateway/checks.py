"""Checks of kgateway's policies."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.common.believing import refused
from mesh.adapters.common.gatewayapi import XFCC
from mesh.adapters.common.matching import intended
from mesh.adapters.common.pings import limit_of
from mesh.adapters.kgateway import routes
from mesh.adapters.kgateway.generating import (
    GROUP,
    HTTP_LISTENER_POLICY_GONE,
    LISTENER_KEEPALIVE,
    LISTENER_POLICY,
    own_objects,
)
from mesh.adapters.kgateway.routes import HTTP2
from mesh.bundle import Field, Item, same_namespace
from mesh.configuration.identity import header_rule
from mesh.configuration.keepalive import KeepaliveFields, keepalive_findings
from mesh.configuration.timing import heartbeat_findings
from mesh.findings import Finding, Level
from mesh.world import Check, World

WRITTEN: Final = frozenset({"SanitizeSet", "AppendForward"})
"""Modes in which the gateway writes who called."""


def protocols(world: World) -> Iterator[Finding]:
    """MT1401 and MT1402: HTTP options for Services that are not known to speak HTTP/2."""
    speaking = world.once(_speaking_http2)
    for policy in _backend_policies(world):
        for service in _services(world, policy):
            if id(service.document) in speaking:
                continue
            lacking = f"and no port of {service.ref} has an appProtocol of HTTP/2"
            common = policy.at("spec", "commonHttpProtocolOptions")
            if common.exists:
                message = f"{policy.ref} sets commonHttpProtocolOptions, {lacking}."
                yield common.finding("MT1401", message)
            http2 = policy.at("spec", "http2ProtocolOptions")
            if http2.exists:
                message = f"{policy.ref} sets http2ProtocolOptions, {lacking}."
                yield http2.finding("MT1402", message)


def versions(world: World) -> Iterator[Finding]:
    """MT1403: fields and kinds that this release does not have."""
    if world.intent is None:
        for policy in world.bundle.of(GROUP, "HTTPListenerPolicy"):
            message = f"{policy.ref} is of a kind that kgateway {HTTP_LISTENER_POLICY_GONE} no longer has."
            yield policy.at("kind").finding("MT1403", message)
        return
    release = world.intent.mesh.kgateway
    for policy in world.bundle.of(GROUP, "HTTPListenerPolicy"):
        if release >= HTTP_LISTENER_POLICY_GONE:
            message = f"kgateway {release} has no HTTPListenerPolicy."
            yield policy.at("kind").finding("MT1403", message, level=Level.ERROR)
        elif release >= LISTENER_POLICY:
            yield policy.at("kind").finding("MT1403", f"HTTPListenerPolicy is deprecated in kgateway {release}.")
    for policy in world.bundle.of(GROUP, "ListenerPolicy"):
        if release < LISTENER_POLICY:
            message = f"kgateway {release} has no ListenerPolicy; {LISTENER_POLICY} is the first that has."
            yield policy.at("kind").finding("MT1403", message, level=Level.ERROR)
    if release < LISTENER_KEEPALIVE:
        newer = [block.at("tcpKeepalive") for _, block in _listeners(world)]
        newer += [each.at("spec", "http2ProtocolOptions", "connectionKeepalive") for each in _backend_policies(world)]
        for at in newer:
            if at.exists:
                message = f"{at.name} is of kgateway {LISTENER_KEEPALIVE}; the intent has {release}."
                yield at.finding("MT1403", message, level=Level.ERROR)


def replaced(world: World) -> Iterator[Finding]:
    """MT1404: fields of `default` that an entry of perPort does not repeat."""
    for policy in world.bundle.of(GROUP, "ListenerPolicy"):
        default = policy.at("spec", "default")
        for entry in policy.at("spec", "perPort").items():
            own = entry.at("listener")
            lost = [key for key, _ in default.entries() if not own.at(key).exists]
            lost += [
                f"httpSettings.{key}"
                for key, _ in default.at("httpSettings").entries()
                if own.at("httpSettings").exists and not own.at("httpSettings", key).exists
            ]
            if lost:
                message = f"Port {entry.at('port').shown} has settings of its own, and so none of: {', '.join(lost)}."
                yield entry.finding("MT1404", message)


def targets(world: World) -> Iterator[Finding]:
    """MT1405: policies whose target is not in their namespace."""
    for policy in world.bundle.of(
        GROUP, "ListenerPolicy", "HTTPListenerPolicy", "BackendConfigPolicy", "TrafficPolicy"
    ):
        for ref in policy.at("spec", "targetRefs").items():
            elsewhere = _elsewhere(world, policy, ref)
            if elsewhere:
                message = (
                    f"{policy.ref} targets {ref.at('kind').shown} {ref.at('name').shown}, which is in {elsewhere}."
                )
                yield ref.finding("MT1405", message)


def _elsewhere(world: World, policy: Item, ref: Field) -> str:
    """The namespace where a target of that name is, when it is not in the policy's own."""
    group, kind, name = (ref.at(each).text or "" for each in ("group", "kind", "name"))
    found = world.bundle.nearest(group, kind, namespace=policy.namespace, name=name)
    return found.namespace if found is not None and not same_namespace(found.namespace, policy.namespace) else ""


def identity(world: World) -> Iterator[Finding]:
    """MT1406: gateways that forward an identity header that anybody may have written, or none."""
    reads = any((rule := header_rule(each)) is not None and rule.header == XFCC for each in world.principals)
    written = bool(world.bundle.of(GROUP, "ListenerPolicy"))
    for policy in world.bundle.of(GROUP, "HTTPListenerPolicy") if reads and not written else ():
        message = f"{policy.ref} has no field for {XFCC}, which is removed: a ListenerPolicy of kgateway 2.4 has."
        yield policy.at("spec").finding("MT1406", message)
    for policy, block in _listeners(world):
        details = block.at("httpSettings", "forwardClientCertDetails")
        mode = details.at("mode")
        if mode.text in {"AlwaysForwardOnly", "ForwardOnly"}:
            message = f"{policy.ref} has the mode {mode.text}: the header arrives as the caller wrote it."
            yield mode.finding("MT1406", message)
        elif not reads or policy.kind != "ListenerPolicy":
            continue
        elif mode.text == "Sanitize" or not details.exists:
            at = mode if details.exists else details
            yield at.finding("MT1406", f"{policy.ref} removes {XFCC}, from which the principal learns who calls.")
        elif not details.at("details", "uri").boolean:
            at = details.at("details", "uri")
            yield at.finding("MT1406", f"{at.name} is {at.shown}: the header has no SPIFFE ID.")


def timers(world: World) -> Iterator[Finding]:
    """MT1407 and MT1910: timers that end agents' streams."""
    for policy, at in _stream_timers(world):
        if at.exists and at.duration:
            yield from heartbeat_findings(world, at, at.duration, f"{at.path[-1]} of {policy.ref}")
    for policy in world.bundle.of(GROUP, "TrafficPolicy"):
        request = policy.at("spec", "timeouts", "request")
        if request.duration:
            yield request.finding("MT1407", f"{policy.ref} ends requests after {request.shown}.")


def _stream_timers(world: World) -> Iterator[tuple[Item, Field]]:
    for policy, block in _listeners(world):
        yield policy, block.at("httpSettings", "streamIdleTimeout")
    for policy in world.bundle.of(GROUP, "HTTPListenerPolicy"):
        yield policy, policy.at("spec", "streamIdleTimeout")
    for policy in world.bundle.of(GROUP, "TrafficPolicy"):
        yield policy, policy.at("spec", "timeouts", "streamIdle")
    for policy in _backend_policies(world):
        at = policy.at("spec", "commonHttpProtocolOptions", "maxStreamDuration")
        if at.duration:
            # No heartbeat helps: every stream ends by age.
            yield policy, Field(at.document, at.path, None)


def aged(world: World) -> Iterator[Finding]:
    """MT1407: streams and connections that end by age."""
    for policy in _backend_policies(world):
        for name in ("maxStreamDuration", "maxConnectionDuration"):
            at = policy.at("spec", "commonHttpProtocolOptions", name)
            if at.duration:
                yield at.finding("MT1407", f"{policy.ref} ends by age, after {at.shown}, what is alive.")


def pings(world: World) -> Iterator[Finding]:
    """MT1409: PINGs that the principal takes for an attack."""
    for policy in _backend_policies(world):
        interval = policy.at("spec", "http2ProtocolOptions", "connectionKeepalive", "interval")
        for principal in world.principals:
            limit = limit_of(principal)
            if limit and interval.duration and interval.duration <= limit:
                setting = principal.get("keepalive-min-interval")
                said = setting.said if setting.duration else "--keepalive-min-interval is 0, so 5m in argocd-agent"
                yield interval.finding("MT1409", f"{interval.name} is {interval.shown}, and {said}.")


def keepalive(world: World) -> Iterator[Finding]:
    """MT1916 to MT1920: TCP keepalive towards agents and towards the principal."""
    blocks = [policy.at("spec", "tcpKeepalive") for policy in _ours(world, _backend_policies(world))]
    release = world.intent.mesh.kgateway if world.intent is not None else LISTENER_KEEPALIVE
    if release >= LISTENER_KEEPALIVE:
        blocks += [block.at("tcpKeepalive") for _, block in _listeners(world)]
    for block in blocks:
        if block.exists or world.intent is not None:
            yield from keepalive_findings(
                world,
                KeepaliveFields(
                    time=block.at("keepAliveTime"),
                    interval=block.at("keepAliveInterval"),
                    probes=block.at("keepAliveProbes"),
                ),
            )


def _ours(world: World, policies: list[Item]) -> list[Item]:
    """With an intent, those that target the principal's Service; others are somebody else's matter."""
    if world.intent is None:
        return policies
    name = world.intent.principal.name
    return [
        each for each in policies if any(ref.at("name").text == name for ref in each.at("spec", "targetRefs").items())
    ]


def _backend_policies(world: World) -> list[Item]:
    return world.bundle.of(GROUP, "BackendConfigPolicy")


def _listeners(world: World) -> Iterator[tuple[Item, Field]]:
    for policy in world.bundle.of(GROUP, "ListenerPolicy"):
        default = policy.at("spec", "default")
        if default.exists or not list(policy.at("spec", "perPort").items()):
            yield policy, default
        for entry in policy.at("spec", "perPort").items():
            yield policy, entry.at("listener")


def _services(world: World, policy: Item) -> Iterator[Item]:
    """The Services among the manifests that a policy targets."""
    for ref in policy.at("spec", "targetRefs").items():
        if ref.at("kind").text == "Service":
            service = world.bundle.get("", "Service", namespace=policy.namespace, name=ref.at("name").text or "")
            if service is not None:
                yield service


def _speaking_http2(world: World) -> frozenset[int]:
    """Services with a port that is known to speak HTTP/2."""
    return frozenset(
        id(service.document)
        for service in world.bundle.of("", "Service")
        if any(port.at("appProtocol").text in HTTP2 for port in service.at("spec", "ports").items())
    )


CHECKS: Final[tuple[Check, ...]] = (
    intended(own_objects),
    refused,
    protocols,
    versions,
    replaced,
    targets,
    identity,
    timers,
    aged,
    pings,
    keepalive,
    *routes.CHECKS,
)
"""kgateway's own checks."""
