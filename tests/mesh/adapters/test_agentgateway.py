"""agentgateway's adapter, beyond the contract: its guide's samples, standalone files, releases, its overlay."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.adapters import ADAPTERS
from mesh.adapters.agentgateway.known import KNOWN
from mesh.adapters.base import Generated
from mesh.bundle import Bundle
from mesh.intent import DEFAULT_INTENT, Keepalive, Mesh, Tcp, Version
from mesh.verify import applying
from tests.conftest import missing
from tests.mesh.adapters.gateways import assert_overlay_is_clean, codes, findings, read
from tests.mesh.schema.vectors import CRDS

ADAPTER = ADAPTERS["agentgateway"]

HEAD = """\
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayPolicy
metadata:
  name: httpbin-keepalive
  namespace: httpbin
spec:
  targetRefs:
    - kind: Gateway
      name: agentgateway-proxy
      group: gateway.networking.k8s.io
"""
TCP = f"""{HEAD}  frontend:
    tcp:
      keepalive:
        retries: 3
        time: 30s
        interval: 5s
"""
HTTP = f"""{HEAD}  frontend:
    http:
      http2KeepaliveInterval: 5s
      http2KeepaliveTimeout: 30s
"""

FLAT_HEAD = (
    "apiVersion: agentgateway.dev/v1alpha1 kind: AgentgatewayPolicy metadata: name: httpbin-keepalive namespace: "
    "httpbin spec: targetRefs: - kind: Gateway name: agentgateway-proxy group: gateway.networking.k8s.io frontend: "
)
FLAT_TCP = FLAT_HEAD + "tcp: keepalive: retries: 3 time: 30s interval: 5s"
FLAT_HTTP = FLAT_HEAD + "http: http2KeepaliveInterval: 5s http2KeepaliveTimeout: 30s"
"""The guide's samples as its page has them, without their line breaks."""

PROXY = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: agentgateway-proxy
  namespace: agentgateway-system
spec:
  gatewayClassName: agentgateway
  listeners: []
"""

STANDALONE = """\
frontendPolicies:
  tcp:
    keepalives:
      enabled: true
      time: 60s
      interval: 20s
      retries: 3
  http:
    http2KeepaliveInterval: 30s
    http2KeepaliveTimeout: 20s
"""


@pytest.mark.parametrize(
    ("sample", "flat", "expected"),
    [(TCP, FLAT_TCP, {"MT1601"}), (HTTP, FLAT_HTTP, {"MT1601", "MT1603"})],
)
def test_the_guides_samples_are_refused_for_their_traps(sample: str, flat: str, expected: set[str]) -> None:
    assert " ".join(sample.split()) == flat
    assert codes("agentgateway", sample) == expected


def test_the_gateway_elsewhere_is_named() -> None:
    (found,) = (each for each in findings("agentgateway", TCP + PROXY) if each.code == "MT1601")
    assert found.level == "error"
    assert "agentgateway-system" in found.message


def test_a_standalone_file_is_read() -> None:
    assert codes("agentgateway", STANDALONE) == set()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("keepalives:", "keepalive:", "MT1608"),
        ("frontendPolicies:", "frontendPolicy: {}\nfrontendPolicies:", "MT1610"),
        ("retries: 3", "retry: 3", "MT1610"),
        ("http2KeepaliveInterval", "http2KeepAliveInterval", "MT1610"),
        ("enabled: true", "enabled: false", "MT1609"),
        ("  http:\n", "  http:\n    maxConnectionDuration: 1h\n", "MT1606"),
        ("http2KeepaliveInterval: 30s", "http2KeepaliveInterval: 5s", "MT1603"),
        ("    http2KeepaliveInterval: 30s\n", "", "MT1604"),
        ("time: 60s", "time: 2h", "MT1918"),
    ],
)
def test_mistakes_in_a_standalone_file_are_found(old: str, new: str, code: str) -> None:
    assert old in STANDALONE
    assert code in {each.code for each in findings("agentgateway", STANDALONE.replace(old, new))}


def test_more_probes_than_the_crd_takes_are_capped() -> None:
    intent = replace(DEFAULT_INTENT, keepalive=Keepalive(tcp=Tcp(probes=127)))
    generated = ADAPTER.generate(intent)
    assert ADAPTER.verify(intent, generated) == []
    assert "retries: 64" in "".join(each.yaml for each in generated)


def test_the_overlay_renders_and_is_clean() -> None:
    assert_overlay_is_clean("agentgateway")


DUMPED_TCP: dict[str, Any] = {
    "key": "frontend/httpbin/httpbin-keepalive:frontend-tcp:httpbin/agentgateway-proxy",
    "name": {"kind": "AgentgatewayPolicy", "name": "httpbin-keepalive", "namespace": "httpbin"},
    "target": {"gateway": {"gatewayName": "agentgateway-proxy", "gatewayNamespace": "httpbin", "listenerName": None}},
    "policy": {"frontend": {"tCP": {"keepalives": {"enabled": True, "time": "30s", "interval": "5s", "retries": 3}}}},
}
DUMPED_HTTP: dict[str, Any] = {
    **DUMPED_TCP,
    "key": "frontend/httpbin/httpbin-keepalive:frontend-http:httpbin/agentgateway-proxy",
    "policy": {
        "frontend": {
            "hTTP": {
                "maxBufferSize": 2097152,
                "http1MaxHeaders": None,
                "http1IdleTimeout": "10m0s",
                "http2WindowSize": None,
                "http2ConnectionWindowSize": None,
                "http2FrameSize": None,
                "http2KeepaliveInterval": "5s",
                "http2KeepaliveTimeout": "30s",
            }
        }
    },
}
"""The guide's example outputs."""


def newer(value: Any) -> Any:
    """A dump as releases from 1.4 on write it: other names, and nothing that is not set."""
    if isinstance(value, dict):
        names = {"tCP": "tcp", "hTTP": "http"}
        return {names.get(key, key): newer(each) for key, each in value.items() if each is not None}
    return [newer(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("spell", [copy.deepcopy, newer], ids=["as in the guide", "as from 1.4 on"])
@pytest.mark.parametrize(("dump", "expected"), [(DUMPED_TCP, set()), (DUMPED_HTTP, {"MT1603"})])
def test_the_guides_example_outputs_are_read_in_both_spellings(spell: Any, dump: Any, expected: set[str]) -> None:
    text = json.dumps(spell(dump))
    assert [each.name for each in applying(Bundle(read(text)))] == ["agentgateway"]
    assert codes("agentgateway", text) == expected


@pytest.mark.parametrize("spell", [copy.deepcopy, newer], ids=["as in the guide", "as from 1.4 on"])
def test_a_dump_is_held_against_the_intent(spell: Any) -> None:
    intent = replace(DEFAULT_INTENT, mesh=Mesh(agentgateway=Version(1, 2)))
    found = findings("agentgateway", json.dumps(spell({"policies": [DUMPED_TCP]})), intent)
    assert {(each.code, each.path.rpartition(".")[2]) for each in found} >= {("MT1920", "time"), ("MT1920", "interval")}


def test_a_dump_of_another_release_than_the_intents_is_told_by_its_spelling() -> None:
    (found,) = (
        each for each in findings("agentgateway", json.dumps(DUMPED_TCP), DEFAULT_INTENT) if each.code == "MT1611"
    )
    assert found.path == "policy.frontend.tCP"


def test_a_policy_that_has_not_arrived_is_told_at_its_fields() -> None:
    manifest = TCP.replace("namespace: httpbin", "namespace: agentgateway-system")
    dump = json.dumps({"policies": [newer(DUMPED_HTTP)]})
    found = [each for each in findings("agentgateway", f"{manifest}---\n{dump}\n") if each.code == "MT1611"]
    assert {each.path.rpartition(".")[2] for each in found} == {"time", "interval", "retries"}
    there = copy.deepcopy(newer(DUMPED_TCP))
    there["name"]["namespace"] = "agentgateway-system"
    dump = json.dumps({"policies": [there]})
    assert not [each for each in findings("agentgateway", f"{manifest}---\n{dump}\n") if each.code == "MT1611"]


def test_an_unknown_field_is_told_with_the_one_that_is_like_it() -> None:
    (found,) = findings("agentgateway", STANDALONE.replace("http2KeepaliveTimeout", "http2KeepaliveTimeOut"))
    assert (found.code, found.level) == ("MT1610", "warning")
    assert found.remedy == "Write http2KeepaliveTimeout instead of http2KeepaliveTimeOut."


def test_findings_in_a_config_map_have_its_lines_and_its_path() -> None:
    text = next(each.yaml for each in ADAPTER.generate(DEFAULT_INTENT) if each.ref.name == "argocd-agent-standalone")
    wrong = text.replace("http2KeepaliveTimeout: 20s", "http2KeepaliveTimeout: 90s")
    (found,) = findings("agentgateway", wrong)
    assert found.code == "MT1603"
    assert "90s" in wrong.splitlines()[found.line - 1]
    assert found.path == 'data["config.yaml"].frontendPolicies.http.http2KeepaliveTimeout'
    assert found.object is not None
    assert found.object.name == "argocd-agent-standalone"


def fields_of(schema: Any, definitions: Any, steps: tuple[str, ...]) -> frozenset[str]:
    """The fields that a JSON schema has at a path; `*` is any member."""
    places = [schema]
    for step in steps:
        places = [inner for place in places for each in forms(place, definitions) for inner in inside(each, step)]
    return frozenset(
        name for place in places for each in forms(place, definitions) for name in each.get("properties", {})
    )


def forms(place: Any, definitions: Any) -> Iterator[Any]:
    """A schema and its alternatives."""
    while "$ref" in place:
        place = definitions[place["$ref"].rpartition("/")[2]]
    yield place
    for how in ("anyOf", "oneOf", "allOf"):
        for each in place.get(how, ()):
            yield from forms(each, definitions)


def inside(place: Any, step: str) -> list[Any]:
    members = (
        [place.get("items"), place.get("additionalProperties")]
        if step == "*"
        else [place.get("properties", {}).get(step)]
    )
    return [each for each in members if isinstance(each, dict)]


@pytest.mark.parametrize("steps", KNOWN, ids=lambda steps: ".".join(steps) or "top")
def test_the_known_fields_are_those_of_the_published_schema(steps: tuple[str, ...]) -> None:
    path = CRDS / "agentgateway" / "standalone-config.schema.json"
    if not path.exists():
        missing("the upstream schemas beside the project")
    schema = json.loads(path.read_text("utf-8"))
    assert fields_of(schema, schema["$defs"], steps) == KNOWN[steps]


KEYS = st.sampled_from(
    [
        "binds",
        "frontendPolicies",
        "policies",
        "policy",
        "frontend",
        "tcp",
        "http",
        "keepalives",
        "key",
        "name",
        "target",
    ]
)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
        max_leaves=20,
    )
)
def test_no_file_is_a_traceback(value: Any) -> None:
    for data in ({"binds": value}, {"policies": [{"key": "k", "policy": {"frontend": value}}], "binds": value}):
        ADAPTER.verify(DEFAULT_INTENT, [Generated(data)])
        ADAPTER.verify(None, [Generated(data), Generated({"kind": "Pod"})])
