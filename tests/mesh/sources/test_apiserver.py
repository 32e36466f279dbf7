"""What the tests' own API server must do as a real one does: the official client and the real kubectl talk to both.

The real one is asked when KUBECONFIG, or KUBEBUILDER_ASSETS with a kube-apiserver and an etcd, is set.
"""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import yaml

from mesh.sources.kube import open_api, read_objects
from tests.examples.rendering import kubectl as find_kubectl
from tests.mesh.sources.apiserver import FakeApiServer
from tests.mesh.sources.realserver import real_server

NAMESPACE = "meshtether-test"
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "backends.gateway.kgateway.dev", "annotations": {"api-approved.kubernetes.io": "unapproved"}},
    "spec": {
        "group": "gateway.kgateway.dev",
        "names": {"kind": "Backend", "plural": "backends", "singular": "backend", "listKind": "BackendList"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "properties": {"host": {"type": "string"}}}},
                    }
                },
            }
        ],
    },
}
OBJECTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "params", "namespace": NAMESPACE},
        "data": {"agent.mode": "managed"},
    },
    {
        "apiVersion": "gateway.kgateway.dev/v1alpha1",
        "kind": "Backend",
        "metadata": {"name": "b", "namespace": NAMESPACE},
        "spec": {"host": "h"},
    },
]


@pytest.fixture(params=["fake", "real"])
async def kubeconfig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Path]:
    if request.param == "fake":
        async with FakeApiServer().serve() as server:
            yield server.kubeconfig(tmp_path / "kubeconfig")
        return
    if not os.environ.get("KUBECONFIG") and not os.environ.get("KUBEBUILDER_ASSETS"):
        # Not `missing`: a real server is asked where somebody has one, and CI brings none.
        pytest.skip("neither KUBECONFIG nor KUBEBUILDER_ASSETS is set")
    async with real_server(tmp_path) as config:
        yield config


async def kubectl(config: Path, *arguments: str, given: str = "", fails: bool = False) -> str:
    env = {"PATH": os.environ.get("PATH", ""), "HOME": str(config.parent)}
    command = [find_kubectl(), "--kubeconfig", str(config), "--cache-dir", str(config.parent / "cache"), *arguments]
    running = await asyncio.to_thread(
        subprocess.run, command, input=given, capture_output=True, text=True, env=env, timeout=60, check=False
    )
    assert (running.returncode != 0) == fails, running.stderr
    return running.stderr if fails else running.stdout


async def create(config: Path) -> None:
    await kubectl(config, "create", "--validate=false", "-f", "-", given=yaml.safe_dump(CRD))
    for _ in range(50):
        listed = await kubectl(config, "api-resources", "--api-group=gateway.kgateway.dev", "-o", "name")
        if "backends" in listed:
            break
        await asyncio.sleep(0.1)
    text = "---\n".join(map(yaml.safe_dump, OBJECTS))
    await kubectl(config, "create", "--validate=false", "-f", "-", given=text)


async def delete(config: Path) -> None:
    for kind, name in (("namespace", NAMESPACE), ("customresourcedefinitions", CRD["metadata"]["name"])):
        await kubectl(config, "delete", kind, name, "--wait=false", "--ignore-not-found")


@pytest.mark.process
async def test_kubectl_and_our_reader_see_the_same_objects(kubeconfig: Path) -> None:
    await create(kubeconfig)
    try:
        assert "params" in await kubectl(kubeconfig, "get", "configmaps", "-n", NAMESPACE, "-o", "name")
        listed = yaml.safe_load(await kubectl(kubeconfig, "get", "backends", "-n", NAMESPACE, "-o", "yaml"))
        assert [each["spec"] for each in listed["items"]] == [{"host": "h"}]
        assert "NotFound" in await kubectl(kubeconfig, "get", "backend", "none", "-n", NAMESPACE, fails=True)
        assert "AlreadyExists" in await kubectl(
            kubeconfig, "create", "--validate=false", "-f", "-", given=yaml.safe_dump(OBJECTS[2]), fails=True
        )
        async with AsyncExitStack() as stack:
            cluster = await read_objects(await open_api(kubeconfig, None, stack), [NAMESPACE])
        found = {(each.data["kind"], each.data["metadata"]["name"]) for each in cluster.loaded.manifests}
        assert {("Namespace", NAMESPACE), ("ConfigMap", "params"), ("Backend", "b")} <= found
        assert [(each.group, each.kind) for each in cluster.definitions] == [("gateway.kgateway.dev", "Backend")]
        assert cluster.loaded.findings == []
    finally:
        await delete(kubeconfig)
