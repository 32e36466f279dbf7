import os
import stat

import pytest

from stores import atomic, renames, writers
from stores.atomic import create_file, delete_file, digest, replace_file
from stores.files import read_file, signature_of
from tests.stores.samples import names_in

BASE, OURS, THEIRS, NEWER = b"base\n", b"ours\n", b"theirs\n", b"newer\n"


@pytest.fixture(params=["exchange", "plain"])
def renaming(request, monkeypatch):
    """With the kernel's exchange of names and without."""
    if request.param == "plain":
        monkeypatch.setattr(renames, "_RENAMEAT2", None)
    return request.param


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(BASE)
    return path


def names(path):
    return names_in(path.parent)


def put(path, data):
    beside = path.with_name("beside")
    beside.write_bytes(data)
    beside.replace(path)


@pytest.mark.usefixtures("renaming")
class TestWithoutARace:
    def test_a_file_is_replaced_with_mode_and_owner(self, path):
        path.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(path, 1234, 1235)
        before = path.stat()
        assert replace_file(path, read_file(path), OURS) is not None
        assert path.read_bytes() == OURS
        after = path.stat()
        assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o640, before.st_uid, before.st_gid)
        assert names(path) == ["a.yaml"]

    def test_the_signature_is_that_of_the_new_file(self, path):
        signature = replace_file(path, read_file(path), OURS)
        assert signature == signature_of(path.stat())
        created = create_file(path.with_name("b.yaml"), OURS)
        assert created == signature_of(path.with_name("b.yaml").stat())

    def test_a_file_that_was_edited_is_left_alone(self, path):
        base = read_file(path)
        put(path, THEIRS)
        assert replace_file(path, base, OURS) is None
        assert not delete_file(path, base)
        assert path.read_bytes() == THEIRS
        assert names(path) == ["a.yaml"]

    def test_a_file_that_is_gone_is_not_made_anew(self, path):
        base = read_file(path)
        path.unlink()
        for call in (lambda: replace_file(path, base, OURS), lambda: delete_file(path, base)):
            with pytest.raises(FileNotFoundError):
                call()
        assert names(path) == []

    def test_a_new_file_is_made_once(self, path):
        new = path.with_name("new.yaml")
        assert create_file(new, OURS) is not None
        assert create_file(new, THEIRS) is None
        assert new.read_bytes() == OURS
        assert names(path) == ["a.yaml", "new.yaml"]

    def test_a_file_is_deleted(self, path):
        assert delete_file(path, read_file(path))
        assert names(path) == []

    def test_a_name_too_long_to_hide_is_an_error(self, path):
        long = path.with_name("n" * 220 + ".yaml")
        path.replace(long)
        with pytest.raises(OSError, match="longer than"):
            replace_file(long, read_file(long), OURS)
        assert long.read_bytes() == BASE


def racing(monkeypatch, *edits):
    """Let somebody replace the file right before each exchange of names, as long as there are edits."""
    exchange, waiting = atomic.exchange, list(edits)

    def exchange_late(swap, path):
        if waiting and (edit := waiting.pop(0)) is not None:
            edit(path)
        return exchange(swap, path)

    monkeypatch.setattr(atomic, "exchange", exchange_late)


def by_rename(data):
    return lambda path: put(path, data)


def in_place(data):
    return lambda path: path.write_bytes(data)


@pytest.mark.skipif(renames._RENAMEAT2 is None, reason="needs renameat2")
class TestRaces:
    @pytest.mark.parametrize("how", [by_rename, in_place])
    def test_an_edit_right_before_the_exchange_goes_back(self, path, monkeypatch, how):
        racing(monkeypatch, how(THEIRS))
        assert replace_file(path, read_file(path), OURS) is None
        assert path.read_bytes() == THEIRS
        assert names(path) == ["a.yaml"]

    @pytest.mark.parametrize("how", [by_rename, in_place])
    def test_an_edit_while_another_goes_back_is_the_one_that_stays(self, path, monkeypatch, how):
        racing(monkeypatch, by_rename(THEIRS), how(NEWER))
        assert replace_file(path, read_file(path), OURS) is None
        assert path.read_bytes() == NEWER
        assert names(path) == ["a.yaml"]

    def test_edits_without_end_leave_the_newest_and_say_so(self, path, monkeypatch):
        racing(monkeypatch, *(by_rename(b"edit %d" % number) for number in range(atomic.MAX_TURNS + 2)))
        with pytest.raises(OSError, match="all the time"):
            replace_file(path, read_file(path), OURS)
        kept = {path.with_name(name).read_bytes() for name in names(path)}
        assert b"edit %d" % atomic.MAX_TURNS in kept

    def test_a_deletion_right_before_the_exchange_stands(self, path, monkeypatch):
        racing(monkeypatch, lambda path: path.unlink())
        assert replace_file(path, read_file(path), OURS) is None
        assert names(path) == []

    def test_an_edit_right_before_a_deletion_stays(self, path, monkeypatch):
        base = read_file(path)
        is_first = iter([True])
        compare = atomic._is

        def compare_then_edit(where, data):
            found = compare(where, data)
            if next(is_first, False):
                put(path, THEIRS)
            return found

        monkeypatch.setattr(atomic, "_is", compare_then_edit)
        assert not delete_file(path, base)
        assert path.read_bytes() == THEIRS
        assert names(path) == ["a.yaml"]


@pytest.mark.skipif(writers._SET_LEASE is None, reason="needs leases")
def test_a_file_that_somebody_is_appending_to_is_left_alone(path):
    base = read_file(path)
    with path.open("ab") as appending:
        assert replace_file(path, base, OURS) is None
        assert not delete_file(path, base)
        appending.write(b"more\n")
    assert path.read_bytes() == BASE + b"more\n"
    assert names(path) == ["a.yaml"]
    assert replace_file(path, read_file(path), OURS) is not None


@pytest.mark.skipif(writers._SET_LEASE is None, reason="needs leases")
def test_a_writer_that_comes_between_comparing_and_exchanging_is_seen(path, monkeypatch):
    opened = []
    racing(monkeypatch, lambda path: opened.append(path.open("ab")))
    assert replace_file(path, read_file(path), OURS) is None
    with opened[0] as appending:
        appending.write(b"more\n")
    assert path.read_bytes() == BASE + b"more\n"


def test_readers_do_not_stand_in_the_way(path):
    base = read_file(path)
    with path.open("rb"):
        assert replace_file(path, base, OURS) is not None


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_full_disk_leaves_everything_as_it_was(path, monkeypatch, fails):
    base = read_file(path)

    def no_space(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*(("os.fsync",) if fails == "fsync" else ("pathlib.Path.replace",)), no_space)
    with pytest.raises(OSError, match="No space"):
        replace_file(path, base, OURS)
    assert path.read_bytes() == BASE
    assert names(path) == ["a.yaml"]


def test_digests_tell_contents_apart():
    assert len({digest(BASE), digest(OURS), digest(b"")}) == 3
