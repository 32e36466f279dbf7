"""The checked-in stubs are those of the .proto files, and a drift is named."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing

PROTO = Path(__file__).parents[2] / "proto"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of proto/ that a test may spoil."""
    if importlib.util.find_spec("grpc_tools") is None:
        missing("grpcio-tools is not installed")
    return Path(shutil.copytree(PROTO, tmp_path / "proto", ignore=shutil.ignore_patterns("__pycache__")))


def check(root: Path) -> tuple[int, str]:
    command = [sys.executable, str(root / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stderr


def test_the_checked_in_stubs_are_up_to_date(copy: Path) -> None:
    assert check(copy) == (0, "")


def test_changed_missing_and_left_over_stubs_are_each_named(copy: Path) -> None:
    package = copy / "hubproto"
    with (package / "auth_pb2.pyi").open("a") as file:
        file.write("\n")
    (package / "version_pb2_grpc.py").unlink()
    (package / "gone_pb2.py").touch()
    status, said = check(copy)
    assert status == 1
    assert [line.split()[0] for line in said.splitlines()] == [
        "proto/hubproto/auth_pb2.pyi",
        "proto/hubproto/gone_pb2.py",
        "proto/hubproto/version_pb2_grpc.py",
    ]
    assert not (package / "version_pb2_grpc.py").exists(), "a check writes nothing"


def test_a_changed_message_is_a_drift(copy: Path) -> None:
    source = copy / "hubproto" / "version.proto"
    source.write_text(source.read_text().replace("string version = 1", "string version = 2"))
    status, said = check(copy)
    assert status == 1
    assert "proto/hubproto/version_pb2.py" in said
