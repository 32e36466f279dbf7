"""Plain Envoys: what is generated, what the real Envoy says to it, and bootstraps as they are found in the wild."""

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.adapters.base import Generated, write_stream
from mesh.adapters.envoy import ADAPTER
from mesh.adapters.envoy.facts import duration
from mesh.adapters.envoy.fields import camel
from mesh.bundle import Bundle
from mesh.durations import SECOND
from mesh.findings import Finding
from mesh.foreign import is_bootstrap
from mesh.intent import DEFAULT_INTENT, Gateway, Intent, Mesh, Principal, Version
from mesh.manifests import Manifest, read_documents
from tests.mesh.adapters import contract
from tests.mesh.adapters.envoys import Judge
from tests.mesh.findings.fixtures import FOLDER as FIXTURES

EDGE = Gateway(name="edge", hostname="edge.example")
INNER = Gateway(name="inner", port=444)
SPECIAL = {
    "before listener keepalive": Intent(mesh=Mesh(envoy=Version(1, 36))),
    "gateway": Intent(gateways=(EDGE,)),
    "gateways": Intent(gateways=(EDGE, INNER)),
    "gateways of one port": Intent(gateways=(EDGE, Gateway(name="inner"))),
    "gateways of one name": Intent(gateways=(EDGE, Gateway(name="edge", namespace="inner"))),
    "gateway of another system": Intent(gateways=(Gateway(system="kgateway"),)),
    "IPv6": Intent(principal=Principal(listen_host="::1")),
    "outside of a cluster": Intent(principal=Principal(hostname="hub.example")),
    "ports apart": Intent(principal=Principal(port=9000, service_port=443)),
    "port at the end": Intent(principal=Principal(port=60000, service_port=60000)),
}


def bootstraps(intent: Intent) -> dict[str, Mapping[str, Any]]:
    """The bootstraps of an intent by node."""
    return {each.data["node"]["id"]: each.data for each in ADAPTER.generate(intent) if is_bootstrap(each.data)}


def manager(bootstrap: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = listener(bootstrap)["filter_chains"][0]["filters"][0]["typed_config"]
    return found


def listener(bootstrap: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = bootstrap["static_resources"]["listeners"][0]
    return found


def cluster(bootstrap: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = bootstrap["static_resources"]["clusters"][0]
    return found


def endpoint(bootstrap: Mapping[str, Any]) -> tuple[str, int]:
    address = cluster(bootstrap)["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
    return address["socket_address"]["address"], address["socket_address"]["port_value"]


def names(side: Mapping[str, Any]) -> list[str]:
    """Whom a TLS context believes."""
    context = side["transport_socket"]["typed_config"]["common_tls_context"]["validation_context"]
    return [next(iter(each["matcher"].values())) for each in context["match_typed_subject_alt_names"]]


def codes(findings: list[Finding]) -> set[str]:
    return {each.code for each in findings}


@pytest.mark.parametrize("intent", SPECIAL.values(), ids=SPECIAL)
def test_the_contract_holds_for_other_releases_and_ways(intent: Intent) -> None:
    contract.assert_clean(ADAPTER, intent)
    # The kernel takes any number but 0 for SO_KEEPALIVE as on.
    switch = "with 2 at ('static_resources', 'listeners', 0, 'socket_options', 0, 'int_value')"
    assert [each for each in contract.unnoticed(ADAPTER, intent) if switch not in each] == []


def test_both_sides_and_every_envoy_between_get_a_bootstrap() -> None:
    assert list(bootstraps(DEFAULT_INTENT)) == ["principal", "agent"]
    assert list(bootstraps(SPECIAL["gateways"])) == ["principal", "inner", "edge", "agent"]
    assert list(bootstraps(SPECIAL["gateway of another system"])) == ["principal", "agent"]


def test_every_file_is_called_as_its_comment_says() -> None:
    files = [each for each in ADAPTER.generate(SPECIAL["gateways"]) if each.file]
    assert [each.file for each in files] == [
        "principal.yaml",
        "gateway-inner.yaml",
        "gateway-edge.yaml",
        "agent.yaml",
        "svid.yaml",
    ]
    assert all(f"/etc/envoy/{each.file}" in each.comments[()] for each in files)


def test_no_timer_can_end_a_quiet_stream() -> None:
    for bootstrap in bootstraps(SPECIAL["gateway"]).values():
        assert manager(bootstrap)["stream_idle_timeout"] == "0s"
        route = manager(bootstrap)["route_config"]["virtual_hosts"][0]["routes"][0]["route"]
        assert route["timeout"] == "0s"
        assert "max_stream_duration" not in json.dumps(bootstrap)


def test_each_lets_in_the_one_before_and_calls_only_the_one_behind() -> None:
    found = bootstraps(SPECIAL["gateways"])
    edge, inner = (f"spiffe://cluster.local/ns/argocd/sa/{name}" for name in ("edge", "inner"))
    principal = "spiffe://cluster.local/ns/argocd/sa/argocd-agent-principal"
    assert [names(cluster(found[each])) for each in ("agent", "edge", "inner")] == [[edge], [inner], [principal]]
    let_in = [names(listener(found[each])["filter_chains"][0]) for each in ("edge", "inner", "principal")]
    assert let_in == [["spiffe://cluster.local/ns/argocd-agents/sa/"], [edge], [inner]]
    assert [endpoint(found[each]) for each in ("agent", "edge", "inner", "principal")] == [
        ("edge.example", 8443),
        ("inner.argocd.svc.cluster.local", 444),
        ("argocd-agent-principal.argocd.svc.cluster.local", 8443),
        ("127.0.0.1", 18443),
    ]


def test_the_principals_own_hostname_is_dialled_where_it_has_one() -> None:
    found = bootstraps(SPECIAL["outside of a cluster"])
    assert endpoint(found["agent"]) == ("hub.example", 8443)
    tls = cluster(found["agent"])["transport_socket"]["typed_config"]
    assert tls["sni"] == "hub.example"


def test_the_header_is_written_anew_where_agents_arrive_and_appended_to_behind() -> None:
    found = bootstraps(SPECIAL["gateways"])
    modes = {name: manager(each).get("forward_client_cert_details") for name, each in found.items()}
    assert modes == {
        "principal": "APPEND_FORWARD",
        "inner": "APPEND_FORWARD",
        "edge": "SANITIZE_SET",
        "agent": None,
    }
    assert manager(bootstraps(DEFAULT_INTENT)["principal"])["forward_client_cert_details"] == "SANITIZE_SET"


def test_the_principal_moves_where_its_envoy_has_its_port() -> None:
    def ports(intent: Intent) -> tuple[int, str]:
        settings = ADAPTER.generate(intent)[0].data["data"]
        bootstrap = bootstraps(intent)["principal"]
        own = listener(bootstrap)["address"]["socket_address"]["port_value"]
        assert endpoint(bootstrap)[1] == int(settings["principal.listen.port"])
        return own, settings["principal.listen.port"]

    assert ports(DEFAULT_INTENT) == (8443, "18443")
    assert ports(SPECIAL["ports apart"]) == (443, "9000")
    assert ports(SPECIAL["port at the end"]) == (60000, "50000")


def test_keepalive_on_accepted_connections_is_a_field_from_137_on_and_raw_options_before() -> None:
    now = listener(bootstraps(DEFAULT_INTENT)["principal"])
    before = listener(bootstraps(SPECIAL["before listener keepalive"])["principal"])
    assert now["tcp_keepalive"] == {"keepalive_time": 60, "keepalive_interval": 20, "keepalive_probes": 3}
    assert "socket_options" not in now
    assert [(each["level"], each["name"], each["int_value"]) for each in before["socket_options"]] == [
        (1, 9, 1),
        (6, 4, 60),
        (6, 5, 20),
        (6, 6, 3),
    ]
    assert "tcp_keepalive" not in before


def test_the_envoy_in_front_of_the_principal_sends_it_no_pings() -> None:
    options = cluster(bootstraps(DEFAULT_INTENT)["principal"])["typed_extension_protocol_options"]
    assert "connection_keepalive" not in json.dumps(options)


def as_dumped(value: Any) -> Any:
    """A bootstrap in the spelling of other tools: camelCase keys, socket options' numbers as texts."""
    if isinstance(value, list):
        return [as_dumped(each) for each in value]
    if not isinstance(value, dict):
        return value
    keep = "typed_extension_protocol_options"
    return {
        key if key.startswith(("@", "envoy.")) else camel(key): (
            str(each) if key in ("level", "int_value") or (key == "name" and isinstance(each, int)) else as_dumped(each)
        )
        for key, each in value.items()
    } | ({camel(keep): as_dumped(value[keep])} if keep in value else {})


@pytest.mark.parametrize("name", ["before listener keepalive", "gateway"])
def test_the_other_spelling_is_read_the_same(name: str) -> None:
    generated = ADAPTER.generate(SPECIAL[name])
    other = [Generated(as_dumped(each.data)) if is_bootstrap(each.data) else each for each in generated]
    assert other[2].data["staticResources"]
    assert ADAPTER.verify(SPECIAL[name], other) == []


def dump(bootstrap: Any, **more: Any) -> Generated:
    """What a running Envoy says of itself, as far as it is about its bootstrap."""
    about = {"@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump", "bootstrap": {**bootstrap, **more}}
    return Generated({"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.SecretsConfigDump"}, about]})


def test_what_a_running_envoy_says_is_read() -> None:
    generated = ADAPTER.generate(SPECIAL["before listener keepalive"])
    running = [dump(as_dumped(each.data)) if is_bootstrap(each.data) else each for each in generated]
    assert ADAPTER.verify(SPECIAL["before listener keepalive"], running) == []
    bootstrap = copy.deepcopy(dict(bootstraps(DEFAULT_INTENT)["agent"]))
    manager(bootstrap).pop("stream_idle_timeout")  # type: ignore[attr-defined]  # it is a dict
    (finding,) = ADAPTER.verify(None, [dump(bootstrap)])
    assert (finding.code, finding.path.partition(".")[0]) == ("MT1301", "configs[1]")


def test_an_envoy_of_a_control_plane_is_passed_over_and_said() -> None:
    controlled = dump(bootstraps(DEFAULT_INTENT)["agent"], dynamic_resources={"ads_config": {}})
    assert ADAPTER.applies(Bundle([controlled]))
    (finding,) = ADAPTER.verify(None, [controlled])
    assert (finding.code, finding.level) == ("MT1009", "info")


@pytest.mark.parametrize("data", [{"static_resources": [1]}, {"static_resources": {}, "admin": 3}])
def test_a_bootstrap_of_the_wrong_shape_is_refused(data: Any) -> None:
    assert codes(ADAPTER.verify(None, [Generated(data)])) == {"MT1302"}


def in_config_map(bootstrap: Generated) -> str:
    text = "".join(f"    {line}\n" for line in bootstrap.yaml.splitlines())
    return (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: envoy\n  namespace: argocd\n"
        f"data:\n  other: text\n  envoy.yaml: |\n{text}"
    )


def read(text: str) -> list[Manifest]:
    manifests, faults = read_documents(text, "x.yaml")
    assert faults == []
    return manifests


def test_a_bootstrap_in_a_configmap_is_read_with_its_lines() -> None:
    bootstrap = next(each for each in ADAPTER.generate(DEFAULT_INTENT) if is_bootstrap(each.data))
    text = in_config_map(bootstrap).replace("stream_idle_timeout: 0s", "stream_idle_timeout: 5m")
    manifests = read(text)
    assert ADAPTER.applies(Bundle(manifests))
    (finding,) = ADAPTER.verify(None, manifests)
    assert finding.code == "MT1302"
    assert "stream_idle_timeout: 5m" in text.splitlines()[finding.line - 1]
    assert finding.path.startswith('data["envoy.yaml"].static_resources.listeners[0].')
    assert finding.object is not None
    assert (finding.object.kind, finding.object.name) == ("ConfigMap", "envoy")


def test_a_bootstrap_as_json_in_one_line_is_read() -> None:
    data = copy.deepcopy(dict(bootstraps(DEFAULT_INTENT)["agent"]))
    data["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"].pop(
        "stream_idle_timeout"
    )
    text = json.dumps(data)
    manifests = read(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: envoy, namespace: argocd}}\ndata:\n  b: '{text}'\n"
    )
    (finding,) = ADAPTER.verify(None, manifests)
    assert (finding.code, finding.line) == ("MT1301", 5)


def test_a_set_without_an_envoy_of_the_intent_says_which_is_missing() -> None:
    without = [each for each in ADAPTER.generate(DEFAULT_INTENT) if each.data.get("node", {}).get("id") != "agent"]
    (finding,) = ADAPTER.verify(DEFAULT_INTENT, without)
    assert finding.code == "MT1816"
    assert "agent's Envoy" in finding.message


def test_settings_that_are_left_out_are_said() -> None:
    generated = ADAPTER.generate(DEFAULT_INTENT)
    data = copy.deepcopy(dict(generated[0].data))
    del data["data"]["principal.auth"]
    (finding,) = ADAPTER.verify(DEFAULT_INTENT, [Generated(data), *generated[1:]])
    assert (finding.code, "--auth" in finding.message) == ("MT1915", True)


def test_heartbeats_are_held_against_the_stream_idle_timer() -> None:
    generated = ADAPTER.generate(DEFAULT_INTENT)
    text = write_stream(generated).replace("stream_idle_timeout: 0s", "stream_idle_timeout: 30s")
    assert codes(ADAPTER.verify(DEFAULT_INTENT, read(text))) == {"MT1910"}


@pytest.mark.parametrize(
    ("text", "ns"), [("0s", 0), ("300s", 300 * SECOND), ("0.5s", SECOND // 2), ("-1s", -SECOND), ("1.000000001s", None)]
)
def test_protobufs_durations_are_read(text: str, ns: int | None) -> None:
    assert duration(text) == (SECOND + 1 if ns is None else ns)


@pytest.mark.parametrize("text", [None, "", "s", "5m", "1m30s", "1ms", "300", "1.s", ".5s", "1e3s", "\u0661s", "1 s"])
def test_other_durations_are_none(text: str | None) -> None:
    assert duration(text) is None


@given(text=st.text(max_size=10))
def test_no_text_of_a_duration_is_a_traceback(text: str) -> None:
    assert duration(text) is None or text.endswith("s")


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["listeners", "clusters", "filter_chains", "filters", "typed_config", "@type", "address"]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=20,
    )
)
def test_no_bootstrap_is_a_traceback(value: Any) -> None:
    ADAPTER.verify(DEFAULT_INTENT, [Generated({"static_resources": value})])


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    return Judge(tmp_path)


@pytest.mark.lab
@pytest.mark.parametrize("intent", [*contract.INTENTS.values(), *SPECIAL.values()], ids=[*contract.INTENTS, *SPECIAL])
def test_envoy_takes_what_is_generated(intent: Intent, judge: Judge) -> None:
    found = bootstraps(intent)
    assert dict(zip(found, judge.all(list(found.values())), strict=True)) == dict.fromkeys(found, "")


def fixture_bootstraps(stem: str, code: str = "MT13??") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in sorted(FIXTURES.glob(f"{code}/{stem}*.yaml")):
        for manifest in read(path.read_text("utf-8")):
            if is_bootstrap(manifest.data):
                yield f"{path.parent.name}/{path.stem}", manifest.data


@pytest.mark.lab
def test_envoy_takes_the_good_fixtures_and_refuses_what_mt1302_says_it_refuses(judge: Judge) -> None:
    good = list(fixture_bootstraps("good"))
    assert len(good) > 20
    taken = judge.all([data for _, data in good])
    assert [(name, said) for (name, _), said in zip(good, taken, strict=True) if said] == []
    bad = [data for _, data in fixture_bootstraps("bad", "MT1302")]
    assert all(judge.all(bad))


MACHINES_OWN = ("filename", "path")
"""Fields with files that a change makes others; Envoy refuses what is not on this machine."""


@pytest.mark.lab
@pytest.mark.timeout(300)
def test_whatever_envoy_refuses_is_found(judge: Judge) -> None:
    generated = ADAPTER.generate(DEFAULT_INTENT)
    silent = []
    for each in contract.perturbations(generated):
        (changed,) = [new for old, new in zip(generated, each.documents, strict=True) if old is not new]
        moved = each.change == "change" and each.path[-1] in MACHINES_OWN
        unknown_log = "access_log" in each.path and each.path[-1] == "@type"
        if not is_bootstrap(changed.data) or moved or unknown_log:
            continue
        if not ADAPTER.verify(DEFAULT_INTENT, each.documents):
            silent.append((str(each), changed.data))
    assert len(silent) > 20
    said = judge.all([data for _, data in silent])
    assert [(name, text) for (name, _), text in zip(silent, said, strict=True) if text] == []
