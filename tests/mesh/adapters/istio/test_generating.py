from dataclasses import replace

import pytest

from mesh.adapters.istio.generating import callers, generate, principal_identity, wiring
from mesh.durations import SECOND
from mesh.intent import DEFAULT_INTENT, Gateway, Intent, Version


def spec(intent: Intent, kind: str) -> object:
    return next(each.data["spec"] for each in generate(intent) if each.ref.kind == kind)


def test_kinds_come_in_the_order_in_which_they_may_be_applied() -> None:
    kinds = list(dict.fromkeys(each.ref.kind for each in generate(DEFAULT_INTENT)))
    assert kinds[:2] == ["ServiceAccount", "ConfigMap"]
    assert kinds[-4:] == ["PeerAuthentication", "AuthorizationPolicy", "Sidecar", "DestinationRule"]


@pytest.mark.parametrize(("host", "endpoint"), [("127.0.0.1", "127.0.0.1:8443"), ("::1", "[::1]:8443")])
def test_a_sidecar_leads_to_the_loopback_address_of_the_intent(host: str, endpoint: str) -> None:
    intent = replace(DEFAULT_INTENT, principal=replace(DEFAULT_INTENT.principal, listen_host=host))
    assert spec(intent, "Sidecar")["ingress"][0]["defaultEndpoint"] == endpoint  # type: ignore[index]


def test_a_principal_on_every_interface_needs_none() -> None:
    intent = replace(DEFAULT_INTENT, principal=replace(DEFAULT_INTENT.principal, listen_host="0.0.0.0"))
    assert "Sidecar" not in {each.ref.kind for each in generate(intent)}


def test_a_gateway_in_the_path_is_the_caller_and_is_looked_behind() -> None:
    gateway = Gateway(system="istio", name="gw", namespace="istio-ingress", service_account="gw-account")
    intent = replace(DEFAULT_INTENT, gateways=(gateway,))
    assert callers(intent) == ["cluster.local/ns/istio-ingress/sa/gw-account"]
    extra = wiring(intent).extra_principal
    assert extra["trusted-gateway"] == "spiffe://cluster.local/ns/istio-ingress/sa/gw-account"
    assert extra["own-identity"] == principal_identity(intent)


def test_agents_without_names_are_every_account_of_their_namespace() -> None:
    intent = replace(DEFAULT_INTENT, agents=replace(DEFAULT_INTENT.agents, names=()))
    assert callers(intent) == ["cluster.local/ns/argocd-agents/sa/*"]


def test_no_idle_timeout_is_written_where_istio_takes_it() -> None:
    intent = replace(DEFAULT_INTENT, keepalive=replace(DEFAULT_INTENT.keepalive, idle_timeout=0))
    pool = spec(intent, "DestinationRule")["trafficPolicy"]["connectionPool"]  # type: ignore[index]
    assert pool["tcp"]["idleTimeout"] == "0s"
    assert "http" not in pool


@pytest.mark.parametrize(("release", "key"), [((1, 28), "socket_options"), ((1, 29), "tcp_keepalive")])
def test_keepalive_towards_agents_is_in_the_words_of_the_releases_envoy(release: tuple[int, int], key: str) -> None:
    keepalive = replace(DEFAULT_INTENT.keepalive, downstream=True)
    mesh = replace(DEFAULT_INTENT.mesh, istio=Version(*release))
    value = spec(replace(DEFAULT_INTENT, keepalive=keepalive, mesh=mesh), "EnvoyFilter")
    assert list(value["configPatches"][0]["patch"]["value"]) == [key]  # type: ignore[index]


def test_durations_are_whole_seconds() -> None:
    tcp = replace(DEFAULT_INTENT.keepalive.tcp, time=7200 * SECOND)
    intent = replace(DEFAULT_INTENT, keepalive=replace(DEFAULT_INTENT.keepalive, tcp=tcp))
    pool = spec(intent, "DestinationRule")["trafficPolicy"]["connectionPool"]  # type: ignore[index]
    assert pool["tcp"]["tcpKeepalive"]["time"] == "7200s"
