"""Timestamps and time zones: RFC 3339 both ways, and the parts of a moment."""

import datetime as dt
import zoneinfo
from typing import Any, Final

from mesh.schema.cel.values import CelError, Duration, Timestamp

SECOND: Final = 10**9
"""Nanoseconds."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MIN_TIMESTAMP: Final = -62_135_596_800 * SECOND
"""0001-01-01T00:00:00Z."""
MAX_TIMESTAMP: Final = 253_402_300_799 * SECOND + 999_999_999
"""9999-12-31T23:59:59.999999999Z."""

_DIGITS: Final = frozenset("0123456789")
_SHAPE: Final = "0000-00-00T00:00:00"


def read_timestamp(text: str) -> Timestamp:
    """Return the moment that an RFC 3339 text names; ValueError."""
    head, rest = text[: len(_SHAPE)], text[len(_SHAPE) :]
    if not _fits(head, _SHAPE):
        raise ValueError("no date and time")
    fraction, zone = _split_fraction(rest)
    moment = dt.datetime.fromisoformat(head).replace(tzinfo=dt.UTC) - _offset(zone)
    ns = _seconds(moment - _EPOCH) * SECOND + int(fraction[:9].ljust(9, "0"))
    if not MIN_TIMESTAMP <= ns <= MAX_TIMESTAMP:
        raise ValueError("outside the years 1 to 9999")
    return Timestamp(ns)


def read_date(text: str) -> Timestamp:
    """Return the first moment of a day `YYYY-MM-DD`; ValueError."""
    if not _fits(text, _SHAPE[:10]):
        raise ValueError("no date")
    return read_timestamp(f"{text}T00:00:00Z")


def write_timestamp(moment: Timestamp) -> str:
    """Return the RFC 3339 text of a moment, in UTC."""
    seconds, ns = divmod(moment.ns, SECOND)
    text = (_EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{ns:09}".rstrip("0") if ns else ""
    return f"{text.rjust(len(_SHAPE), '0')}{fraction}Z"


def _fits(text: str, shape: str) -> bool:
    if len(text) != len(shape):
        return False
    return all(a in _DIGITS if b == "0" else a == b for a, b in zip(text, shape, strict=True))


def _split_fraction(rest: str) -> tuple[str, str]:
    if not rest.startswith("."):
        return "", rest
    end = 1
    while end < len(rest) and rest[end] in _DIGITS:
        end += 1
    if end == 1:
        raise ValueError("a point without a fraction")
    return rest[1:end], rest[end:]


def _offset(zone: str) -> dt.timedelta:
    if zone == "Z":
        return dt.timedelta()
    if zone[:1] not in ("+", "-") or not _fits(zone[1:], "00:00") or int(zone[4:]) > 59 or int(zone[1:3]) > 23:
        raise ValueError("no time zone")
    offset = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
    return offset if zone[0] == "+" else -offset


def _seconds(delta: dt.timedelta) -> int:
    return delta.days * 86_400 + delta.seconds


def _zone(name: str) -> dt.tzinfo:
    if name[:1] in ("+", "-") or name[:1] in _DIGITS:
        signed = name if name[:1] in ("+", "-") else f"+{name}"
        try:
            return dt.timezone(_offset(signed))
        except ValueError:
            raise CelError(f"unknown time zone {name}") from None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise CelError(f"unknown time zone {name}") from None


def part(moment: Timestamp, name: str, zone: str = "UTC") -> int:
    """Return a part of `moment` by the name of the method that gives it; CelError."""
    seconds, ns = divmod(moment.ns, SECOND)
    try:
        local: Any = (_EPOCH + dt.timedelta(seconds=seconds)).astimezone(_zone(zone))
    except OverflowError:
        raise CelError("timestamp overflow") from None
    parts: dict[str, int] = {
        "getFullYear": local.year,
        "getMonth": local.month - 1,
        "getDayOfYear": local.timetuple().tm_yday - 1,
        "getDayOfMonth": local.day - 1,
        "getDate": local.day,
        "getDayOfWeek": local.isoweekday() % 7,
        "getHours": local.hour,
        "getMinutes": local.minute,
        "getSeconds": local.second,
        "getMilliseconds": ns // 10**6,
    }
    return parts[name]


def length_part(length: Duration, name: str) -> int:
    """Return a length of time in whole hours, minutes, seconds or milliseconds."""
    units = {"getHours": 3600 * SECOND, "getMinutes": 60 * SECOND, "getSeconds": SECOND, "getMilliseconds": 10**6}
    whole = abs(length.ns) // units[name]
    return whole if length.ns >= 0 else -whole
