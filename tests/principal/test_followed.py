"""Files that are read again when they change."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from principal.auth import followed
from principal.auth.errors import FileError
from principal.auth.followed import FollowedFile


def read(content: bytes, source: str) -> str:
    if content == b"bad":
        raise FileError(f"{source}: bad content")
    return content.decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("one")
    return path


def follow(path: Path) -> FollowedFile[str]:
    return FollowedFile(path, read, what="words")


def replace(path: Path, text: str) -> None:
    temporary = path.with_name(".new")
    temporary.write_text(text)
    temporary.rename(path)


def test_what_does_not_change_is_read_once(path: Path) -> None:
    file = follow(path)
    assert file.value == "one"
    assert not file.refresh()


@pytest.mark.parametrize("write", [Path.write_text, replace], ids=["written over", "replaced"])
def test_what_changes_is_read_again(path: Path, write: object) -> None:
    file = follow(path)
    write(path, "two")  # type: ignore[operator]
    assert file.refresh()
    assert file.value == "two"
    assert not file.refresh()


def test_a_replacement_of_the_same_size_and_time_is_seen(path: Path) -> None:
    file = follow(path)
    times = path.stat()
    replace(path, "two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file.refresh()
    assert file.value == "two"


def test_a_mounted_secret_that_kubernetes_swaps_is_seen(tmp_path: Path) -> None:
    for version in ("one", "two"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "key").write_text(version)
    (tmp_path / "..data").symlink_to("..one")
    (tmp_path / "key").symlink_to("..data/key")
    file = follow(tmp_path / "key")
    (tmp_path / "..data_tmp").symlink_to("..two")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    assert file.refresh()
    assert file.value == "two"


@pytest.mark.parametrize("fault", ["gone", "bad", "a folder"])
def test_the_last_good_content_stays_in_force_and_the_fault_is_told_once(path: Path, fault: str) -> None:
    file = follow(path)
    if fault == "bad":
        path.write_text("bad")
    else:
        path.unlink()
    if fault == "a folder":
        path.mkdir()
    with capture_logs() as logs:
        assert not file.refresh()
        assert not file.refresh()
    assert file.value == "one"
    [entry] = logs
    assert entry["log_level"] == "error"
    assert str(path) in entry["reason"]


def test_a_file_that_comes_back_is_read(path: Path) -> None:
    file = follow(path)
    path.unlink()
    file.refresh()
    path.write_text("back")
    assert file.refresh()
    assert file.value == "back"


@pytest.mark.parametrize("what", ["absent", "a folder", "a pipe", "bad", "too large"])
def test_a_file_that_cannot_be_used_at_start_is_an_error_that_names_it(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    if what == "a folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    elif what != "absent":
        path.write_text("bad" if what == "bad" else "x" * 11)
    monkeypatch.setattr(followed, "MAX_BYTES", 10)
    with pytest.raises(FileError) as raised:
        follow(path)
    assert str(raised.value).startswith(f"{path}: ")
