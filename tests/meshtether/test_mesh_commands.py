"""`meshtether mesh generate|verify|intent` as a user runs them."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mesh.adapters import ADAPTERS
from mesh.intent import DEFAULT_INTENT, read_intent
from mesh.manifests import read_documents
from meshtether.cli import cli
from tests.mesh.findings.fixtures import FOLDER
from tests.mesh.sources.apiserver import FakeApiServer

CRDS = FOLDER / "crds"
RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a, namespace: argocd}
spec:
  host: p
  trafficPolicy:
    tls: {mode: STRICT}
"""
DEPRECATED = RULE.replace("/v1", "/v1beta1").replace("STRICT", "ISTIO_MUTUAL")


def run(*arguments: str, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["mesh", *arguments], input=given, catch_exceptions=False)


@pytest.fixture
def rule(tmp_path: Path) -> str:
    path = tmp_path / "rule.yaml"
    path.write_text(RULE)
    return str(path)


def findings(result: Result) -> list[dict[str, object]]:
    return json.loads(result.stdout)["findings"]


def codes(result: Result) -> set[object]:
    return {each["code"] for each in findings(result)}


def test_errors_are_status_one_and_told_on_stdout_with_a_summary_on_stderr(rule: str) -> None:
    result = run("verify", rule, "--crds", str(CRDS))
    assert result.exit_code == 1
    assert f"{rule}:7: error MT1703: spec.trafficPolicy.tls.mode: Unsupported value" in result.stdout
    assert "\x1b" not in result.stdout
    assert result.stderr.startswith("meshtether mesh verify: ")
    assert result.stderr.rstrip().endswith("in 1 document")


def test_json_is_what_programs_rely_on(rule: str) -> None:
    result = run("verify", rule, "--crds", str(CRDS), "-o", "json")
    data = json.loads(result.stdout)
    assert result.exit_code == 1
    assert data["documents"] == 1
    (found,) = [each for each in data["findings"] if each["code"] == "MT1703"]
    assert found["file"] == rule
    assert found["line"] == 7
    assert found["object"]["name"] == "a"


@pytest.mark.parametrize(("output", "read"), [("sarif", json.loads), ("junit", ET.fromstring)])
def test_other_formats_can_be_read(rule: str, output: str, read: object) -> None:
    result = run("verify", rule, "--crds", str(CRDS), "-o", output)
    assert result.exit_code == 1
    assert callable(read)
    assert read(result.stdout) is not None


def test_without_crds_schemas_are_not_asked(rule: str) -> None:
    assert "MT1703" not in codes(run("verify", rule, "-o", "json"))


def test_warnings_alone_are_status_zero(tmp_path: Path) -> None:
    path = tmp_path / "rule.yaml"
    path.write_text(DEPRECATED)
    result = run("verify", str(path), "--crds", str(CRDS), "-o", "json")
    assert "MT1713" in codes(result)
    assert {each["level"] for each in findings(result)} <= {"warning", "info"}
    assert result.exit_code == 0


def test_ignored_codes_count_for_nothing(rule: str) -> None:
    all_codes = codes(run("verify", rule, "--crds", str(CRDS), "-o", "json"))
    ignored = [flag for code in all_codes - {"MT1703"} for flag in ("--ignore", str(code))]
    result = run("verify", rule, "--crds", str(CRDS), "--ignore", "mt1703,MT1709", *ignored)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "nothing found in 1 document" in result.stderr


def test_an_unknown_code_is_bad_usage_with_a_hint(rule: str) -> None:
    result = run("verify", rule, "--ignore", "MT170")
    assert result.exit_code == 2
    assert "did you mean MT17" in result.stderr


def test_a_level_hides_what_is_below(rule: str) -> None:
    result = run("verify", rule, "--crds", str(CRDS), "--level", "error", "-o", "json")
    assert {each["level"] for each in findings(result)} == {"error"}


@pytest.mark.parametrize(
    ("text", "code"),
    [("a: [", "MT1001"), ("a: 1\na: 2\n", "MT1001"), ("", "MT1008"), ("\0", "MT1001"), ("- 1\n", "MT1001")],
)
def test_what_cannot_be_read_is_status_two_and_the_report_is_whole(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    result = run("verify", str(path), "-o", "json")
    assert result.exit_code == 2
    assert code in codes(result)


def test_a_path_that_is_not_there_is_status_two_and_the_others_are_checked(rule: str) -> None:
    result = run("verify", "nowhere.yaml", rule, "--crds", str(CRDS), "-o", "json")
    assert result.exit_code == 2
    assert {"MT1007", "MT1703"} <= codes(result)


@pytest.mark.parametrize("arguments", [(), ("-o", "xml", "x"), ("--level", "bad", "x"), ("--nothing", "x")])
def test_bad_usage_is_status_two(arguments: tuple[str, ...]) -> None:
    result = run("verify", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


@pytest.mark.parametrize("option", ["--namespace", "--context", "--kubeconfig"])
def test_what_narrows_a_cluster_without_a_cluster_is_bad_usage(rule: str, option: str) -> None:
    result = run("verify", rule, option, "argocd")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert option in result.stderr
    assert "--from-cluster" in result.stderr


def test_standard_input_is_a_dash() -> None:
    result = run("verify", "-", "--crds", str(CRDS), "-o", "json", given=RULE)
    assert [each["file"] for each in findings(result) if each["code"] == "MT1703"] == ["<stdin>"]


def test_crds_among_the_manifests_are_schemas_too(rule: str) -> None:
    assert "MT1703" in codes(run("verify", rule, str(CRDS / "destinationrules.yaml"), "-o", "json"))


def test_a_folder_without_crds_is_status_two(rule: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("verify", rule, "--crds", str(tmp_path / "empty"), "-o", "json")
    assert result.exit_code == 2
    assert "MT1008" in codes(result)


def test_an_intent_that_cannot_be_is_status_two_with_its_line(rule: str, tmp_path: Path) -> None:
    intent = tmp_path / "intent.yaml"
    intent.write_text("principal:\n  port: many\n")
    result = run("verify", rule, "--intent", str(intent))
    assert result.exit_code == 2
    assert f"{intent}:2" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("text", ["", "a: [", "a: 1\n---\nb: 1\n"])
def test_an_intent_file_has_one_document(rule: str, tmp_path: Path, text: str) -> None:
    intent = tmp_path / "intent.yaml"
    intent.write_text(text)
    assert run("verify", rule, "--intent", str(intent)).exit_code == 2


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_what_is_generated_verifies_without_an_error(adapter: str, tmp_path: Path) -> None:
    generated = run("generate", adapter)
    assert generated.exit_code == 0
    assert generated.stderr == ""
    intent = tmp_path / "intent.yaml"
    intent.write_text(run("intent").stdout)
    result = run("verify", "-", "--intent", str(intent), "-o", "json", given=generated.stdout)
    assert findings(result) == []
    assert result.exit_code == 0


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_folder_of_generated_files_holds_the_same_objects(adapter: str, tmp_path: Path) -> None:
    stream = run("generate", adapter).stdout
    result = run("generate", adapter, "--out", str(tmp_path / "new" / "folder"))
    assert result.exit_code == 0
    assert result.stdout == ""
    files = sorted((tmp_path / "new" / "folder").iterdir())
    assert str(len(files)) in result.stderr
    # Numbered in the order of applying; the others have names of which they speak themselves.
    numbered = "".join(f"---\n{path.read_text()}" for path in files if path.name[0].isdigit())
    named = [path.read_text() for path in files if not path.name[0].isdigit()]
    assert stream.startswith(numbered)
    assert sorted(stream.removeprefix(numbered).split("---\n")) == sorted(["", *named] if named else [""])
    before = {path.name: path.read_bytes() for path in files}
    run("generate", adapter, "--out", str(tmp_path / "new" / "folder"))
    assert {path.name: path.read_bytes() for path in files} == before


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_folder_of_generated_files_verifies_clean(adapter: str, tmp_path: Path) -> None:
    run("generate", adapter, "--out", str(tmp_path / "out"))
    result = run("verify", str(tmp_path / "out"))
    assert (result.exit_code, result.stdout) == (0, "")


def test_an_unknown_adapter_is_bad_usage() -> None:
    result = run("generate", "consul")
    assert result.exit_code == 2
    assert "istio" in result.stderr


def test_a_folder_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("generate", next(iter(ADAPTERS)), "--out", str(tmp_path / "file" / "x"))
    assert result.exit_code == 3
    assert "file" in result.stderr


def test_the_default_intent_is_written_whole() -> None:
    (manifest,), faults = read_documents(run("intent").stdout, "intent.yaml")
    assert faults == []
    assert read_intent(manifest) == DEFAULT_INTENT


PARAMS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: params, namespace: hub}
data:
  principal.listen.port: "9443"
  principal.namespace: hub
  principal.auth: identity:x-forwarded-client-cert:spiffe://corp.example/ns/spokes/sa/{agent}
  principal.keep-alive.min-interval: 30s
---
apiVersion: v1
kind: ConfigMap
metadata: {name: agent-params, namespace: spokes}
data:
  agent.server.address: hub-principal.hub.svc.cluster.local
  agent.server.port: "443"
  agent.mode: autonomous
  agent.heartbeat.interval: 20s
  agent.keep-alive.interval: 30s
"""


def test_an_intent_comes_from_config_maps(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS)
    result = run("intent", "--from-config", str(path))
    assert result.exit_code == 0
    (manifest,), _ = read_documents(result.stdout, "intent.yaml")
    intent = read_intent(manifest)
    assert (intent.principal.name, intent.principal.namespace) == ("hub-principal", "hub")
    assert (intent.principal.port, intent.principal.service_port) == (9443, 443)
    assert (intent.agents.trust_domain, intent.agents.namespace) == ("corp.example", "spokes")
    assert (intent.agents.mode, intent.agents.names) == ("autonomous", ())
    assert intent.keepalive.heartbeat == 20 * 10**9
    assert "keepalive.heartbeat: 20s from agent.heartbeat.interval at" in result.stderr


def test_a_setting_that_no_intent_takes_is_left_out_and_said(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(PARAMS)
    result = run("intent", "--from-config", str(path))
    assert "principal.keep-alive.min-interval" in result.stderr
    assert "is left out" in result.stderr
    (manifest,), _ = read_documents(result.stdout, "intent.yaml")
    assert read_intent(manifest).keepalive.min_interval == DEFAULT_INTENT.keepalive.min_interval


def test_linkerds_names_say_who_the_agents_are(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    template = "{agent}.spokes.serviceaccount.identity.mesh.corp.example"
    path.write_text(f"principal.auth: identity:l5d-client-id:{template}\nagent.mode: managed\n")
    (manifest,), _ = read_documents(run("intent", "--from-config", str(path)).stdout, "intent.yaml")
    intent = read_intent(manifest)
    assert (intent.agents.namespace, intent.agents.trust_domain) == ("spokes", "corp.example")
    assert intent.mesh.linkerd_namespace == "mesh"


@pytest.mark.parametrize(
    ("address", "hostname", "port"), [("hub.corp.example", "hub.corp.example", 443), ("127.0.0.1", "", 8443)]
)
def test_a_host_outside_of_the_cluster_is_the_principals_and_loopback_is_a_proxy(
    tmp_path: Path, address: str, hostname: str, port: int
) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(f'principal.namespace: hub\nagent.server.address: {address}\nagent.server.port: "443"\n')
    (manifest,), _ = read_documents(run("intent", "--from-config", str(path)).stdout, "intent.yaml")
    principal = read_intent(manifest).principal
    assert (principal.hostname, principal.service_port) == (hostname, port)


@pytest.mark.parametrize("text", ["a: [", "kind: ConfigMap\ndata: {x: y}\n"])
def test_a_file_without_settings_is_status_two(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    result = run("intent", "--from-config", str(path))
    assert result.exit_code == 2
    assert result.stderr


async def test_a_cluster_is_verified_with_its_own_crds(tmp_path: Path) -> None:
    import asyncio

    (crd,), _ = read_documents((CRDS / "destinationrules.yaml").read_text(), "crd")
    (rule,), _ = read_documents(RULE, "rule")
    async with FakeApiServer().serve() as server:
        server.put(crd.data)
        server.put(rule.data)
        config = server.kubeconfig(tmp_path / "kubeconfig")
        result = await asyncio.to_thread(
            run, "verify", "--from-cluster", "--kubeconfig", str(config), "-n", "argocd", "-o", "json"
        )
    (found,) = [each for each in findings(result) if each["code"] == "MT1703"]
    assert found["file"] == "cluster:argocd/destinationrules/a"
    assert result.exit_code == 1


def test_a_cluster_that_is_not_there_is_status_two(tmp_path: Path) -> None:
    result = run("verify", "--from-cluster", "--kubeconfig", str(tmp_path / "none"), "-o", "json")
    assert result.exit_code == 2
    assert codes(result) == {"MT1007"}


@pytest.mark.process
def test_help_takes_no_long_import() -> None:
    code = "import sys, meshtether.cli; assert not {'mesh.schema', 'kubernetes', 'mesh.verify'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
