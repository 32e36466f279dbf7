import os

import pytest

from stores import scanning
from stores.scanning import scan
from tests.stores.samples import put


def test_manifests_are_found_in_every_folder(tmp_path):
    for name in (
        "a.yaml",
        "b.yml",
        "c/d.json",
        "c/e/f.yaml",
        "readme.md",
        ".hidden.yaml",
        ".git/g.yaml",
        "c/.h/i.yaml",
    ):
        put(tmp_path / name, "a: 1")
    found = scan(tmp_path)
    assert sorted(found.files) == ["a.yaml", "b.yml", "c/d.json", "c/e/f.yaml"]
    assert (found.broken, found.hidden) == ({}, {})
    assert found.root_inode == tmp_path.stat().st_ino


def test_a_signature_changes_with_the_file(tmp_path):
    put(tmp_path / "a.yaml", "a: 1")
    before = scan(tmp_path).files
    assert scan(tmp_path).files == before
    put(tmp_path / "a.yaml", "a: 2")
    assert scan(tmp_path).files != before


def test_links_are_followed_but_not_in_circles(tmp_path):
    root = tmp_path / "root"
    put(tmp_path / "elsewhere" / "x.yaml", "a: 1")
    put(root / "sub" / "b.yaml", "a: 1")
    (root / "a.yaml").symlink_to(tmp_path / "elsewhere" / "x.yaml")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "sub" / "up").symlink_to(root)
    (root / "sub" / "self").symlink_to(root / "sub")
    assert sorted(scan(root).files) == ["a.yaml", "linked/x.yaml", "sub/b.yaml"]


def test_a_link_that_leads_nowhere_or_in_circles_is_a_fault(tmp_path):
    (tmp_path / "a.yaml").symlink_to(tmp_path / "nothing")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "b.yaml")
    (tmp_path / "c").symlink_to(tmp_path / "nothing")
    found = scan(tmp_path)
    assert sorted(found.broken) == ["a.yaml", "b.yaml"]
    assert (
        str(found.broken["a.yaml"])
        == f"{tmp_path}/a.yaml: this file cannot be read: No such file or directory; what it held is kept"
    )


def test_a_folder_with_the_name_of_a_file_is_a_fault_and_is_read(tmp_path):
    put(tmp_path / "a.yaml" / "b.yaml", "a: 1")
    found = scan(tmp_path)
    assert list(found.files) == ["a.yaml/b.yaml"]
    assert "folder" in found.broken["a.yaml"].message


def test_a_root_that_is_not_there_is_hidden(tmp_path):
    found = scan(tmp_path / "nothing")
    assert list(found.hidden) == [""]
    assert found.root_inode == 0


def test_a_folder_that_cannot_be_listed_is_hidden_and_the_others_are_read(tmp_path, monkeypatch):
    put(tmp_path / "dark" / "a.yaml", "a: 1")
    put(tmp_path / "b.yaml", "a: 1")
    listed = os.scandir

    def scandir(path):
        if path.name == "dark":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = scan(tmp_path)
    assert list(found.files) == ["b.yaml"]
    assert "Permission denied" in found.hidden["dark"].message


@pytest.mark.parametrize(("name", "value", "where"), [("MAX_ENTRIES", 3, ""), ("MAX_LEVELS", 1, "c/e")])
def test_a_folder_beyond_the_bounds_is_hidden(tmp_path, monkeypatch, name, value, where):
    for path in ("a.yaml", "b.yaml", "c/d.yaml", "c/e/f.yaml"):
        put(tmp_path / path, "a: 1")
    monkeypatch.setattr(scanning, name, value)
    assert list(scan(tmp_path).hidden) == [where]
