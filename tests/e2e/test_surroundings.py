"""A principal verifies its own pod at start: real processes with the files that a kubelet would mount."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from mesh.adapters import ADAPTERS
from mesh.intent import DEFAULT_INTENT
from meshtether.demo.processes import Process
from tests.e2e.test_attestation import Principal
from tests.e2e.test_generated import own_address, started, variables
from tests.e2e.world import free_port
from tests.principal.surroundings.test_judging import INJECTED
from tests.principal.surroundings.test_podinfo import written

pytestmark = [pytest.mark.process]

FINDING = "finding about this principal"


def files(folder: Path, **entries: dict[str, str] | bytes) -> str:
    """A folder as the downward API fills it; the option that names it."""
    folder.mkdir(exist_ok=True)
    for name, content in entries.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else written(content))
    return f"--podinfo={folder}"


def lines(process: Process) -> list[dict[str, Any]]:
    """The log, each line as what it says."""
    return [json.loads(line) for line in process.log().splitlines() if line.startswith("{")]


def told(process: Process) -> list[dict[str, Any]]:
    """The findings among the log's lines."""
    return [line for line in lines(process) if line["msg"] == FINDING]


async def test_a_pod_whose_sidecar_is_switched_off_is_told_in_the_log_and_in_the_admin_api(tmp_path: Path) -> None:
    podinfo = files(
        tmp_path / "podinfo",
        labels={"app.kubernetes.io/name": "argocd-agent-principal"},
        annotations={"sidecar.istio.io/inject": "false"},
    )
    principal = Principal(tmp_path, "--listen-host=127.0.0.1", "--listen-port=0", "--log-format=json", podinfo)
    async with principal.running():
        await principal.process.wait_for("surroundings checked")
        [line] = told(principal.process)
        assert (line["code"], line["level"], line["see"]) == ("MT1114", "error", "docs/findings/MT1114.md")
        assert "sidecar.istio.io/inject is false" in line["says"]
        assert line["field"] == 'metadata.annotations["sidecar.istio.io/inject"]'
        assert line["remedy"].startswith("Give the pods the label")
        body = await principal.ask("/api/v1/findings")
        assert [each["code"] for each in body["findings"]] == ["MT1114"]
        assert (body["checked"], body["podinfo"]) == (True, True)
        assert (await principal.ask("/readyz"))["ready"], "a finding stops nothing"


@pytest.mark.parametrize("adapter", sorted(set(ADAPTERS) - {"envoy"}))
async def test_a_clean_set_logs_no_finding(adapter: str, tmp_path: Path) -> None:
    [template] = [
        each.data["spec"]["template"]
        for each in ADAPTERS[adapter].generate(DEFAULT_INTENT)
        if each.data.get("kind") == "Deployment" and each.data["metadata"]["namespace"] == "argocd"
    ]
    [mount] = template["spec"]["containers"][0]["volumeMounts"]
    [volume] = template["spec"]["volumes"]
    assert mount["mountPath"] == "/etc/podinfo", "where the principal looks unless told otherwise"
    content: dict[str, dict[str, str] | bytes] = {
        item["path"]: {
            "metadata.labels": template["metadata"]["labels"],
            "metadata.annotations": {**template["metadata"].get("annotations", {}), **INJECTED.get(adapter, {})},
        }[item["fieldRef"]["fieldPath"]]
        for item in volume["downwardAPI"]["items"]
    }
    files(tmp_path / "podinfo", **content)
    principal = started(
        "principal",
        variables(adapter, DEFAULT_INTENT, "principal", pod_ip=own_address()),
        tmp_path,
        ARGOCD_PRINCIPAL_LISTEN_PORT=str(free_port()),
        MESHTETHER_ADMIN_PORT=str(free_port()),
        MESHTETHER_PODINFO=str(tmp_path / "podinfo"),
        ARGOCD_PRINCIPAL_LOG_FORMAT="json",
    )
    await principal.start()
    try:
        await principal.wait_for("surroundings checked")
        assert told(principal) == []
        [checked] = [line for line in lines(principal) if line["msg"] == "surroundings checked"]
        assert (checked["findings"], checked["podinfo"]) == (0, True)
    finally:
        assert await principal.stop() == 0


@pytest.mark.parametrize(
    "content",
    [
        {"labels": b"\x00\xff" * 1000, "annotations": b'a="' + b"\\" * 5000},
        {"annotations": b'sidecar.istio.io/inject="' + b"x" * 3_000_000 + b'"'},
        {"annotations": b"\n".join(b'k%d="' % number + b"[" * 50 + b'"' for number in range(20_000))},
        {"labels": b"sidecar.istio.io/inject=true"},
    ],
    ids=["bytes", "long", "many", "unquoted"],
)
async def test_hostile_files_are_told_of_and_hold_nothing_up(content: dict[str, bytes], tmp_path: Path) -> None:
    podinfo = files(tmp_path / "podinfo", **content)
    principal = Principal(tmp_path, "--listen-host=127.0.0.1", "--listen-port=0", "--log-format=json", podinfo)
    began = time.monotonic()
    async with principal.running():
        await principal.process.wait_for("surroundings checked")
        assert time.monotonic() - began < 30
        faults = [line["fault"] for line in lines(principal.process) if line["msg"].startswith("pod's own")]
        assert faults
        assert (await principal.ask("/api/v1/findings"))["faults"] == faults
        assert max(map(len, principal.process.log().splitlines())) < 2000


async def test_a_folder_that_is_not_there_or_no_folder_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for option in (f"--podinfo={tmp_path / 'absent'}", f"--podinfo={tmp_path / 'file'}", "--podinfo="):
        root = tmp_path / str(abs(hash(option)))
        root.mkdir()
        principal = Principal(root, "--listen-host=127.0.0.1", "--listen-port=0", "--log-format=json", option)
        async with principal.running():
            await principal.process.wait_for("surroundings checked")
            assert told(principal.process) == []
            assert not (await principal.ask("/api/v1/findings"))["podinfo"]


async def test_a_principal_that_is_stopped_at_once_stops(tmp_path: Path) -> None:
    principal = Principal(tmp_path, "--listen-host=127.0.0.1", "--listen-port=0")
    await principal.process.start()
    await principal.process.wait_for("principal ready")
    assert await asyncio.wait_for(principal.process.stop(), 20) == 0
