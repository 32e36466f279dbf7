import pytest

from stores.atomic import MAX_NAME
from stores.model import StoreError
from stores.places import checked_kind, made_folder, new_paths, real_file
from tests.stores.samples import key, names_in

BAD = ["", ".", "..", "../x", "a/b", "/etc", "A", "a\n", "a\x00", "-a", "a_b", "ä", "a" * 300, " "]


@pytest.mark.parametrize("name", BAD)
def test_names_that_could_lead_elsewhere_are_refused(name):
    for bad in (key(name), key(namespace=name)):
        with pytest.raises(StoreError) as caught:
            list(new_paths(bad))
        assert not caught.value.retryable


def test_a_namespace_is_a_label():
    with pytest.raises(StoreError, match="namespace"):
        list(new_paths(key(namespace="a.b")))


def test_a_kind_that_stores_do_not_keep_is_refused():
    with pytest.raises(StoreError, match="Application, AppProject"):
        checked_kind(key(kind="../Secret"))


def test_a_new_object_has_a_file_by_its_names():
    first, second = new_paths(key("web.v1"))
    assert first == "agent-a/applications/web.v1.yaml"
    assert second.startswith("agent-a/applications/web.v1-")


def test_long_names_give_file_names_that_can_be_hidden_and_differ():
    (one,) = new_paths(key("a" * 253))
    (other,) = new_paths(key("a" * 252 + "b"))
    assert one != other
    assert all(len(path.rpartition("/")[2]) <= MAX_NAME for path in (one, other))


def test_folders_are_made_below_the_root(tmp_path):
    assert made_folder(tmp_path, "ns/applications/x.yaml") == tmp_path / "ns" / "applications"
    assert (tmp_path / "ns" / "applications").is_dir()


def test_a_root_that_is_gone_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError):
        made_folder(tmp_path / "gone", "ns/applications/x.yaml")


def test_a_link_out_of_the_root_is_not_written_through(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "x.yaml").write_text("a: 1")
    (root / "ns").symlink_to(outside)
    (root / "x.yaml").symlink_to(outside / "x.yaml")
    with pytest.raises(StoreError, match="outside"):
        made_folder(root, "ns/applications/x.yaml")
    for path in ("ns/x.yaml", "x.yaml"):
        with pytest.raises(StoreError, match="outside"):
            real_file(root, path)
    assert names_in(outside) == ["x.yaml"]


def test_a_link_within_the_root_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "ns").symlink_to("real")
    assert made_folder(tmp_path, "ns/applications/x.yaml") == tmp_path / "real" / "applications"
    assert not real_file(tmp_path, "ns/applications").is_symlink()


def test_a_root_behind_a_link_is_a_root(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    assert made_folder(tmp_path / "root", "ns/applications/x.yaml") == tmp_path / "real" / "ns" / "applications"
