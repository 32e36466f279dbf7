"""Who has an object: each test tells a story of files, in order."""

from mesh.manifests import Fault
from stores.content import read_content
from stores.tree import Tree
from tests.stores.samples import app, key

BROKEN = "a: [1"


class Story:
    def __init__(self):
        self.tree = Tree()

    def put(self, path, text):
        return self.tree.put(path, read_content(text.encode(), path), source=path)

    def hold(self, path):
        return self.tree.hold(path, Fault(path, 0, "gone dark"))

    def project(self, wanted=None):
        owner = self.tree.owner(wanted or key())
        return None if owner is None else (owner[0], owner[1].data["spec"]["project"])

    def faults(self):
        return [str(fault) for fault in sorted(self.tree.faults())]


def test_an_object_belongs_to_its_file_and_goes_with_it():
    story = Story()
    assert story.put("a", app()) == {key()}
    assert story.project() == ("a", "default")
    assert story.tree.drop("a") == {key()}
    assert story.project() is None


def test_an_object_taken_out_of_a_sound_file_is_gone():
    story = Story()
    story.put("a", app("one") + "---\n" + app("two"))
    assert story.put("a", app("one")) == {key("one"), key("two")}
    assert story.project(key("two")) is None


def test_a_broken_file_keeps_what_it_held():
    story = Story()
    story.put("a", app(project="old"))
    story.put("a", BROKEN)
    assert story.project() == ("a", "old")
    assert story.tree.is_held(key(), "a")
    story.put("a", BROKEN + ", 2")
    assert story.project() == ("a", "old")
    story.put("a", app(project="new"))
    assert story.project() == ("a", "new")
    assert story.faults() == []


def test_a_file_with_one_unfit_document_keeps_the_missing_and_shows_the_others():
    story = Story()
    story.put("a", app("one") + "---\n" + app("two"))
    story.put("a", app("one", project="new") + "---\nkind: Application\n")
    assert story.project(key("one")) == ("a", "new")
    assert story.project(key("two")) == ("a", "default")


def test_an_empty_file_keeps_what_it_held_and_comments_do_not():
    story = Story()
    story.put("a", "")
    assert story.faults() == []
    story.put("a", app())
    story.put("a", "")
    assert story.project() == ("a", "default")
    assert "empty" in story.faults()[0]
    story.put("a", "")
    assert story.project() == ("a", "default")
    story.put("a", "# nothing any more\n")
    assert story.project() is None


def test_an_unreadable_file_keeps_what_it_held_until_it_is_gone():
    story = Story()
    story.put("a", app())
    story.hold("a")
    assert story.project() == ("a", "default")
    assert story.faults() == ["a: gone dark"]
    assert story.tree.is_held_for("a", Fault("a", 0, "gone dark"))
    assert not story.tree.is_held_for("a", Fault("a", 0, "another"))
    story.tree.drop("a")
    assert story.project() is None


def test_the_first_file_by_path_keeps_an_object_and_the_other_is_a_fault():
    story = Story()
    story.put("b", app(project="b"))
    assert story.faults() == []
    story.put("a", app(project="a"))
    assert story.project() == ("a", "a")
    assert story.faults() == [f"b:2: {key()} is already in a:2"]


def test_the_second_file_takes_over_when_the_first_is_gone():
    story = Story()
    story.put("a", app(project="a"))
    story.put("b", app(project="b"))
    assert story.tree.drop("a") == {key()}
    assert story.project() == ("b", "b")
    assert story.faults() == []


def test_a_broken_file_keeps_its_object_against_an_older_duplicate():
    story = Story()
    story.put("a", app(project="a"))
    story.put("b", app(project="b"))
    story.put("a", BROKEN)
    assert story.project() == ("a", "a")


def test_an_object_that_appears_elsewhere_was_moved_out_of_the_broken_file():
    story = Story()
    story.put("a", app(project="a"))
    story.put("a", BROKEN)
    story.put("b", app(project="b"))
    assert story.project() == ("b", "b")
    assert [fault for fault in story.faults() if "already" in fault] == []
    story.tree.drop("b")
    assert story.project() is None


def test_dropping_what_was_never_read_is_harmless():
    assert Story().tree.drop("a") == set()
