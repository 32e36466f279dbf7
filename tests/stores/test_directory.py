"""The directory store as its users see it: files in, changes out."""

import asyncio
import shutil
import uuid

import pytest
import structlog

from stores.directory import DirectoryStore
from stores.model import ChangeType, Store, StoreError
from tests.stores.samples import UID, app, key, put
from tests.stores.watcher import FAST, until, watched

ONE = UID.format(number=1)


def typed(store: DirectoryStore) -> Store:
    """For mypy: a directory store is a store."""
    return store


async def test_what_is_there_is_told_then_synced_then_each_change(tmp_path):
    put(tmp_path / "a.yaml", app("a") + "---\n" + app("b"))
    async with watched(tmp_path) as found:
        assert found.told == ["ADDED a", "ADDED b", "synced"]
        put(tmp_path / "sub" / "c.json", '{"apiVersion":"argoproj.io/v1alpha1","kind":"Application",'
            '"metadata":{"name":"c","namespace":"x"},"spec":{"project":"p"}}')  # fmt: skip
        await until(lambda: found.told[3:] == ["ADDED c"])
        put(tmp_path / "a.yaml", app("a") + "---\n" + app("b", project="new"))
        await until(lambda: found.told[4:] == ["MODIFIED b"])
        (tmp_path / "a.yaml").unlink()
        await until(lambda: sorted(found.told[5:]) == ["DELETED a", "DELETED b"])
        assert found.projects() == {"c": "p"}


async def test_objects_are_got_by_key_and_listed_by_kind(tmp_path):
    put(tmp_path / "a.yaml", app("b", uid=ONE) + "---\n" + app("a"))
    async with watched(tmp_path) as found:
        assert [each.key.name for each in found.store.list("Application")] == ["a", "b"]
        assert found.store.list("AppProject") == []
        one = found.store.get(key("b"))
        assert (one.uid, one.origin, one.spec, one.status) == (ONE, f"{tmp_path}/a.yaml:2", {"project": "default"}, {})
        assert int(one.resource_version) > 10**18
        assert found.store.get(key("none")) is None


async def test_a_missing_uid_is_written_into_the_file_and_nothing_else(tmp_path):
    text = app(more="  # odd\n  a:   1\n")
    put(tmp_path / "a.yaml", text)
    async with watched(tmp_path) as found:
        uid = found.store.get(key()).uid
        assert str(uuid.UUID(uid)) == uid
        assert (tmp_path / "a.yaml").read_text() == text.replace("spec:", f"  uid: {uid}\nspec:")
        await found.catch_up()
        assert found.told == ["ADDED web", "synced"]


async def test_a_store_that_assigns_no_uids_writes_nothing_and_shows_fixed_ones(tmp_path):
    put(tmp_path / "a.yaml", app())
    uids = []
    for _ in range(2):
        async with watched(tmp_path, assign_uids=False) as found:
            uids.append(found.store.get(key()).uid)
    assert (tmp_path / "a.yaml").read_text() == app()
    assert len(set(uids)) == 1


async def test_a_uid_that_was_copied_with_its_file_is_replaced(tmp_path):
    put(tmp_path / "b.yaml", app("b", uid=ONE))
    async with watched(tmp_path) as found:
        put(tmp_path / "a.yaml", app("a", uid=ONE))
        await until(lambda: found.told[2:] == ["ADDED a"])
        assert found.store.get(key("b")).uid == ONE
        assert found.store.get(key("a")).uid != ONE
        assert found.store.get(key("a")).uid in (tmp_path / "a.yaml").read_text()


async def test_two_new_files_with_one_uid_become_two_objects(tmp_path):
    put(tmp_path / "a.yaml", app("a", uid=ONE))
    put(tmp_path / "b.yaml", app("b", uid=ONE))
    async with watched(tmp_path) as found:
        assert found.store.get(key("a")).uid == ONE
        assert found.store.get(key("b")).uid != ONE


async def test_a_file_restored_without_uid_and_status_gets_both_back(tmp_path):
    put(tmp_path / "a.yaml", app())
    async with watched(tmp_path) as found:
        uid = found.store.get(key()).uid
        await found.store.update(key(), lambda data: {**data, "status": {"sync": {"status": "Synced"}}})
        put(tmp_path / "a.yaml", app(project="new"))
        await until(lambda: found.projects() == {"web": "new"})
        again = found.store.get(key())
        assert (again.uid, again.status) == (uid, {"sync": {"status": "Synced"}})
        assert "status: Synced" in (tmp_path / "a.yaml").read_text()
        await found.catch_up()
        assert found.told == ["ADDED web", "synced", "MODIFIED web", "MODIFIED web"]


class TestFaults:
    async def test_a_broken_file_deletes_nothing_and_is_told_once(self, tmp_path):
        put(tmp_path / "a.yaml", app("a"))
        put(tmp_path / "b.yaml", app("b"))
        with structlog.testing.capture_logs() as logs:
            async with watched(tmp_path) as found:
                put(tmp_path / "a.yaml", "kind: [\n")
                await until(lambda: found.store.faults)
                assert [(fault.source, fault.line) for fault in found.store.faults] == [(f"{tmp_path}/a.yaml", 2)]
                put(tmp_path / "b.yaml", app("b", project="new"))
                await until(lambda: found.projects() == {"a": "default", "b": "new"})
                put(tmp_path / "a.yaml", app("a", project="mended"))
                await until(lambda: found.projects() == {"a": "mended", "b": "new"})
                await found.catch_up()
                assert list(found.store.faults) == []
                assert found.told == ["ADDED a", "ADDED b", "synced", "MODIFIED b", "MODIFIED a"]
        told = [(log["event"], log["where"]) for log in logs if "fault" in log]
        assert told == [("manifest fault", f"{tmp_path}/a.yaml:2"), ("manifest fault mended", f"{tmp_path}/a.yaml:2")]

    @pytest.mark.parametrize(
        "text",
        ["", "   \n", "- 1\n", "a: 1\n", app().replace("kind: Application\n", ""),
         app().replace("  namespace: agent-a\n", ""), app("Bad_Name"), app()[: len(app()) // 2], "\x00", "a: &a [*a]"],
    )  # fmt: skip
    async def test_whatever_breaks_a_file_deletes_nothing(self, tmp_path, text):
        put(tmp_path / "a.yaml", app())
        async with watched(tmp_path) as found:
            put(tmp_path / "a.yaml", text)
            await until(lambda: found.store.faults)
            await found.catch_up()
            assert found.told == ["ADDED web", "synced"]

    async def test_a_file_that_is_cut_off_and_written_again_is_one_change(self, tmp_path):
        put(tmp_path / "a.yaml", app("a") + "---\n" + app("b"))
        async with watched(tmp_path) as found:
            with (tmp_path / "a.yaml").open("w") as file:
                file.flush()
                await asyncio.sleep(FAST.quiet / 2)
                file.write(app("a", project="new"))
                file.flush()
                await asyncio.sleep(FAST.settle / 2)
                file.write("---\n" + app("b"))
            await until(lambda: found.projects() == {"a": "new", "b": "default"})
            await found.catch_up()
            assert [line for line in found.told if line.startswith("DELETED")] == []

    async def test_a_folder_that_cannot_be_listed_deletes_nothing(self, tmp_path, monkeypatch):
        put(tmp_path / "dark" / "a.yaml", app("a"))
        put(tmp_path / "b.yaml", app("b"))
        async with watched(tmp_path) as found:
            from stores import scanning

            listed = scanning.os.scandir

            def scandir(path):
                if str(path).endswith("dark"):
                    raise PermissionError(13, "Permission denied")
                return listed(path)

            monkeypatch.setattr(scanning.os, "scandir", scandir)
            await until(lambda: found.store.faults)
            await found.catch_up()
            assert found.projects() == {"a": "default", "b": "default"}
            monkeypatch.undo()
            put(tmp_path / "dark" / "a.yaml", app("a", project="new"))
            await until(lambda: found.projects() == {"a": "new", "b": "default"})
            assert list(found.store.faults) == []

    async def test_a_file_that_cannot_be_opened_deletes_nothing_and_is_tried_again(self, tmp_path, monkeypatch):
        put(tmp_path / "a.yaml", app("a"))
        async with watched(tmp_path) as found:
            from stores import reading

            read = reading.read_file
            monkeypatch.setattr(reading, "AGAIN_SECONDS", 0.1)

            def deny(path):
                if path.name == "a.yaml":
                    raise PermissionError(13, "Permission denied")
                return read(path)

            monkeypatch.setattr(reading, "read_file", deny)
            put(tmp_path / "a.yaml", app("a", project="new"))
            await until(lambda: found.store.faults)
            assert "Permission denied" in found.store.faults[0].message
            assert found.projects() == {"a": "default"}
            monkeypatch.setattr(reading, "read_file", read)
            await until(lambda: found.projects() == {"a": "new"})
            assert list(found.store.faults) == []

    async def test_a_link_that_leads_nowhere_and_a_folder_in_a_files_place_delete_nothing(self, tmp_path):
        put(tmp_path / "a.yaml", app("a"))
        put(tmp_path / "b.yaml", app("b"))
        async with watched(tmp_path) as found:
            (tmp_path / ".link").symlink_to("nowhere")
            (tmp_path / ".link").replace(tmp_path / "a.yaml")
            (tmp_path / "b.yaml").unlink()
            (tmp_path / "b.yaml").mkdir()
            await until(lambda: len(found.store.faults) == 2)
            await found.catch_up()
            assert found.told == ["ADDED a", "ADDED b", "synced"]
            (tmp_path / "a.yaml").unlink()
            await until(lambda: found.told[3:] == ["DELETED a"])

    async def test_a_root_that_vanishes_deletes_nothing(self, tmp_path):
        root = tmp_path / "root"
        put(root / "a.yaml", app("a"))
        async with watched(root) as found:
            root.rename(tmp_path / "away")
            await until(lambda: found.store.faults)
            assert found.projects() == {"a": "default"}
            with pytest.raises(StoreError) as caught:
                await found.store.update(key("new"), lambda _: {"spec": {}})
            assert caught.value.retryable
            assert not root.exists()
            (tmp_path / "away").rename(root)
            await found.catch_up()
            assert found.told == ["ADDED a", "synced"]
            assert list(found.store.faults) == []

    async def test_a_volume_that_is_not_mounted_deletes_nothing(self, tmp_path):
        root = tmp_path / "root"
        put(root / "a.yaml", app("a"))
        async with watched(root) as found:
            root.rename(tmp_path / "away")
            root.mkdir()
            await until(lambda: any("not mounted" in fault.message for fault in found.store.faults))
            assert found.projects() == {"a": "default"}
            put(root / "b.yaml", app("b"))
            await until(lambda: found.projects() == {"b": "default"})

    async def test_deleting_every_file_deletes_every_object(self, tmp_path):
        put(tmp_path / "a.yaml", app("a"))
        async with watched(tmp_path) as found:
            (tmp_path / "a.yaml").unlink()
            await until(lambda: found.told[2:] == ["DELETED a"])

    async def test_a_root_behind_a_link_may_be_switched(self, tmp_path):
        put(tmp_path / "v1" / "a.yaml", app("a"))
        put(tmp_path / "v2" / "a.yaml", app("a", project="v2"))
        (tmp_path / "current").symlink_to("v1")
        async with watched(tmp_path / "current") as found:
            (tmp_path / "next").symlink_to("v2")
            (tmp_path / "next").replace(tmp_path / "current")
            await until(lambda: found.projects() == {"a": "v2"})
            put(tmp_path / "v2" / "a.yaml", app("a", project="v3"))
            await until(lambda: found.projects() == {"a": "v3"})
            assert [line for line in found.told if line.startswith("DELETED")] == []

    async def test_an_object_in_two_files_is_a_fault_until_one_is_gone(self, tmp_path):
        put(tmp_path / "a.yaml", app(project="a"))
        async with watched(tmp_path) as found:
            put(tmp_path / "b.yaml", app(project="b"))
            await until(lambda: found.store.faults)
            assert "already" in found.store.faults[0].message
            (tmp_path / "a.yaml").unlink()
            await until(lambda: found.projects() == {"web": "b"})
            await found.catch_up()
            assert found.told == ["ADDED web", "synced", "MODIFIED web"]
            assert list(found.store.faults) == []

    async def test_an_object_moved_to_another_file_is_no_deletion(self, tmp_path):
        put(tmp_path / "a.yaml", app("a") + "---\n" + app("b"))
        async with watched(tmp_path) as found:
            text = (tmp_path / "a.yaml").read_text()
            one, other = text.split("---\n")
            put(tmp_path / "a.yaml", one)
            await asyncio.sleep(FAST.settle / 2)
            put(tmp_path / "z" / "b.yaml", other)
            await until(lambda: found.store.get(key("b")).origin.startswith(f"{tmp_path}/z"))
            await found.catch_up()
            assert found.told == ["ADDED a", "ADDED b", "synced"]


class TestOpening:
    async def test_a_folder_that_is_not_there_is_an_error_and_is_not_made(self, tmp_path):
        with pytest.raises(StoreError, match="no such folder") as caught:
            await DirectoryStore(tmp_path / "typo").open()
        assert not caught.value.retryable
        assert not (tmp_path / "typo").exists()

    async def test_a_file_is_no_store(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="Not a directory"):
            await DirectoryStore(tmp_path / "file").open()

    async def test_a_broken_file_at_the_start_is_a_fault_and_the_others_are_there(self, tmp_path):
        put(tmp_path / "a.yaml", "a: [")
        put(tmp_path / "b.yaml", app("b"))
        async with watched(tmp_path) as found:
            assert found.told == ["ADDED b", "synced"]
            assert len(found.store.faults) == 1

    async def test_the_identity_stays_and_versions_go_on(self, tmp_path):
        put(tmp_path / "a.yaml", app())
        seen = []
        for _ in range(2):
            async with watched(tmp_path) as found:
                seen.append((found.store.identity, found.store.get(key()).uid))
        assert seen[0] == seen[1]

    async def test_a_read_only_folder_can_be_read(self, tmp_path, monkeypatch):
        put(tmp_path / "a.yaml", app())

        def read_only(*_args, **_kwargs):
            raise OSError(30, "Read-only file system")

        from stores import directory, folder

        monkeypatch.setattr(directory, "make_identity", read_only)
        monkeypatch.setattr(folder, "replace_file", read_only)
        monkeypatch.setattr("stores.drafting.replace_file", read_only)
        seen = []
        with structlog.testing.capture_logs() as logs:
            for _ in range(2):
                async with watched(tmp_path) as found:
                    seen.append((found.store.identity, found.store.get(key()).uid))
                    put(tmp_path / "a.yaml", app(project="new"))
                    await until(lambda: found.projects() == {"web": "new"})
                    with pytest.raises(StoreError, match="Read-only") as caught:
                        await found.store.update(key(), lambda data: {**data, "status": {}})
                    assert caught.value.retryable
                    put(tmp_path / "a.yaml", app())
        assert seen[0] == seen[1]
        assert len([log for log in logs if "uids not written" in log["event"]]) == 2
        assert len([log for log in logs if "identity" in log["event"]]) == 2

    async def test_a_closed_store_says_so_and_its_watch_ends(self, tmp_path):
        store = DirectoryStore(tmp_path, timing=FAST)
        await store.open()
        await store.close()
        await store.close()
        with pytest.raises(StoreError, match="closed"):
            await store.update(key(), lambda data: data)
        assert [type(change).__name__ async for change in store.watch()] == ["Synced"]

    async def test_there_is_one_watcher_at_a_time(self, tmp_path):
        put(tmp_path / "a.yaml", app())
        async with watched(tmp_path) as found:
            with pytest.raises(RuntimeError):
                await anext(typed(found.store).watch())

    async def test_without_hints_from_the_kernel_the_folder_is_polled(self, tmp_path, monkeypatch):
        def fail(*_args, **_kwargs):
            raise OSError(28, "inotify watch limit reached")

        monkeypatch.setattr("stores.watching.awatch", fail)
        with structlog.testing.capture_logs() as logs:
            async with watched(tmp_path) as found:
                put(tmp_path / "a.yaml", app())
                await until(lambda: found.told == ["synced", "ADDED web"])
        assert len([log for log in logs if "no hints" in log["event"]]) == 1


async def test_changes_are_told_within_a_second_with_the_real_times(tmp_path):
    from stores.directory import Timing

    put(tmp_path / "a.yaml", app())
    async with watched(tmp_path, timing=Timing(rescan=3600.0)) as found:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        put(tmp_path / "a.yaml", app(project="new"))
        await until(lambda: found.projects() == {"web": "new"})
        shutil.rmtree(tmp_path / "zz", ignore_errors=True)
        (tmp_path / "a.yaml").unlink()
        await until(lambda: found.told[-1] == "DELETED web")
        assert loop.time() - begun < 2.0
        assert [change.type for change in found.changes] == [ChangeType.ADDED, ChangeType.MODIFIED, ChangeType.DELETED]


@pytest.mark.parametrize("uid", ["x" * 129, "'a b'", "é", "12", "[a]"])
async def test_an_unfit_uid_is_a_fault_and_the_object_stays_what_it_was(tmp_path, uid):
    put(tmp_path / "a.yaml", app(uid=ONE))
    async with watched(tmp_path) as found:
        put(tmp_path / "a.yaml", app(uid=uid))
        await until(lambda: found.store.faults)
        await found.catch_up()
        assert [(fault.source, fault.line) for fault in found.store.faults] == [(f"{tmp_path}/a.yaml", 7)]
        assert "metadata.uid" in found.store.faults[0].message
        assert found.store.get(key()).uid == ONE
        assert found.told == ["ADDED web", "synced"]
