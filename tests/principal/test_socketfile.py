"""The file of a unix socket: its mode, what lies in its way, and whose it is in the end."""

import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from principal.rpc import DoorError
from principal.socketfile import MAX_PATH, SocketFile


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, so that it is not its length that is tested."""
    made = Path(tempfile.mkdtemp())
    yield made
    shutil.rmtree(made)


def listening(file: SocketFile) -> socket.socket:
    """Bind and publish as a door does."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(file.prepare()))
    listener.listen()
    file.publish()
    return listener


def connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def test_a_socket_is_its_owners_alone_and_leaves_nothing_else_behind(folder: Path) -> None:
    before = os.umask(0)
    try:
        file = SocketFile(folder / "hub.sock")
        with listening(file):
            assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
            assert [each.name for each in folder.iterdir()] == ["hub.sock"]
            assert connects(file.path)
            file.remove()
    finally:
        os.umask(before)
    assert list(folder.iterdir()) == []


def test_nobody_else_reaches_it_before_it_has_its_mode(folder: Path) -> None:
    file = SocketFile(folder / "hub.sock")
    bound = file.prepare()
    assert stat.S_IMODE(bound.parent.stat().st_mode) == 0o700
    assert not file.path.exists()
    file.remove()
    assert list(folder.iterdir()) == []


def test_what_a_dead_process_left_is_replaced(folder: Path) -> None:
    path = folder / "hub.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    file = SocketFile(path)
    with listening(file):
        assert connects(path)


def test_a_socket_that_somebody_listens_on_is_left_alone(folder: Path) -> None:
    first = SocketFile(folder / "hub.sock")
    with listening(first):
        with pytest.raises(DoorError, match="another process listens"):
            SocketFile(first.path).prepare()
        assert connects(first.path)
    assert [each.name for each in folder.iterdir()] == ["hub.sock"]


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_left_alone(folder: Path, kind: str) -> None:
    path = folder / "hub.sock"
    if kind == "file":
        path.write_text("precious")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(folder / "elsewhere")
    with pytest.raises(DoorError, match="something else than a socket"):
        SocketFile(path).prepare()
    assert os.path.lexists(path)


def test_another_processes_socket_is_not_taken_away(folder: Path) -> None:
    file = SocketFile(folder / "hub.sock")
    with listening(file):
        file.path.unlink()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            other.bind(str(file.path))
            file.remove()
            assert file.path.exists()


def test_a_folder_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(DoorError, match="absent"):
        SocketFile(folder / "absent" / "hub.sock").prepare()


def test_a_path_too_long_for_a_socket_is_told_before_anything_is_made(folder: Path) -> None:
    with pytest.raises(DoorError, match="too long"):
        SocketFile(folder / ("x" * MAX_PATH)).prepare()
    deep = folder / ("y" * (MAX_PATH - len(str(folder)) - 5))
    deep.mkdir()
    with pytest.raises(DoorError, match="too long"):
        SocketFile(deep / "s").prepare()
    assert list(deep.iterdir()) == []


def test_the_longest_path_that_fits_is_taken(folder: Path) -> None:
    name = "x" * (MAX_PATH - len(str(folder)) - 1)
    file = SocketFile(folder / name)
    with listening(file):
        assert connects(file.path)


def test_nothing_is_published_that_was_not_prepared(folder: Path) -> None:
    with pytest.raises(DoorError):
        SocketFile(folder / "hub.sock").publish()
