from stores.quiet import Quiet
from stores.snapshots import Signature


def at(number):
    return Signature(number, 1, 1, 1)


def test_a_file_is_read_when_it_looked_the_same_for_long_enough():
    quiet = Quiet(quiet=0.05, longest=1.0)
    assert quiet.ready({"a": at(1)}, 10.0) == []
    assert quiet.next_time() == 10.05
    assert quiet.ready({"a": at(1)}, 10.04) == []
    assert quiet.ready({"a": at(1)}, 10.05) == ["a"]
    assert quiet.next_time() is None


def test_a_file_that_changes_is_waited_for_anew():
    quiet = Quiet(quiet=0.05, longest=1.0)
    quiet.ready({"a": at(1)}, 10.0)
    assert quiet.ready({"a": at(2)}, 10.05) == []
    assert quiet.ready({"a": at(2)}, 10.11) == ["a"]


def test_a_file_that_never_rests_is_read_all_the_same():
    quiet = Quiet(quiet=0.05, longest=1.0)
    ready = [quiet.ready({"a": at(step)}, 10.0 + step * 0.04) for step in range(26)]
    assert ready == [[]] * 25 + [["a"]]


def test_a_file_that_is_as_it_was_read_is_forgotten():
    quiet = Quiet(quiet=0.05, longest=1.0)
    quiet.ready({"a": at(1), "b": at(1)}, 10.0)
    assert quiet.ready({"b": at(1)}, 11.0) == ["b"]
    assert quiet.ready({"a": at(1)}, 12.0) == []


def test_the_files_that_are_ready_come_by_path():
    quiet = Quiet(quiet=0.0, longest=1.0)
    assert quiet.ready({"b": at(1), "a": at(1)}, 1.0) == ["a", "b"]
