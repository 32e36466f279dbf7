"""Checksums by which two sides compare objects without sending them, byte for byte as argocd-agent computes them.

They are SHA-256 over what Go's `json.Marshal` makes, so the writer below follows that function: keys sorted, `<`, `>`
and `&` escaped, numbers as Go prints them.
"""

import base64
import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hubproto.errors import ChecksumError
from hubproto.payloads import well_formed

_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(0x20), ord("<"), ord(">"), ord("&"), 0x2028, 0x2029)} | {
    ord("\b"): "\\b",
    ord("\t"): "\\t",
    ord("\n"): "\\n",
    ord("\f"): "\\f",
    ord("\r"): "\\r",
    ord('"'): '\\"',
    ord("\\"): "\\\\",
}

SUMMED_FIELD: Final = {"Secret": "data", "ConfigMap": "data"}
"""The field that is summed, by kind; of every other kind it is `spec`."""

_INT64: Final = range(-(2**63), 2**63)


def go_json(value: Any) -> bytes:
    """Write a value as Go's `json.Marshal` writes what a Kubernetes client has read from the same JSON.

    Whole numbers beyond 64 bits are floats there, a lone surrogate is U+FFFD, bytes are base64. ChecksumError for
    anything that JSON cannot say.
    """
    try:
        parts: list[str] = []
        _write(value, parts)
    except RecursionError as error:
        raise ChecksumError("value is nested too deep: fewer than some hundred levels are accepted") from error
    return "".join(parts).encode("utf-8")


def spec_checksum(obj: Mapping[str, Any]) -> bytes:
    """Sum an object's `spec` without `destination`, or the `data` of a Secret or ConfigMap: SHA-256, 32 bytes.

    ChecksumError when that field is missing; a ConfigMap's may be. `destination` is left out because it differs by
    nature: a principal names the cluster that the agent calls its own.
    """
    kind = obj.get("kind")
    field = SUMMED_FIELD.get(kind, "spec") if isinstance(kind, str) else "spec"
    value = obj.get(field)
    if value is None and kind == "ConfigMap":
        value = {}
    if not isinstance(value, Mapping):
        raise ChecksumError(f"{field} of kind {kind!r} is a {type(value).__name__}: a mapping is needed")
    if field == "spec":
        value = {key: item for key, item in value.items() if key != "destination"}
    return hashlib.sha256(go_json(value)).digest()


def list_checksum(entries: Iterable[tuple[str, str, str]]) -> bytes | None:
    """Sum a list of (kind, name, uid), in any order: SHA-256, 32 bytes, or None for an empty list.

    The uid is the one at the source: annotation `argocd.argoproj.io/source-uid` if there is one, else `metadata.uid`.
    """
    lines = sorted(f"{kind}/{name}/{uid}" for kind, name, uid in entries)
    return hashlib.sha256(well_formed("".join(lines)).encode("utf-8")).digest() if lines else None


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, Mapping):
        _write_mapping(value, parts)
    elif isinstance(value, list | tuple):
        _write_list(value, parts)
    else:
        parts.append(_scalar(value))


def _write_mapping(value: Mapping[Any, Any], parts: list[str]) -> None:
    separator = "{"
    items = {_key(key): item for key, item in value.items()}
    # Code points sort as UTF-8's bytes do, which is how Go sorts.
    for key in sorted(items):
        parts += (separator, _text(key), ":")
        _write(items[key], parts)
        separator = ","
    parts.append("}" if value else "{}")


def _write_list(value: list[Any] | tuple[Any, ...], parts: list[str]) -> None:
    separator = "["
    for item in value:
        parts.append(separator)
        _write(item, parts)
        separator = ","
    parts.append("]" if value else "[]")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ChecksumError(f"key {key!r:.60} is a {type(key).__name__}: JSON has text only")
    return well_formed(key)


def _scalar(value: Any) -> str:
    match value:
        case str():
            return _text(well_formed(value))
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value)) if value in _INT64 else _float(_as_float(value))
        case float():
            return _float(value)
        case bytes():
            return _text(base64.b64encode(value).decode("ascii"))
        case _:
            raise ChecksumError(f"a {type(value).__name__} is no JSON value: {value!r:.60}")


def _text(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ChecksumError("a whole number is beyond the range of a 64-bit float") from error


def _float(value: float) -> str:
    """Print the shortest decimal that reads back equal: plain from 1e-6 to below 1e21, else with an exponent."""
    if not math.isfinite(value):
        raise ChecksumError(f"{value} is no JSON number")
    digits, exponent, sign = _decimal(value)
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return sign + _plain(digits, exponent)
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    # At least one digit of exponent: Go drops the zero of e-07 that C would print.
    return f"{sign}{digits[0]}{tail}e{'-' if exponent < 0 else '+'}{abs(exponent)}"


def _decimal(value: float) -> tuple[str, int, str]:
    """Take the shortest decimal apart: its digits, the power of ten of the first one, and the sign."""
    mantissa, _, power = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    exponent = int(power or 0) + len(whole) - 1
    digits = whole + fraction
    leading = len(digits) - len(digits.lstrip("0"))
    return digits.strip("0") or "0", exponent - leading if value else 0, "-" if math.copysign(1, value) < 0 else ""


def _plain(digits: str, exponent: int) -> str:
    if exponent < 0:
        return "0." + "0" * (-exponent - 1) + digits
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    fraction = digits[exponent + 1 :]
    return f"{whole}.{fraction}" if fraction else whole
