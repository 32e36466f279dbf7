import pytest
from hypothesis import given

from mesh.intent import DEFAULT_INTENT, Agents, Intent, IntentError, Keepalive, Principal, Version, read_intent
from mesh.intent.coding import write_intent
from mesh.manifests import read_documents
from tests.mesh.adapters.intents import OPEN, OTHER, intents


def read(text: str) -> Intent:
    documents, faults = read_documents(text, "intent.yaml")
    assert faults == []
    return read_intent(documents[0])


def test_an_empty_intent_is_the_default() -> None:
    assert read("{}") == DEFAULT_INTENT


@given(intent=intents())
def test_an_intent_is_read_back_as_it_was_written(intent: Intent) -> None:
    assert read(write_intent(intent)) == intent


@pytest.mark.parametrize("intent", [DEFAULT_INTENT, OTHER, OPEN])
def test_writing_is_byte_stable(intent: Intent) -> None:
    assert write_intent(read(write_intent(intent))) == write_intent(intent)


@pytest.mark.parametrize(
    ("text", "where", "accepted"),
    [
        ("principal:\n  nme: x\n", "intent.yaml:2: principal.nme", "no such field; accepted: name, namespace"),
        ("principal:\n  port: 0\n", "intent.yaml:2: principal.port: 0 is not accepted", "1 to 65535"),
        ("principal:\n  port: true\n", "principal.port: true", "1 to 65535"),
        ("principal:\n  listenHost: 10.0.0.1\n", "principal.listenHost: 10.0.0.1", "127.0.0.1, ::1, 0.0.0.0 or ::"),
        ("principal:\n  labels: {}\n", "principal.labels", "1 to 20 Kubernetes labels"),
        ("principal:\n  uid: 1337\n", "principal.uid: 1337", "any other"),
        ("agents:\n  trustDomain: Corp\n", "agents.trustDomain: Corp", "trust domain"),
        (
            "agents:\n  names: [a, a]\n",
            "agents.names",
            "'a' stands in it twice; accepted: a list of at most 1000",
        ),
        ("agents:\n  names: [a, b.c]\n", "agents.names", "'b.c' cannot stand in it; accepted: a list of at most 1000"),
        ("agents:\n  names: [a.b]\n", "agents.names", "a-z, 0-9 and '-'"),
        ("agents:\n  names: [7]\n", "agents.names", "7 cannot stand in it"),
        ("agents:\n  names: a\n", "agents.names: a is not accepted; accepted: a list", "different values"),
        ("gateways:\n- podNetworks: [0.0.0.0/0]\n", "gateways[0].podNetworks", "'0.0.0.0/0': too wide"),
        ("gateways:\n- podNetworks: [10.0.0.0/8, '']\n", "gateways[0].podNetworks", "no network, and no address"),
        ("gateways:\n- podNetworks: 10.0.0.0/8\n", "gateways[0].podNetworks", "a list of at most 64 networks"),
        ("gateways:\n- podNetworks: [10.1.0.0/8]\n", "gateways[0].podNetworks", "that network is 10.0.0.0/8"),
        ("agents: [a]\n", "intent.yaml:1: agents", "a mapping"),
        ("keepalive:\n  heartbeat: 30\n", "keepalive.heartbeat: 30", "or 0 (no heartbeats)"),
        ("keepalive:\n  heartbeat: soon\n", "keepalive.heartbeat: soon", "numbers with a unit"),
        ("keepalive:\n  tcp:\n    time: 1500ms\n", "intent.yaml:3: keepalive.tcp.time: 1500ms", "whole seconds"),
        ("keepalive:\n  tcp:\n    probes: 128\n", "keepalive.tcp.probes: 128", "1 to 127"),
        ("keepalive:\n  ping: 5s\n", "keepalive.ping: 5s", "10s to"),
        ("keepalive:\n  ping: 30s\n  minInterval: 30s\n", "minInterval", "less than ping"),
        ("mesh:\n  istio: 1.30\n", "mesh.istio: 1.3", 'in quotes, such as "1.30"'),
        ("mesh:\n  istio: latest\n", "mesh.istio: latest", "in quotes"),
        ("gateways: {}\n", "gateways", "a list of at most 16"),
        ("gateways:\n- system: envoy\n- system: gloo\n", "gateways: 'argocd-agent'", "each name once"),
        ("gateways:\n- system: nginx\n", "intent.yaml:2: gateways[0].system: nginx", "istio or linkerd or envoy"),
    ],
)
def test_a_fault_tells_where_what_and_what_is_accepted(text: str, where: str, accepted: str) -> None:
    with pytest.raises(IntentError) as error:
        read(text)
    assert where in str(error.value)
    assert accepted in str(error.value)


def test_an_intent_made_in_code_is_checked_too() -> None:
    with pytest.raises(IntentError, match="namespace"):
        Principal(namespace="Not A Label")
    with pytest.raises(IntentError, match="minInterval"):
        Keepalive(ping=10 * 10**9, min_interval=10 * 10**9)


def test_the_principal_and_an_agent_cannot_have_one_name_in_one_namespace() -> None:
    with pytest.raises(IntentError, match="principal's name"):
        Intent(principal=Principal(name="a", namespace="n"), agents=Agents(namespace="n", names=("a",)))


@pytest.mark.parametrize("text", ["1.30", "1.30.3", "v1.30.0", "1.30.0-rc.0"])
def test_a_version_is_its_release_line(text: str) -> None:
    assert Version.parse(text) == Version(1, 30)


@pytest.mark.parametrize("text", ["", "1", "1.x", "x.1", "1.-1", "1.99999", "1.३"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        Version.parse(text)


def test_versions_are_ordered_by_number() -> None:
    assert Version(1, 9) < Version(1, 30) < Version(2, 0)


def test_networks_of_pods_are_kept_as_networks_each_once() -> None:
    intent = read("gateways:\n- podNetworks: [10.42.0.1, 10.42.0.1/32, fd00:42::/48]\n")
    assert intent.gateways[0].pod_networks == ("10.42.0.1/32", "fd00:42::/48")
    assert read("gateways:\n- podNetworks: []\n").gateways[0].pod_networks == ()
