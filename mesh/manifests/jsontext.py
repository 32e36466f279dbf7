"""JSON texts: read as JSON, since they are read ten times as fast and may hold escapes that YAML does not know.

A text that is not JSON throughout (or too large to be sure of its bounds) is left to the YAML reader, of which JSON is
almost a subset, and which then names what is wrong.
"""

import json
from typing import Any, Final, NoReturn

from mesh.manifests.frames import UnfitError
from mesh.manifests.limits import MAX_DEPTH, MAX_DOCUMENTS, MAX_NODES
from mesh.manifests.scalars import ScalarError, number, whole

_SPACE: Final = " \t\r\n"


def read_json(text: str) -> list[tuple[dict[str, Any], int, int]] | None:
    """Return each JSON object of `text` with its start and end offset; None for anything else or too large."""
    if sum(map(text.count, ",{[")) > MAX_NODES:
        return None
    decoder = json.JSONDecoder(
        object_pairs_hook=_mapping, parse_int=whole, parse_float=_float, parse_constant=_refuse, strict=True
    )
    values: list[tuple[dict[str, Any], int, int]] = []
    at = _skip_space(text, 0)
    try:
        while at < len(text) and len(values) <= MAX_DOCUMENTS:
            value, end = decoder.raw_decode(text, at)
            values.append((value, at, end))
            at = _skip_space(text, end)
    except (ValueError, UnfitError, RecursionError):
        return None
    return values if all(_is_fit(text, value) for value, _, _ in values) else None


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise UnfitError(1, "a key stands twice")
    return mapping


def _float(text: str) -> int | float:
    return number(float(text))


def _refuse(text: str) -> NoReturn:
    raise ScalarError(f"{text} has no value in JSON")


def _is_fit(text: str, value: Any) -> bool:
    return isinstance(value, dict) and _is_shallow(value) and _is_text(text, value)


def _is_shallow(value: dict[str, Any]) -> bool:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]
        if not level:
            return True
    return False


def _is_text(text: str, value: Any) -> bool:
    """Whether no string is half of a surrogate pair; only an escape could have made one."""
    if "\\ud" not in text and "\\uD" not in text:
        return True
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
