"""HPACK's table holds what the library's holds."""

import pytest
from hpack.exceptions import InvalidTableIndexError
from hpack.table import HeaderTable
from hypothesis import given
from hypothesis import strategies as st

from principal.door.http2.table import TABLE_BYTES, Field, Table

FIELDS = st.tuples(st.sampled_from(["a", "x-b", ":path"]), st.integers(0, 1500).map(lambda size: "v" * size))
ACTS = st.lists(FIELDS | st.sampled_from([0, 40, 200, TABLE_BYTES]), max_size=40)


def found(table: Table | HeaderTable, index: int) -> Field | None:
    try:
        entry = table.at(index) if isinstance(table, Table) else table.get_by_index(index)
    except InvalidTableIndexError:
        return None
    name, value = (each if isinstance(each, str) else str(each, "latin-1") for each in entry)
    return name, value


@given(ACTS)
def test_whatever_is_added_and_however_it_is_resized(acts: list[Field | int]) -> None:
    ours, theirs = Table(), HeaderTable()
    for act in acts:
        if isinstance(act, int):
            ours.resize(act)
            theirs.maxsize = act
        else:
            ours.add(act)
            theirs.add(act[0].encode(), act[1].encode())
        for index in range(120):
            assert found(ours, index) == found(theirs, index)


def test_an_index_beyond_the_table_says_how_long_it_is() -> None:
    table = Table()
    table.add(("a", "b"))
    assert table.at(62) == ("a", "b")
    with pytest.raises(InvalidTableIndexError, match="index 63, where the table has 62"):
        table.at(63)
