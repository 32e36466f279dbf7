"""What every file of the repository must be or must not hold."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

REGISTRIES = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "crates" + ".io", "proxy.golang" + ".org")
"""Hosts that no file may name, put together here so that this file doesn't either."""

LONGEST_MODULE = 400
"""Lines; a longer module holds more than one idea."""


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in listed.split(b"\0") if name]


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        if path.is_file():
            try:
                found.append((path, path.read_text("utf-8")))
            except UnicodeDecodeError:
                continue
    return found


@pytest.fixture(scope="module")
def files() -> list[tuple[Path, str]]:
    return texts()


def test_no_file_names_a_package_registry(files: list[tuple[Path, str]]) -> None:
    assert [(path, host) for path, text in files for host in REGISTRIES if host in text] == []


def test_every_requirement_is_pinned_by_hash() -> None:
    for path in ROOT.glob("requirements*.lock"):
        for line in path.read_text().splitlines():
            pinned = "==" in line and line.endswith("\\")
            assert pinned or line.strip().startswith("--hash=sha256:"), f"{path.name}: {line}"


def test_no_module_is_longer_than_one_idea(files: list[tuple[Path, str]]) -> None:
    long = {
        str(path.relative_to(ROOT)): len(text.splitlines())
        for path, text in files
        if path.suffix == ".py" and "_pb2" not in path.name and "tests" not in path.parts
    }
    assert {name: lines for name, lines in long.items() if lines > LONGEST_MODULE} == {}


def test_the_readmes_commands_are_make_targets() -> None:
    makefile = (ROOT / "Makefile").read_text()
    readme = (ROOT / "README.md").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert f"\n{target}:" in makefile
    assert "make test" in (ROOT / ".ci" / "run").read_text()
