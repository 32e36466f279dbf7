"""The pages about meshes: their YAML is what is generated, their commands run, their findings exist."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from mesh.adapters import ADAPTERS
from mesh.findings import CATALOGUE
from mesh.intent import DEFAULT_INTENT, Intent, IntentError, Mesh, Version, read_intent
from mesh.manifests import Manifest, read_documents

PAGES: Final = sorted((Path(__file__).parents[3] / "docs" / "mesh").glob("*.md"))
FORMER: Final = Intent(mesh=Mesh(envoy=Version(1, 36), linkerd=Version(2, 17)))
"""Releases of which the pages speak beside today's."""

STANDALONE: Final = next(
    each for each in ADAPTERS["agentgateway"].generate(DEFAULT_INTENT) if "standalone" in each.ref.name
)
"""What agentgateway reads without its controller."""

DUMP: Final = """{"policies": [{"key": "frontend/argocd/a:frontend-tcp:argocd/b", "name": {}, "target": {}, "policy":
{"frontend": {"tcp": {"keepalives": {"enabled": true, "time": "1m0s", "interval": "20s", "retries": 3}}}}}]}"""
"""What one that runs says of itself."""

_BOOTSTRAP: Final = next(each.data for each in ADAPTERS["envoy"].generate(DEFAULT_INTENT) if each.file == "agent.yaml")
RUNNING: Final = json.dumps(
    {"configs": [{"@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump", "bootstrap": _BOOTSTRAP}]}
)
"""What a running Envoy says of itself."""


def fences(page: Path, language: str) -> list[str]:
    """The blocks of one language."""
    parts = page.read_text("utf-8").split(f"\n```{language}\n")[1:]
    return [part.partition("\n```")[0] for part in parts]


def everywhere(value: Any) -> Iterator[Any]:
    """A value and everything in it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from everywhere(each)


def within(part: Any, whole: Any) -> bool:
    """Whether everything that `part` says is said by `whole`; lists must be equal in length."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and within(part[key], whole[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(within, part, whole))
    return bool(part == whole)


def is_intent(document: Manifest) -> bool:
    try:
        read_intent(document)
    except IntentError:
        return False
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_pages_yaml_is_an_intent_or_part_of_what_is_generated(page: Path) -> None:
    adapter = ADAPTERS[page.stem]
    generated = [each.data for intent in (DEFAULT_INTENT, FORMER) for each in adapter.generate(intent)]
    for text in fences(page, "yaml"):
        documents, faults = read_documents(text, page.name)
        assert faults == []
        for document in documents:
            found = any(within(dict(document.data), each) for one in generated for each in everywhere(one))
            assert found or is_intent(document), text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_findings_that_there_are_and_links_to_them(page: Path) -> None:
    links = [part.partition(")")[0] for part in page.read_text("utf-8").split("[MT")[1:]]
    assert links
    for link in links:
        code, _, target = f"MT{link}".partition("](")
        assert code in CATALOGUE
        assert target == f"../findings/{code}.md"
        assert (page.parent / target).is_file()


@pytest.mark.process
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_pages_own_commands_run(page: Path, tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    (tmp_path / "config.yaml").write_text(STANDALONE.data["data"]["config.yaml"], "utf-8")
    (tmp_path / "dump.json").write_text(DUMP, "utf-8")
    (tmp_path / "running.json").write_text(RUNNING, "utf-8")
    (tmp_path / "values.yaml").write_text("gatewayProxies: {edge: {tcpKeepaliveTimeSeconds: 60}}\n", "utf-8")
    lines = [line for block in fences(page, "sh") for line in block.replace("\\\n", "").splitlines()]
    commands = [line for line in lines if line.startswith("meshtether ")]
    assert commands
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
