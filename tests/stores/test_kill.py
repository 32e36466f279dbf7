"""`kill -9` at any moment: nothing is half-written, nothing is lost, and nothing is left behind."""

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mesh.manifests import read_documents
from stores.directory import DirectoryStore
from stores.leftovers import RESCUED
from tests.stores.samples import UID, app, names_in, put
from tests.stores.watcher import FAST

pytestmark = pytest.mark.process

KILLS = 30
HOME = Path(__file__).parents[2]


class User(threading.Thread):
    """Writes a file anew, as an editor does, while the store does too."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.stop = threading.Event()
        self.written = []

    def run(self):
        while not self.stop.wait(0.01):
            self.written.append(app("edited", project=f"edit-{len(self.written)}", uid=UID.format(number=7)))
            put(self.path, self.written[-1])


def kill_while_busy(root, chance, user):
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.stores.busy_child", str(root)],
        cwd=HOME,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with child:
        assert child.stdout.readline() == b"ready\n", child.stderr.read()
        user.start()
        try:
            child.wait(chance.uniform(0.02, 0.3))
        except subprocess.TimeoutExpired:
            pass
        assert child.returncode is None, child.stderr.read()
        child.send_signal(signal.SIGKILL)
    # Stopped after the kill, so that an edit may be the last thing that happens to the file.
    user.stop.set()
    user.join()


def hidden(root):
    return [path for path in root.rglob(".*") if path.name.endswith((".mt", ".mtpart"))]


async def check(root, user, written):
    """Open the store as the next process would, and look at every file."""
    store = DirectoryStore(root, timing=FAST)
    await store.open()
    try:
        assert not store.faults
        names = {found.key.name for found in store.list("Application")}
        assert names >= {"a", "b", "c", "d", "edited"}
    finally:
        await store.close()
    assert hidden(root) == []
    for path in root.rglob("*.yaml"):
        documents, faults = read_documents(path.read_text(), str(path))
        assert documents
        assert not faults
    for path, text in written.items():
        kept = [line for line in path.read_text().split("\n") if line.lstrip().startswith(("#", "odd"))]
        assert kept == [line for line in text.split("\n") if line.lstrip().startswith(("#", "odd"))]
    if user.written:
        last = f"project: edit-{len(user.written) - 1}\n"
        assert last in user.path.read_text()


async def test_nothing_is_lost_when_the_process_is_killed_at_any_moment(tmp_path):
    chance = random.Random(20261121)
    written = {
        tmp_path / "one.yaml": app("a", more="  # inside\nodd:   [1,2]  # here\n"),
        tmp_path / "more.yaml": "# top\n" + app("b") + "---\n" + app("c", more="# tail\n") + "---\n# last\n" + app("d"),
    }
    for path, text in written.items():
        put(path, text)
    put(tmp_path / "edited.yaml", app("edited", uid=UID.format(number=7)))
    left = 0
    kills = 0
    # About one kill in six leaves something behind; without any, the kills would have come at harmless moments only.
    while kills < KILLS or (left == 0 and kills < 3 * KILLS):
        kills += 1
        user = User(tmp_path / "edited.yaml")
        kill_while_busy(tmp_path, chance, user)
        left += len(hidden(tmp_path))
        await check(tmp_path, user, written)
    assert left > 0
    assert all(
        RESCUED in name or name.endswith(".yaml") or "." not in name for name in names_in(tmp_path) if name[0] != "."
    )
