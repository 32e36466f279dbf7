import asyncio
from contextlib import AsyncExitStack

import pytest

from mesh.manifests import read_documents
from mesh.schema import Schemas
from mesh.sources import kube
from mesh.sources.kube import open_api, read_objects
from tests.mesh.findings.fixtures import FOLDER
from tests.mesh.sources.apiserver import FakeApiServer

CRD = read_documents((FOLDER / "crds" / "destinationrules.yaml").read_text(), "crd")[0][0].data


def rule(name, namespace="argocd", **spec):
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": name, "namespace": namespace, "managedFields": [{"manager": "kubectl"}]},
        "spec": {"host": "p"} | spec,
    }


def named(kind, name, namespace="argocd", api_version="v1", **more):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}} | more


@pytest.fixture
async def server():
    async with FakeApiServer().serve() as running:
        running.put(CRD)
        yield running


async def read(server, tmp_path, *namespaces, context=None):
    async with AsyncExitStack() as stack:
        api = await open_api(server.kubeconfig(tmp_path / "kubeconfig"), context, stack)
        return await read_objects(api, namespaces)


def names(cluster):
    return [(each.data["kind"], each.data["metadata"]["name"]) for each in cluster.loaded.manifests]


async def test_the_kinds_that_checks_are_about_are_read_with_their_crds(server, tmp_path):
    server.put(rule("a"))
    server.put(named("Service", "s"))
    server.put(named("Deployment", "d", api_version="apps/v1"))
    server.put(named("Secret", "hidden"))
    server.put(named("ConfigMap", "ours", data={"principal.listen.host": "127.0.0.1"}))
    server.put(named("ConfigMap", "other", data={"nginx.conf": "x"}))
    cluster = await read(server, tmp_path)
    assert sorted(names(cluster)) == [
        ("ConfigMap", "ours"), ("Deployment", "d"), ("DestinationRule", "a"), ("Service", "s"),
    ]  # fmt: skip
    assert cluster.loaded.findings == []
    assert [(each.group, each.kind) for each in cluster.definitions] == [("networking.istio.io", "DestinationRule")]
    assert not any("secrets" in request for request in server.requests)


async def test_an_object_of_a_list_is_whole_and_names_its_place(server, tmp_path):
    server.put(rule("a"))
    (manifest,) = (await read(server, tmp_path)).loaded.manifests
    assert manifest.data["apiVersion"] == "networking.istio.io/v1"
    assert manifest.data["kind"] == "DestinationRule"
    assert "managedFields" not in manifest.data["metadata"]
    assert manifest.source == "cluster:argocd/destinationrules/a"
    assert manifest.lines.of(("spec", "host")) == 0


async def test_crds_of_the_cluster_validate_its_objects(server, tmp_path):
    server.put(rule("a", trafficPolicy={"tls": {"mode": "STRICT"}}))
    cluster = await read(server, tmp_path)
    findings = [each for m in cluster.loaded.manifests for each in Schemas(cluster.definitions).validate(m)]
    assert [(each.code, each.path, each.line) for each in findings] == [("MT1703", "spec.trafficPolicy.tls.mode", 0)]


async def test_long_lists_come_in_pages(server, tmp_path, monkeypatch):
    for number in range(25):
        server.put(rule(f"r{number:02}"))
    monkeypatch.setattr(kube, "PAGE", 10)
    cluster = await read(server, tmp_path)
    assert len(cluster.loaded.manifests) == 25
    assert sum("destinationrules?" in request for request in server.requests) == 3


async def test_a_server_that_goes_in_circles_is_left(server, tmp_path, monkeypatch):
    for number in range(25):
        server.put(rule(f"r{number:02}"))
    monkeypatch.setattr(kube, "PAGE", 10)
    monkeypatch.setattr(kube, "MAX_PAGES", 2)
    cluster = await read(server, tmp_path)
    assert [each.code for each in cluster.loaded.findings] == ["MT1007"]
    assert "pages" in cluster.loaded.findings[0].message


async def test_only_the_namespaces_that_are_named_are_read(server, tmp_path):
    server.put(rule("a"))
    server.put(rule("b", namespace="other"))
    server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd", "namespace": ""}})
    server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other", "namespace": ""}})
    assert names(await read(server, tmp_path, "argocd")) == [("Namespace", "argocd"), ("DestinationRule", "a")]


async def test_a_kind_that_may_not_be_listed_is_a_finding_and_the_rest_is_read(server, tmp_path):
    server.put(rule("a"))
    server.put(named("Service", "s"))
    server.failures["services"] = (403, "Forbidden")
    cluster = await read(server, tmp_path)
    assert names(cluster) == [("DestinationRule", "a")]
    (finding,) = cluster.loaded.findings
    assert finding.code == "MT1007"
    assert "services.core: the API server forbids it" in finding.message
    assert 'User "x" cannot list' in finding.message


async def test_a_crd_that_may_not_be_read_leaves_the_kind_without_a_schema(server, tmp_path):
    server.put(rule("a"))
    server.failures["customresourcedefinitions"] = (403, "Forbidden")
    cluster = await read(server, tmp_path)
    assert cluster.definitions == []
    assert [each.code for each in cluster.loaded.findings] == ["MT1711"]


async def test_a_token_is_sent_and_a_wrong_one_is_one_finding(server, tmp_path):
    server.put(rule("a"))
    server.token = "right"
    assert names(await read(server, tmp_path)) == [("DestinationRule", "a")]
    config = server.kubeconfig(tmp_path / "other")
    config.write_text(config.read_text().replace("right", "wrong"))
    (finding,) = (
        await asyncio.to_thread(kube.read_cluster, kubeconfig=config, context=None, namespaces=())
    ).loaded.findings
    assert finding.code == "MT1007"
    assert "does not accept the credentials" in finding.message


async def test_an_empty_cluster_is_a_finding(server, tmp_path):
    assert [each.code for each in (await read(server, tmp_path)).loaded.findings] == ["MT1008"]


async def test_more_objects_than_are_read_are_said(server, tmp_path, monkeypatch):
    for number in range(4):
        server.put(rule(f"r{number}"))
    monkeypatch.setattr(kube, "MAX_DOCUMENTS", 2)
    cluster = await read(server, tmp_path)
    assert len(cluster.loaded.manifests) == 2
    assert [each.code for each in cluster.loaded.findings] == ["MT1006"]


async def test_an_answer_without_end_is_cut_off(server, tmp_path, monkeypatch):
    server.put(rule("a", host="x" * 5000))
    monkeypatch.setattr(kube, "MAX_ANSWER", 4000)
    cluster = await read(server, tmp_path)
    assert [each.code for each in cluster.loaded.findings] == ["MT1007"]
    assert "more than 4000 bytes" in cluster.loaded.findings[0].message


def finding_of(**where):
    (finding,) = kube.read_cluster(**({"kubeconfig": None, "context": None, "namespaces": ()} | where)).loaded.findings
    assert finding.code == "MT1007"
    return finding.message


def test_no_configuration_is_a_finding(tmp_path, monkeypatch):
    monkeypatch.setattr(kube.config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "none"))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert "no cluster is configured" in finding_of()


def test_a_kubeconfig_that_is_not_there_is_named_and_nothing_else_is_printed(tmp_path, capfd):
    told = finding_of(kubeconfig=tmp_path / "none")
    assert told == f"no cluster is configured: {tmp_path}/none: No such file or directory"
    assert capfd.readouterr() == ("", "")


def test_a_context_that_is_not_there_is_a_finding(tmp_path):
    config = FakeApiServer(address="http://127.0.0.1:1").kubeconfig(tmp_path / "kubeconfig")
    assert "no cluster is configured" in finding_of(kubeconfig=config, context="elsewhere")


@pytest.mark.parametrize("text", ["", "[]", "a: [", "kind: Config\ncontexts: 3\n", "\0"])
def test_a_broken_configuration_is_a_finding(tmp_path, text):
    config = tmp_path / "kubeconfig"
    config.write_text(text)
    assert "no cluster is configured" in finding_of(kubeconfig=config)


def test_a_cluster_that_is_not_there_is_a_finding(tmp_path, unused_tcp_port):
    config = FakeApiServer(address=f"http://127.0.0.1:{unused_tcp_port}").kubeconfig(tmp_path / "kubeconfig")
    assert "cannot be reached" in finding_of(kubeconfig=config)


async def test_a_server_of_another_kind_is_a_finding(tmp_path, unused_tcp_port):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        writer.close()

    running = await asyncio.start_server(answer, "127.0.0.1", unused_tcp_port)
    config = FakeApiServer(address=f"http://127.0.0.1:{unused_tcp_port}").kubeconfig(tmp_path / "kubeconfig")
    message = await asyncio.to_thread(finding_of, kubeconfig=config)
    running.close()
    assert "no Kubernetes API server" in message
