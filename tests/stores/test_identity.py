import uuid

import pytest

from stores.identity import FILE, FOLDER, fixed_identity, load_identity, make_identity
from stores.model import StoreError


def test_an_identity_is_made_once_and_stays(tmp_path):
    assert load_identity(tmp_path) is None
    identity = make_identity(tmp_path)
    assert str(uuid.UUID(identity)) == identity
    assert load_identity(tmp_path) == identity
    assert make_identity(tmp_path) == identity
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == [FILE]


@pytest.mark.parametrize("content", ["", "not a uuid", "\x00\xff"])
def test_an_identity_that_is_none_is_an_error_with_a_remedy(tmp_path, content):
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / FILE).write_text(content)
    with pytest.raises(StoreError, match="delete it"):
        load_identity(tmp_path)


def test_an_identity_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / FOLDER / FILE).mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be read"):
        load_identity(tmp_path)


def test_a_fixed_identity_follows_from_the_path(tmp_path):
    assert fixed_identity(tmp_path) == fixed_identity(tmp_path)
    assert fixed_identity(tmp_path) != fixed_identity(tmp_path / "other")
