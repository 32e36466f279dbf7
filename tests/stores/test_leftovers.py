import pytest

from stores import renames
from stores.atomic import digest
from stores.leftovers import recover
from tests.stores.samples import names_in

BASE, OURS, THEIRS, NEWER = b"base\n", b"ours\n", b"theirs\n", b"newer\n"


def swap_name(ours=None):
    return f".a.yaml.{ours or digest(OURS)}.{digest(BASE)}.mt"


def after(folder):
    said = [(leftover.path.name, leftover.what) for leftover in recover(folder)]
    return {path.name: path.read_bytes() for path in folder.iterdir()}, said


@pytest.fixture(params=["exchange", "plain"], autouse=True)
def renaming(request, monkeypatch):
    if request.param == "plain":
        monkeypatch.setattr(renames, "_RENAMEAT2", None)


@pytest.mark.parametrize(
    ("there", "hidden", "left"),
    [
        (BASE, OURS, BASE),  # killed before the exchange
        (OURS, BASE, OURS),  # killed after it
        (THEIRS, OURS, THEIRS),  # killed when an edit had gone back
        (OURS, THEIRS, THEIRS),  # killed when an edit had just come out
        (None, THEIRS, THEIRS),  # the same, and our content deleted since
    ],
)
def test_a_hidden_file_is_judged_by_its_content(tmp_path, there, hidden, left):
    if there is not None:
        (tmp_path / "a.yaml").write_bytes(there)
    (tmp_path / swap_name()).write_bytes(hidden)
    files, said = after(tmp_path)
    assert files == {"a.yaml": left}
    assert bool(said) == (hidden == THEIRS)


def test_an_edit_that_met_a_newer_one_is_put_beside_it(tmp_path):
    (tmp_path / "a.yaml").write_bytes(NEWER)
    (tmp_path / swap_name()).write_bytes(THEIRS)
    files, said = after(tmp_path)
    beside = f"a.yaml.rescued-{digest(THEIRS)}"
    assert files == {"a.yaml": NEWER, beside: THEIRS}
    assert said == [(beside, "an edit that was made while we wrote is put beside a newer one")]


@pytest.mark.parametrize(("hidden", "left"), [(BASE, {}), (THEIRS, {"a.yaml": THEIRS})])
def test_a_file_taken_away_to_be_deleted_is_judged_too(tmp_path, hidden, left):
    (tmp_path / swap_name(ours="-")).write_bytes(hidden)
    assert after(tmp_path)[0] == left


def test_a_file_that_was_being_written_is_deleted(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / f"{swap_name()}part").write_bytes(b"ou")
    assert list(recover(tmp_path)) == []
    assert names_in(tmp_path / "sub") == []


def test_other_hidden_files_are_nobody_of_ours(tmp_path):
    kept = {".a.yaml.swp", ".mt", ".a.mt", ".a.yaml.x.y.mt", f".{digest(OURS)}.{digest(BASE)}.mt", ".env", "b.mt"}
    for name in kept:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / swap_name()).write_bytes(THEIRS)
    assert list(recover(tmp_path)) == []
    assert set(names_in(tmp_path)) == kept | {".git"}
    assert names_in(tmp_path / ".git") == [swap_name()]


def test_what_cannot_be_dealt_with_is_told(tmp_path):
    (tmp_path / swap_name()).mkdir()
    assert list(recover(tmp_path)) == []  # a folder is no file of ours
    (tmp_path / swap_name()).rmdir()
    (tmp_path / swap_name()).symlink_to("nowhere")
    assert [leftover.what for leftover in recover(tmp_path)] == ["cannot be dealt with: No such file or directory"]
