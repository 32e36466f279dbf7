"""The JSON inside events, read and written so that both ends agree on it.

Reading is as strict as Go's decoder (UTF-8 only, no NaN, no number beyond a float's range), so that what passes here
can be passed on. Writing takes what a manifest reader yields and refuses what JSON cannot say.
"""

import base64
import json
import math
from collections.abc import Mapping
from typing import Any, Never

from hubproto.errors import EventError

_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def read_json(data: bytes) -> Any:
    r"""Read one JSON value; EventError of rule `bad-json` when it is none, or nested too deep to be read.

    A lone surrogate (`"\ud800"`) becomes U+FFFD as in Go: kept, it could be neither stored nor sent again.
    """
    try:
        text = data.decode("utf-8")
        value = json.loads(text, parse_float=_finite, parse_constant=_no_constant)
        return _without_surrogates(value) if "\\ud" in text or "\\uD" in text else value
    except RecursionError as error:
        raise EventError("bad-json", "data is nested too deep: fewer than some hundred levels are accepted") from error
    except ValueError as error:
        raise EventError("bad-json", f"data ({len(data)} bytes) is not JSON in UTF-8: {error}") from error


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
