import pytest
import structlog

from stores import memory
from stores.directory import DirectoryStore
from stores.identity import FOLDER
from stores.memory import FILE, Memory
from stores.model import StoreError
from tests.stores.samples import UID, app, key, put
from tests.stores.watcher import FAST, until, watched

ONE = UID.format(number=1)


def made(root):
    (root / FOLDER).mkdir(exist_ok=True)
    found = Memory(root, writes=True)
    found.load()
    return found


def test_what_was_held_and_deleted_is_known_to_the_next_process(tmp_path):
    first = made(tmp_path)
    first.flush()
    first.keep(key("a"), "1")
    first.keep(key("b"), "2")
    first.drop(key("b"))
    first.flush()
    again = made(tmp_path)
    assert (again.uid_of(key("a")), again.uid_of(key("b"))) == ("1", None)
    assert again.held(key("a"), "1")
    assert again.held(key("b"), "2")
    assert not again.held(key("a"), "2")


def test_a_torn_last_line_costs_only_itself(tmp_path):
    first = made(tmp_path)
    first.keep(key("a"), "1")
    first.flush()
    with (tmp_path / FOLDER / FILE).open("a") as file:
        file.write('["+", "Appl')
    again = made(tmp_path)
    assert again.held(key("a"), "1")
    again.keep(key("b"), "2")
    again.flush()
    assert made(tmp_path).held(key("b"), "2")


@pytest.mark.parametrize("content", [b"\xff\n", b"{}\n", b'["+"]\n', b"[[[\n", b'["+",1,2,3,4]\n', b"7\n"])
def test_a_damaged_memory_is_begun_anew_with_a_warning(tmp_path, content):
    made(tmp_path)
    (tmp_path / FOLDER / FILE).write_bytes(content)
    with structlog.testing.capture_logs() as logs:
        found = made(tmp_path)
    assert [log["log_level"] for log in logs] == ["warning"]
    assert found.uid_of(key()) is None


def test_deleted_objects_and_the_journal_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "MAX_GONE", 3)
    monkeypatch.setattr(memory, "MAX_HISTORY", 10)
    found = made(tmp_path)
    for number in range(50):
        found.keep(key(), str(number))
        found.flush()
    assert [number for number in range(50) if found.held(key(), str(number))] == [46, 47, 48, 49]
    assert len((tmp_path / FOLDER / FILE).read_text().splitlines()) <= 4 + 10 + 2


async def test_a_file_restored_without_its_uid_while_no_process_ran_is_the_same_object(tmp_path):
    put(tmp_path / "a.yaml", app())
    async with watched(tmp_path) as found:
        uid = found.store.get(key()).uid
    put(tmp_path / "a.yaml", app())
    async with watched(tmp_path) as found:
        assert found.store.get(key()).uid == uid
        assert uid in (tmp_path / "a.yaml").read_text()


async def test_a_store_knows_what_it_has_held_and_nothing_else(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        assert found.store.held(key(), ONE)
        assert not found.store.held(key(), UID.format(number=2))
        (tmp_path / "a.yaml").unlink()
        await until(lambda: found.told[-1] == "DELETED web")
    async with watched(tmp_path) as found:
        assert found.store.held(key(), ONE)
        put(tmp_path / "a.yaml", app())
        await until(lambda: found.store.get(key()))
        assert found.store.get(key()).uid != ONE


async def test_a_second_process_is_refused_until_the_first_has_closed(tmp_path):
    async with watched(tmp_path):
        with pytest.raises(StoreError, match=f"{tmp_path}: another process") as caught:
            await DirectoryStore(tmp_path, timing=FAST).open()
        assert not caught.value.retryable
        second = DirectoryStore(tmp_path, timing=FAST, exclusive=False)
        await second.open()
        await second.close()
    async with watched(tmp_path) as found:
        assert found.told == ["synced"]
