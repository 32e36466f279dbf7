"""Random stories of files against a naive model, on real files and a clock of our own."""

import itertools
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stores.drafting import commit, draft
from stores.folder import Folder
from stores.memory import Memory
from stores.model import ChangeType
from stores.quiet import Quiet
from stores.view import View
from tests.stores.samples import app, key, put

IDENTITY = "7f0f6e2a-3c3f-4bb5-9d37-0a6b1cdd6b2c"
PATHS = st.sampled_from(["a.yaml", "b.yml", "sub/c.yaml", "sub/deep/d.json"])
NAMES = st.sampled_from(["one", "two", "three"])
OBJECTS = st.dictionaries(NAMES, st.sampled_from(["red", "green"]), max_size=3)
BREAKAGE = st.sampled_from(["a: [", "- 1\n", "kind: Application\n", "\x00", "a: 1\na: 2\n"])


def text_of(objects):
    return "---\n".join(app(name, project=project) for name, project in objects.items()) or "# nothing\n"


class Stories(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder_of_test = tempfile.TemporaryDirectory()
        self.root = Path(self.folder_of_test.name)
        self.clock = itertools.count(1)
        self.view = View(settle=0.25)
        self.folder = Folder(
            self.root,
            self.view,
            Memory(self.root, writes=False),
            identity=IDENTITY,
            keeps_identity=False,
            assign_uids=True,
            quiet=Quiet(quiet=0.05),
        )
        # The model: what each file shows, and what it is believed to hold although it does not show it.
        self.live: dict[str, dict[str, str]] = {}
        self.held: dict[str, dict[str, str]] = {}
        self.faulty: dict[str, bool] = {}
        self.told: dict[str, str] = {}
        self.uids: dict[str, str] = {}

    def teardown(self):
        self.folder_of_test.cleanup()

    def show(self, path, objects, *, is_faulty):
        before = {**self.held.get(path, {}), **self.live.get(path, {})}
        for name in objects:
            if name not in before:
                for other in self.held.values():
                    other.pop(name, None)
        self.live[path] = dict(objects)
        self.faulty[path] = is_faulty
        self.held[path] = {name: at for name, at in before.items() if is_faulty and name not in objects}

    @rule(path=PATHS, objects=OBJECTS)
    def write(self, path, objects):
        put(self.root / path, text_of(objects))
        self.show(path, objects, is_faulty=False)

    @rule(path=PATHS, objects=OBJECTS, breakage=BREAKAGE)
    def write_with_a_fault(self, path, objects, breakage):
        put(self.root / path, f"{text_of(objects)}---\n{breakage}")
        # A character that YAML does not take is found before anything is read.
        self.show(path, {} if breakage == "\x00" else objects, is_faulty=True)

    @rule(path=PATHS)
    def empty(self, path):
        put(self.root / path, "")
        self.show(path, {}, is_faulty=True)

    @rule(path=PATHS)
    def delete(self, path):
        (self.root / path).unlink(missing_ok=True)
        self.show(path, {}, is_faulty=False)

    @rule(path=PATHS, other=PATHS)
    def rename(self, path, other):
        if path != other and (self.root / path).exists():
            (self.root / other).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).replace(self.root / other)
            objects, is_faulty = self.live[path], self.faulty[path]
            self.show(path, {}, is_faulty=False)
            self.show(other, objects, is_faulty=is_faulty)

    @rule(path=PATHS)
    def replace_by_a_link_to_nowhere(self, path):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).unlink(missing_ok=True)
        (self.root / path).symlink_to("nowhere")
        self.show(path, {}, is_faulty=True)

    @rule(name=NAMES)
    def update(self, name):
        path = self.owner(name)
        if path is None or name in self.held[path]:
            return
        base = draft(self.folder, key(name))
        assert base.data["spec"]["project"] == self.live[path][name]
        outcome = commit(self.folder, base, {**base.data, "spec": {"project": "blue"}}, now=float(next(self.clock)))
        self.apply(outcome, now=float(next(self.clock)))
        self.live[path][name] = "blue"

    def owner(self, name):
        files = {*self.live, *self.held}
        return min(
            (path for path in files if name in self.live.get(path, {}) or name in self.held.get(path, {})), default=None
        )

    def expected(self):
        found = {}
        for name in ("one", "two", "three"):
            path = self.owner(name)
            if path is not None:
                found[name] = {**self.held.get(path, {}), **self.live.get(path, {})}[name]
        return found

    def apply(self, outcome, *, now):
        for wanted, (data, origin) in outcome.shown.items():
            self.view.show(wanted, data, origin=origin, stamp=int(now))
        for wanted in outcome.missing:
            self.view.miss(wanted, now=now)
        self.view.settle(now=now)

    @invariant()
    def the_view_and_what_was_told_are_as_the_model_has_it(self):
        for _ in range(3):
            now = float(next(self.clock))
            self.apply(self.folder.look(now), now=now)
        found = {each.key.name: each.spec["project"] for each in self.view.objects()}
        assert found == self.expected()
        for change in self.view.changes():
            name = change.object.key.name
            if change.type is ChangeType.DELETED:
                del self.told[name]
                del self.uids[name]
            else:
                assert (name in self.told) == (change.type is ChangeType.MODIFIED)
                assert self.uids.setdefault(name, change.object.uid) == change.object.uid
                self.told[name] = change.object.spec["project"]
        assert self.told == found
        assert self.view.next_time() is None
        assert self.folder.next_time(0.0) is None
        faulty = any(self.held.values()) or self.duplicates()
        assert not faulty or self.folder.reading.faults

    def duplicates(self):
        names = [name for objects in self.live.values() for name in objects]
        return len(names) != len(set(names))


Stories.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
test_stories_of_files_end_as_the_model_says = Stories.TestCase
