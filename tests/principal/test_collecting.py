"""The garbage collector of a principal that runs."""

import gc
import weakref

import pytest

from principal.collecting import THRESHOLD, quieten

pytestmark = pytest.mark.usefixtures("collector_as_before")


class Knot:
    """Something that only the collector frees."""

    def __init__(self) -> None:
        self.me = self


def test_what_is_there_is_left_alone_and_the_rest_is_looked_at_more_rarely() -> None:
    before = gc.get_freeze_count()
    quieten()
    assert gc.get_freeze_count() > before
    assert gc.get_threshold()[0] == THRESHOLD


def test_what_comes_later_is_still_freed() -> None:
    quieten()
    gone = weakref.ref(Knot())
    kept = [[] for _ in range(2 * THRESHOLD)]  # type: list[list[int]]
    assert gone() is None
    assert len(kept) == 2 * THRESHOLD
