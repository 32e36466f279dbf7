"""Comparing and copying the data of objects: JSON values, as strictly as JSON tells them apart."""

import math
from typing import Any

from mesh.manifests import MAX_DEPTH, MAX_NODES
from stores.model import StoreError


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal. Unlike Python's `==`, true is not 1; but 1.0 is 1, as in Kubernetes."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and len(one) == len(other)
            and all(key in other and same(value, other[key]) for key, value in one.items())
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def copy_of(value: Any) -> Any:
    """Return a copy of data that came from a store; at most MAX_DEPTH calls deep, since reading is bounded by it."""
    if isinstance(value, dict):
        return {key: copy_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_of(item) for item in value]
    return value


def checked_copy(data: Any) -> Any:
    """Return a copy of data that somebody wants stored; StoreError when a manifest could not hold it."""
    return _Checking().copy(data, ())


class _Checking:
    def __init__(self) -> None:
        self._nodes = 0

    def copy(self, value: Any, path: tuple[str | int, ...]) -> Any:
        self._nodes += 1
        if len(path) > MAX_DEPTH or self._nodes > MAX_NODES:
            raise _unfit(path, f"more than {MAX_DEPTH} levels or {MAX_NODES} values")
        if isinstance(value, dict):
            return {self._key(key, path): self.copy(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.copy(item, (*path, position)) for position, item in enumerate(value)]
        return _scalar(value, path)

    def _key(self, key: Any, path: tuple[str | int, ...]) -> str:
        if not isinstance(key, str):
            raise _unfit(path, f"the key {key!r} is no text")
        return str(_scalar(key, path))


def _scalar(value: Any, path: tuple[str | int, ...]) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _unfit(path, f"{value} has no value in JSON")
        return value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _unfit(path, "half of a surrogate pair, which is no character") from None
        return value
    raise _unfit(path, f"{type(value).__name__} is no JSON value")


def _unfit(path: tuple[str | int, ...], reason: str) -> StoreError:
    where = ".".join(map(str, path[:8])) or "the object"
    return StoreError(f"cannot be stored: {where}: {reason}", retryable=False)
