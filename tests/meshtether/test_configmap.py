"""Settings from a file."""

import os
from pathlib import Path

import pytest

from meshtether.options.configmap import ConfigFile, read_config, read_config_file
from meshtether.options.table import AGENT, PRINCIPAL

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-agent-params
data:
  # a comment
  principal.listen.port: "9443"
  agent.server.port: "8443"
"""


def values(found: ConfigFile) -> dict[str, str]:
    assert not found.problems
    return {name: entry.text for name, entry in found.entries.items()}


def test_a_configmap_gives_its_own_components_keys_with_file_and_line() -> None:
    found = read_config(PRINCIPAL, CONFIG_MAP, "params.yaml")
    assert values(found) == {"listen-port": "9443"}
    assert found.entries["listen-port"].place == "params.yaml:7"
    assert not found.notices


def test_plain_keys_may_have_yamls_own_types() -> None:
    text = """
principal.listen.port: 9443
principal.tls.insecure-plaintext: true
principal.tls.client-cert.require: no
principal.listen.host:
principal.allowed-namespaces: [team-a, "/^a{1,2}$/"]
"""
    assert values(read_config(PRINCIPAL, text, "f")) == {
        "listen-port": "9443",
        "insecure-plaintext": "true",
        "require-client-certs": "false",
        "listen-host": "",
        "allowed-namespaces": 'team-a,"/^a{1,2}$/"',
    }


def test_a_configmap_is_found_among_other_documents_and_in_lists() -> None:
    other = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n"
    foreign = "apiVersion: v1\nkind: ConfigMap\ndata: {timeout.reconciliation: 3m}\n"
    ours = "apiVersion: v1\n  kind: ConfigMap\n  data: {principal.listen.port: '1'}\n"
    listed = f"apiVersion: v1\nkind: List\nitems:\n- {ours}"
    found = read_config(PRINCIPAL, "---\n".join([other, foreign, listed]), "f")
    assert values(found) == {"listen-port": "1"}
    assert not found.notices


def test_an_unknown_key_is_a_notice_with_the_nearest_known_one() -> None:
    found = read_config(PRINCIPAL, "principal.listen.prot: '1'\nagent.modus: x\nzzz: y\n", "f.yaml")
    assert [dict(notice.facts) for notice in found.notices] == [
        {"key": "principal.listen.prot", "at": "f.yaml:1", "nearest": "principal.listen.port"},
        {"key": "agent.modus", "at": "f.yaml:2", "nearest": "agent.mode"},
        {"key": "zzz", "at": "f.yaml:3"},
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("principal.listen.port: [1", "f:1"),
        ("a: 1\na: 2\n", "stands twice"),
        ("apiVersion: v1\nkind: Secret\n", "neither a ConfigMap nor plain"),
        ("- a\n- b\n", "a manifest is a mapping"),
        ("kind: ConfigMap\ndata: [a]\n", "the data of a ConfigMap is a mapping"),
        ("principal.listen.port: {a: 1}", "a mapping where a text is needed"),
        ("principal.listen.port: [1]", "a list where a text is needed"),
        ("principal.listen.port: 1.5", "a fraction where a text is needed"),
        (
            "principal.redis.compression.type: gzip\nprincipal.redis.compression-type: none",
            "'none', and the other way in principal.redis.compression.type at f:1",
        ),
        ("x: &a [1, 1, 1]\nprincipal.auth: *b\n", "f:2"),
    ],
)
def test_a_bad_file_is_a_problem_that_names_the_place(text: str, told: str) -> None:
    (problem,) = read_config(PRINCIPAL, text, "f").problems
    assert told in str(problem)


def test_two_spellings_of_one_key_may_agree() -> None:
    text = "agent.websocket.enable: 'false'\nagent.websocket.enabled: 'false'\n"
    assert values(read_config(AGENT, text, "f")) == {"enable-websocket": "false"}


def test_an_empty_file_says_nothing() -> None:
    found = read_config(PRINCIPAL, "", "f")
    assert not found.entries
    assert not found.problems


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    (problem,) = read_config_file(PRINCIPAL, tmp_path / "absent.yaml").problems
    assert "No such file" in str(problem)


def test_a_folder_is_a_problem(tmp_path: Path) -> None:
    (problem,) = read_config_file(PRINCIPAL, tmp_path).problems
    assert "directory" in str(problem)


def test_a_file_that_is_not_text_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"a: \xff\n")
    (problem,) = read_config_file(PRINCIPAL, path).problems
    assert "UTF-8" in str(problem)


def test_a_file_too_large_to_be_settings_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 80 * 1024 * 1024)
    (problem,) = read_config_file(PRINCIPAL, path).problems
    assert "characters" in str(problem)
