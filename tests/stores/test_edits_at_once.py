"""A user who edits files without pause while the store writes into them: no edit is ever lost."""

import asyncio
import itertools
import threading
import time

import pytest

from stores import renames
from tests.stores.samples import UID, app, key, put
from tests.stores.watcher import until, watched

ONE = UID.format(number=1)
UPDATES = 200


class Editor(threading.Thread):
    """Edits a file as a person does: reads it, changes the project, writes it back; a little at a time.

    The store never changes the project, so an edit is lost if the file has an older one than was written last, and
    keeps it. For a moment it may: when an edit comes right before an exchange, the store's content has the name until
    the edit is put back, some microseconds later.
    """

    def __init__(self, path, *, in_place):
        super().__init__(daemon=True)
        self.path = path
        self.in_place = in_place
        self.stop = threading.Event()
        self.last = 0
        self.lost = []

    def run(self):
        for number in itertools.count(1):
            if self.stop.wait(0.003) or (text := self.text()) is None:
                return
            edited = text.replace(f"project: edit-{self.last}\n", f"project: edit-{number}\n")
            if self.in_place:
                self.path.write_text(edited)
            else:
                put(self.path, edited)
            self.last = number

    def text(self):
        """Return the file's text with the last edit in it; None, and note it, when that is lost."""
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            text = self.path.read_text()
            if f"project: edit-{self.last}\n" in text:
                return text
            time.sleep(0.001)
        self.lost.append((self.last, self.path.read_text()))
        return None


@pytest.mark.skipif(renames._RENAMEAT2 is None, reason="needs renameat2")
@pytest.mark.parametrize("in_place", [False, True], ids=["by rename", "in place"])
async def test_no_edit_is_lost_while_the_store_writes(tmp_path, in_place):
    path = tmp_path / "a.yaml"
    put(path, app(uid=ONE, project="edit-0"))
    async with watched(tmp_path) as found:
        editor = Editor(path, in_place=in_place)
        editor.start()
        written = 0
        for number in range(UPDATES):
            stored = await found.store.update(key(), lambda data, number=number: {**data, "status": {"count": number}})
            written += stored.status == {"count": number}
            await asyncio.sleep(0.001)
        editor.stop.set()
        await asyncio.to_thread(editor.join, 10)
        assert not editor.is_alive()
        assert editor.text() is not None
        assert editor.lost == []
        assert editor.last > 10
        assert written == UPDATES
        await until(lambda: found.projects() == {"web": f"edit-{editor.last}"})
        await found.catch_up()
        assert sorted(path.name for path in tmp_path.iterdir()) == [".meshtether", "a.yaml", "zz"]
