"""Times as texts."""

from hypothesis import given
from hypothesis import strategies as st

from principal.clock import Stamps, rfc3339


@given(st.lists(st.floats(0, 4e9), min_size=1, max_size=5))
def test_a_stamp_is_the_wall_time_to_the_millisecond(walls: list[float]) -> None:
    stamps = Stamps()
    for wall in walls:
        assert stamps.at(wall) == rfc3339(int(wall * 1000) / 1000)


def test_times_of_one_millisecond_have_one_text() -> None:
    stamps = Stamps()
    assert stamps.at(1_790_000_000.1231) is stamps.at(1_790_000_000.1239)
    assert stamps.at(1_790_000_000.1231) == "2026-09-21T14:13:20.123Z"
    assert stamps.at(1_790_000_000.1241) == "2026-09-21T14:13:20.124Z"
