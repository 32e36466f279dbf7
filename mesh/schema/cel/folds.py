"""The macros that go through a list or a map.

Each maker takes the source, the places of the variables in the frame and the bodies, and returns a function of a frame.
With two variables they are the index or key and the value; with one, the item, or the key of a map.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any, Final

from mesh.schema.cel.values import NONE, CelError, Optional, compare, key_of, no_overload

Run = Callable[[list[Any]], Any]
Maker = Callable[[Run, tuple[int, ...], tuple[Run, ...]], Run]


def _steps(frame: list[Any], source: Run, slots: tuple[int, ...]) -> Iterator[Any]:
    """Put each item into the frame and yield it (of a map, the key)."""
    value = source(frame)
    if type(value) not in (list, dict):
        raise no_overload()
    if len(slots) == 1:
        (slot,) = slots
        for item in value:
            frame[slot] = item
            yield item
        return
    for key, item in value.items() if type(value) is dict else enumerate(value):
        frame[slots[0]], frame[slots[1]] = key, item
        yield key


def _all(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    return _until(source, slots, bodies[0], stop=False)


def _exists(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    return _until(source, slots, bodies[0], stop=True)


def _until(source: Run, slots: tuple[int, ...], body: Run, *, stop: bool) -> Run:
    def until(frame: list[Any]) -> bool:
        error: CelError | None = None
        for _ in _steps(frame, source, slots):
            try:
                result = body(frame)
            except CelError as raised:
                error = raised
                continue
            if result is stop:
                return bool(result)
            if type(result) is not bool:
                error = no_overload()
        if error is not None:
            raise error
        return not stop

    return until


def _exists_one(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    body = bodies[0]

    def exists_one(frame: list[Any]) -> bool:
        return sum(_truth(body(frame)) for _ in _steps(frame, source, slots)) == 1

    return exists_one


def _filter(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    body = bodies[0]
    return lambda frame: [item for item in _steps(frame, source, slots) if _truth(body(frame))]


def _map(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    if len(bodies) == 1:
        body = bodies[0]
        return lambda frame: [body(frame) for _ in _steps(frame, source, slots)]
    condition, chosen = bodies
    return lambda frame: [chosen(frame) for _ in _steps(frame, source, slots) if _truth(condition(frame))]


def _transform_map(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    *conditions, body = bodies

    def transform(frame: list[Any]) -> dict[Any, Any]:
        steps = _steps(frame, source, slots)
        return {key: body(frame) for key in steps if all(_truth(condition(frame)) for condition in conditions)}

    return transform


def _transform_entries(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    *conditions, body = bodies

    def transform(frame: list[Any]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for _ in _steps(frame, source, slots):
            if not all(_truth(condition(frame)) for condition in conditions):
                continue
            entries = body(frame)
            if type(entries) is not dict:
                raise no_overload()
            for key, value in entries.items():
                if key in found:
                    raise CelError(f"insert failed: key {key} already exists")
                found[key_of(key)] = value
        return found

    return transform


def _sort_by(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    body = bodies[0]

    def sort(frame: list[Any]) -> list[Any]:
        keyed = [(body(frame), item) for item in _steps(frame, source, slots)]
        frame[0].spend(len(keyed) * max(1, len(keyed).bit_length()))
        by_key = functools.cmp_to_key(compare)
        return [item for _, item in sorted(keyed, key=lambda each: by_key(each[0]))]

    return sort


def _opt_map(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    body = bodies[0]

    def opt_map(frame: list[Any]) -> Optional:
        value = _present(source(frame))
        if not value.present:
            return NONE
        frame[slots[0]] = value.value
        return Optional(body(frame), present=True)

    return opt_map


def _opt_flat_map(source: Run, slots: tuple[int, ...], bodies: tuple[Run, ...]) -> Run:
    nested = _opt_map(source, slots, bodies)

    def opt_flat_map(frame: list[Any]) -> Optional:
        value: Optional = nested(frame)
        return _present(value.value) if value.present else NONE

    return opt_flat_map


def _present(value: Any) -> Optional:
    if type(value) is not Optional:
        raise no_overload()
    return value


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise no_overload()
    return bool(value)


FOLDERS: Final[dict[str, Maker]] = {
    "all": _all,
    "exists": _exists,
    "exists_one": _exists_one,
    "existsOne": _exists_one,
    "filter": _filter,
    "map": _map,
    "sortBy": _sort_by,
    "transformList": _map,
    "transformMap": _transform_map,
    "transformMapEntry": _transform_entries,
    "optMap": _opt_map,
    "optFlatMap": _opt_flat_map,
}
"""Makers by macro."""
