"""The container image: linted, and its build steps run in a clean folder, since nothing here can build an image."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing

ROOT = Path(__file__).parents[2]

BUILD_TIMEOUT = 600
"""Seconds for two virtual environments from the package index."""


def dockerfile() -> list[str]:
    """The instructions, with continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_dockerfile_passes_its_linter() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        missing("hadolint is not installed: make installs it from the lock file")
    assert hadolint is not None
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_runs_as_a_number_that_is_no_mesh_proxys() -> None:
    [user] = [line.split()[1] for line in dockerfile() if line.startswith("USER")]
    uid, gid = map(int, user.split(":"))
    assert uid == gid
    assert uid not in (0, 1337, 2102)


def test_argocd_agents_container_arguments_work_behind_the_entry_point() -> None:
    assert 'ENTRYPOINT ["/opt/meshtether/bin/meshtether"]' in dockerfile()


@pytest.mark.process
@pytest.mark.timeout(BUILD_TIMEOUT)
def test_the_same_steps_in_a_clean_folder_give_a_command_that_runs(tmp_path: Path) -> None:
    source, target = tmp_path / "src", tmp_path / "opt"
    source.mkdir()
    for line in dockerfile():
        if line.startswith("COPY") and "--from" not in line:
            *names, where = line.split()[1:]
            for name in names:
                _copy(ROOT / name, source / where)
    for line in dockerfile():
        if line.startswith("RUN"):
            _run(_moved(line.removeprefix("RUN "), target, tmp_path), source)
    command = target / "meshtether" / "bin" / "meshtether"
    done = subprocess.run(
        [command, "principal", "--help"], cwd=tmp_path, capture_output=True, text=True, env=_clean(), check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--insecure-plaintext" in done.stdout


def _copy(origin: Path, target: Path) -> None:
    if origin.is_dir():
        shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.mkdir(exist_ok=True, parents=True)
        shutil.copy(origin, target)


def _moved(command: str, target: Path, scratch: Path) -> str:
    moved = command.replace("/opt/", f"{target}/").replace("/wheels", str(scratch / "wheels"))
    return moved.replace("python -m venv", f"{sys.executable} -m venv").replace("--no-cache-dir ", "")


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}


def _run(command: str, cwd: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", "-ec", command],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=_clean(),
        timeout=BUILD_TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
