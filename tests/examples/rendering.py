"""Rendering the examples with the real kubectl."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from mesh.manifests import Manifest, read_documents
from tests.conftest import missing

EXAMPLES = Path(__file__).parents[2] / "examples"
OVERLAYS = sorted(path.parent for path in EXAMPLES.glob("overlays/*/kustomization.yaml"))


def kubectl() -> str:
    """The kubectl beside this Python, or on the path."""
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    if found is None:
        missing("kubectl")
    return str(found)


@cache
def render(folder: Path) -> str:
    """What `kubectl kustomize` makes of a folder; no cluster is asked."""
    done = subprocess.run(
        [kubectl(), "kustomize", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ.get("PATH", ""), "KUBECONFIG": "/dev/null", "HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def rendered(folder: Path) -> list[Manifest]:
    """The manifests that a folder stands for."""
    manifests, faults = read_documents(render(folder), f"{folder.name}.yaml")
    assert faults == []
    return manifests
