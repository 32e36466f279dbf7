"""The last few of something, in a list: most agents have none, and an empty deque takes 760 bytes."""

from typing import TypeVar

_T = TypeVar("_T")


def remember(kept: list[_T], one: _T, *, most: int) -> None:
    """Put `one` behind the others, and drop the oldest when that makes more than `most`."""
    kept.append(one)
    if len(kept) > most:
        del kept[0]
