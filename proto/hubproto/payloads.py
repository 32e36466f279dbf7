"""The JSON inside events, read and written so that both ends agree on it.

Reading is as strict as Go's decoder (UTF-8 only, no NaN, no number beyond a float's range), so that what passes here
can be passed on. Writing takes what a manifest reader yields and refuses what JSON cannot say.
"""

import base64
import json
import math
from collections.abc import Mapping
from itertools import chain
from typing import Any, Final, Never

from hubproto.errors import EventError

MAX_DEPTH: Final = 100
"""Levels of lists and mappings in what a peer sent. Real objects have some twenty; what copies, compares or writes them
takes several calls a level, of which Python allows a thousand, so a payload just short of that would break its reader.
"""

_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_TOO_DEEP = f"data is nested too deep: at most {MAX_DEPTH} levels are accepted"


def read_json(data: bytes) -> Any:
    r"""Read one JSON value; EventError of rule `bad-json` when it is none, or nested deeper than MAX_DEPTH.

    A lone surrogate (`"\ud800"`) becomes U+FFFD as in Go: kept, it could be neither stored nor sent again.
    """
    try:
        text = data.decode("utf-8")
        value = json.loads(text, parse_float=_finite, parse_constant=_no_constant)
    except RecursionError as error:
        raise EventError("bad-json", _TOO_DEEP) from error
    except ValueError as error:
        raise EventError("bad-json", f"data ({len(data)} bytes) is not JSON in UTF-8: {error}") from error
    # Few brackets cannot nest deep, and most payloads have few.
    if text.count("{") + text.count("[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise EventError("bad-json", _TOO_DEEP)
    return _without_surrogates(value) if "\\ud" in text or "\\uD" in text else value


def write_json(value: Any) -> bytes:
    """Write a value as compact ASCII JSON, bytes as base64 as in Go; EventError of rule `bad-json` if impossible."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_plain).encode("ascii")
    except RecursionError as error:
        raise EventError("bad-json", "payload is nested too deep for JSON") from error
    except (TypeError, ValueError) as error:
        raise EventError("bad-json", f"payload cannot be written as JSON: {error}") from error


def well_formed(text: str) -> str:
    """Replace every lone surrogate by U+FFFD, as Go's JSON decoder does."""
    return text if text.isascii() else text.translate(_SURROGATES)


def _depth(value: Any) -> int:
    """Count the levels of lists and dicts, level by level: a deep value must not end in a deep recursion here."""
    depth = 0
    level = [value] if isinstance(value, list | dict) else []
    while level:
        depth += 1
        below = chain.from_iterable(node.values() if isinstance(node, dict) else node for node in level)
        level = [child for child in below if isinstance(child, list | dict)]
    return depth


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {well_formed(key): _without_surrogates(item) for key, item in value.items()}
    return value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"number {text[:40]} is beyond the range of a 64-bit float")
    return number


def _no_constant(text: str) -> Never:
    raise ValueError(f"{text} is no JSON value")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"a {type(value).__name__} is no JSON value; text, numbers, booleans, lists and mappings are")
