"""Changing objects through the store."""

import asyncio
import threading

import pytest

from stores import drafting
from stores.model import StoreError
from tests.stores.samples import UID, app, key, names_in, put
from tests.stores.watcher import until, watched

ONE = UID.format(number=1)


def synced(data):
    return {**data, "status": {"sync": {"status": "Synced"}}}


STATUS = "status:\n  sync:\n    status: Synced\n"


async def test_a_status_goes_into_the_users_own_file_and_is_told_once(tmp_path):
    other = "---\n# odd\na:   [1,2 ]\nkind: X\napiVersion: v1\n"
    put(tmp_path / "mine" / "apps.yml", app(uid=ONE) + other)
    async with watched(tmp_path) as found:
        stored = await found.store.update(key(), synced)
        assert stored is found.store.get(key())
        assert stored.status == {"sync": {"status": "Synced"}}
        assert (tmp_path / "mine" / "apps.yml").read_text() == app(uid=ONE) + STATUS + other
        await found.catch_up()
        assert found.told == ["ADDED web", "synced", "MODIFIED web"]


async def test_equal_data_writes_nothing(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        before = (tmp_path / "a.yaml").stat()
        stored = await found.store.update(key(), lambda data: data)
        assert stored is found.store.get(key())
        assert (tmp_path / "a.yaml").stat() == before
        await found.store.update(key(), synced)
        before = (tmp_path / "a.yaml").stat()
        await found.store.update(key(), synced)
        assert (tmp_path / "a.yaml").stat() == before


async def test_what_change_gets_is_a_private_copy_of_what_get_shows(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:

        def spoil(data):
            assert data == found.store.get(key()).data
            data["spec"]["project"] = "spoilt"
            data["metadata"].clear()

        before = (tmp_path / "a.yaml").read_text()
        with pytest.raises(RuntimeError):
            await found.store.update(key(), lambda data: (spoil(data), fail())[1])
        assert found.projects() == {"web": "default"}
        assert (tmp_path / "a.yaml").read_text() == before


def fail():
    raise RuntimeError("the caller's own")


async def test_a_new_object_gets_a_file_a_kind_and_a_uid(tmp_path):
    async with watched(tmp_path) as found:
        stored = await found.store.update(key(), lambda data: {"spec": {"project": "p"}} if data is None else None)
        assert stored.uid
        assert (tmp_path / "agent-a" / "applications" / "web.yaml").read_text() == (
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: agent-a\n"
            f"  uid: {stored.uid}\nspec:\n  project: p\n"
        )
        await found.catch_up()
        assert found.told == ["synced", "ADDED web"]


async def test_a_new_object_keeps_the_uid_and_labels_it_brings_but_neither_names_nor_version(tmp_path):
    metadata = {"uid": ONE, "labels": {"a": "b"}, "name": "else", "namespace": "else", "resourceVersion": "7"}
    async with watched(tmp_path) as found:
        stored = await found.store.update(key(), lambda _: {"metadata": metadata, "kind": "Else", "spec": {}})
        assert stored.data["kind"] == "Application"
        assert stored.resource_version != "7"
        assert {**stored.data["metadata"], "resourceVersion": ""} == {
            "uid": ONE, "labels": {"a": "b"}, "name": "web", "namespace": "agent-a", "resourceVersion": ""
        }  # fmt: skip
        assert "resourceVersion" not in (tmp_path / "agent-a" / "applications" / "web.yaml").read_text()
        assert metadata["resourceVersion"] == "7"


async def test_the_uid_of_an_object_cannot_be_changed(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        stored = await found.store.update(key(), lambda data: {**data, "metadata": {"uid": "x"}, "spec": {"a": 1}})
        assert stored.uid == ONE


async def test_a_deleted_object_takes_its_file_or_its_document_along(tmp_path):
    put(tmp_path / "one.yaml", app("one"))
    put(tmp_path / "two.yaml", app("a") + "---\n" + app("b"))
    async with watched(tmp_path) as found:
        assert await found.store.update(key("one"), lambda _: None) is None
        assert await found.store.update(key("a"), lambda _: None) is None
        assert found.store.get(key("one")) is None
        assert not (tmp_path / "one.yaml").exists()
        assert list(found.projects()) == ["b"]
        await found.catch_up()
        assert sorted(found.told[:3]) == ["ADDED a", "ADDED b", "ADDED one"]
        assert found.told[3:] == ["synced", "DELETED one", "DELETED a"]


async def test_deleting_and_leaving_what_is_not_there_is_nothing(tmp_path):
    async with watched(tmp_path) as found:
        assert await found.store.update(key(), lambda data: data) is None
        await found.catch_up()
        assert found.told == ["synced"]


async def test_an_object_deleted_and_made_again_is_another_one(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        await found.store.update(key(), lambda _: None)
        again = await found.store.update(key(), lambda _: {"spec": {"project": "x"}})
        assert again.uid != ONE
        await until(lambda: found.told[2:] == ["DELETED web", "ADDED web"])


async def test_an_edit_that_the_store_has_not_seen_yet_is_what_change_gets(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        put(tmp_path / "a.yaml", app(uid=ONE, project="new"))
        stored = await found.store.update(key(), synced)
        assert (stored.spec, stored.status) == ({"project": "new"}, {"sync": {"status": "Synced"}})
        assert (tmp_path / "a.yaml").read_text() == app(uid=ONE, project="new") + STATUS


async def test_an_edit_that_comes_between_wins_and_change_is_called_again(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        seen = []

        def change(data):
            seen.append(data["spec"]["project"])
            if len(seen) < 3:
                put(tmp_path / "a.yaml", app(uid=ONE, project=f"edit-{len(seen)}"))
            return synced(data)

        stored = await found.store.update(key(), change)
        assert seen == ["default", "edit-1", "edit-2"]
        assert (stored.spec["project"], stored.status) == ("edit-2", {"sync": {"status": "Synced"}})


async def test_somebody_who_edits_without_end_is_an_error_that_may_pass(tmp_path, monkeypatch):
    monkeypatch.setattr("stores.directory.UPDATE_TRIES", 3)
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        count = iter(range(100))

        def change(data):
            put(tmp_path / "a.yaml", app(uid=ONE, project=f"edit-{next(count)}"))
            return synced(data)

        with pytest.raises(StoreError, match="somebody else") as caught:
            await found.store.update(key(), change)
        assert caught.value.retryable
        await until(lambda: found.projects() == {"web": "edit-2"})


async def test_an_object_deleted_by_its_user_meanwhile_is_given_as_none(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        (tmp_path / "a.yaml").unlink()
        seen = []
        assert await found.store.update(key(), seen.append) is None
        assert seen == [None]
        assert found.told[2:] in ([], ["DELETED web"])


async def test_an_object_moved_by_its_user_meanwhile_is_found_where_it_is(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        (tmp_path / "a.yaml").rename(tmp_path / "b.yaml")
        stored = await found.store.update(key(), synced)
        assert stored.origin == f"{tmp_path}/b.yaml:2"
        assert names_in(tmp_path) == [".meshtether", "b.yaml"]


async def test_an_object_in_a_broken_file_cannot_be_changed_until_it_is_mended(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        put(tmp_path / "a.yaml", "kind: [\n")
        with pytest.raises(StoreError, match=r"a.yaml:2") as caught:
            await found.store.update(key(), synced)
        assert caught.value.retryable
        assert (tmp_path / "a.yaml").read_text() == "kind: [\n"
        put(tmp_path / "a.yaml", app(uid=ONE))
        assert await found.store.update(key(), synced) is not None


async def test_a_broken_neighbour_in_the_file_does_not_matter(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE) + "---\nkind: Application\n")
    async with watched(tmp_path) as found:
        await found.store.update(key(), synced)
        assert (tmp_path / "a.yaml").read_text() == app(uid=ONE) + STATUS + "---\nkind: Application\n"


@pytest.mark.parametrize("name", ["../../x", "a/b", "", "A", ".", "x" * 300])
async def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    root = tmp_path / "a" / "root"
    root.mkdir(parents=True)
    async with watched(root) as found:
        for bad in (key(name), key(namespace=name), key(kind=name)):
            with pytest.raises(StoreError) as caught:
                await found.store.update(bad, lambda _: {"spec": {}})
            assert not caught.value.retryable
        await found.catch_up()
    assert names_in(tmp_path) == ["a"]
    assert names_in(tmp_path / "a") == ["root"]


async def test_nothing_is_written_through_a_link_out_of_the_root(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(outside / "x.yaml", app("x"))
    root.mkdir()
    (root / "x.yaml").symlink_to(outside / "x.yaml")
    (root / "agent-b").symlink_to(outside)
    async with watched(root) as found:
        assert found.store.get(key("x")).uid
        for wanted in (key("x"), key("new", "agent-b")):
            with pytest.raises(StoreError, match="outside") as caught:
                await found.store.update(wanted, lambda data: synced(data or {}))
            assert not caught.value.retryable
    assert names_in(outside) == ["x.yaml"]
    assert (outside / "x.yaml").read_text() == app("x")


async def test_a_file_behind_a_link_within_the_root_is_written_where_it_is(tmp_path):
    put(tmp_path / ".data" / "x.yaml", app("x", uid=ONE))
    (tmp_path / "x.yaml").symlink_to(".data/x.yaml")
    async with watched(tmp_path) as found:
        await found.store.update(key("x"), synced)
        assert (tmp_path / "x.yaml").is_symlink()
        assert (tmp_path / ".data" / "x.yaml").read_text() == app("x", uid=ONE) + STATUS
        await found.store.update(key("x"), lambda _: None)
        assert not (tmp_path / "x.yaml").is_symlink()
        assert (tmp_path / ".data" / "x.yaml").exists()


async def test_a_name_that_is_taken_by_another_file_is_left_alone(tmp_path):
    put(tmp_path / "agent-a" / "applications" / "web.yaml", "# mine\n")
    async with watched(tmp_path) as found:
        await found.store.update(key(), lambda _: {"spec": {"project": "p"}})
        names = names_in(tmp_path / "agent-a" / "applications")
        assert names[1] == "web.yaml"
        assert names[0].startswith("web-")
        assert (tmp_path / "agent-a" / "applications" / "web.yaml").read_text() == "# mine\n"
        assert found.projects() == {"web": "p"}


@pytest.mark.parametrize("bad", [float("nan"), "\ud800", {1: 2}, b"x"])
async def test_what_a_manifest_cannot_hold_is_refused(tmp_path, bad):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        for wanted in (key(), key("new")):
            with pytest.raises(StoreError, match="cannot be stored") as caught:
                await found.store.update(wanted, lambda data: {**(data or {}), "status": {"bad": bad}})
            assert not caught.value.retryable
        assert (tmp_path / "a.yaml").read_text() == app(uid=ONE)


@pytest.mark.parametrize(
    "text", ["\x00\x1b", "\ufeff", "yes", "one\n\ntwo\n ", "\u2028", "a: b # c", "'\"", "\U0001f600", "\r\n"]
)
async def test_any_text_survives_being_stored(tmp_path, text):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        for wanted in (key(), key("new")):
            stored = await found.store.update(wanted, lambda data: {**(data or {}), "status": {"text": text, text: 1}})
            assert stored.status == {"text": text, text: 1}
        await found.catch_up()
        assert list(found.store.faults) == []


async def test_many_updates_at_once_all_come_through(tmp_path):
    put(tmp_path / "a.yaml", "---\n".join(app(f"app-{number}") for number in range(5)))
    async with watched(tmp_path) as found:

        def increment(data):
            return {**data, "status": {"count": data.get("status", {}).get("count", 0) + 1}}

        await asyncio.gather(*(found.store.update(key(f"app-{number % 5}"), increment) for number in range(50)))
        assert [each.status for each in found.store.list("Application")] == [{"count": 10}] * 5


async def test_an_error_of_the_disk_is_told_with_path_and_reason(tmp_path, monkeypatch):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        for code, text, retryable in (
            (28, "No space left on device", True),
            (13, "Permission denied", True),
            (30, "Read-only", True),
        ):

            def broken(*_args, code=code, text=text):
                raise OSError(code, text)

            monkeypatch.setattr("stores.drafting.replace_file", broken)
            with pytest.raises(StoreError, match=f"a.yaml: {text}") as caught:
                await found.store.update(key(), synced)
            assert caught.value.retryable is retryable
        assert found.store.get(key()).status == {}


async def test_an_object_that_is_too_large_is_refused_at_once_with_size_and_limit(tmp_path):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        for wanted in (key(), key("new")):
            with pytest.raises(
                StoreError, match=rf"too large: \d+ bytes of JSON; at most {drafting.MAX_OBJECT}"
            ) as caught:
                await found.store.update(
                    wanted, lambda data: {**(data or {}), "status": {"x": "y" * drafting.MAX_OBJECT}}
                )
            assert not caught.value.retryable
        assert (tmp_path / "a.yaml").read_text() == app(uid=ONE)


async def test_an_update_that_is_cancelled_while_it_writes_is_shown_all_the_same(tmp_path, monkeypatch):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        begun, goes_on = threading.Event(), threading.Event()
        replace = drafting.replace_file

        def slow(*args):
            begun.set()
            assert goes_on.wait(10)
            return replace(*args)

        monkeypatch.setattr(drafting, "replace_file", slow)
        task = asyncio.create_task(found.store.update(key(), synced))
        await until(begun.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        goes_on.set()
        await until(lambda: found.store.get(key()).status)
        await found.catch_up()
        assert found.told == ["ADDED web", "synced", "MODIFIED web"]


async def test_closing_waits_for_what_is_being_written(tmp_path, monkeypatch):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        task = asyncio.create_task(found.store.update(key(), synced))
        await asyncio.sleep(0)
        await found.store.close()
        assert task.done()
    assert (tmp_path / "a.yaml").read_text() in (app(uid=ONE), app(uid=ONE) + STATUS)
    if not task.exception():
        assert (tmp_path / "a.yaml").read_text() == app(uid=ONE) + STATUS
