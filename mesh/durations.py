"""Durations as Go writes them: `1m30s`, `250ms`, `-1.5h`; a whole number of nanoseconds inside.

`parse_duration` and `format_duration` do what Go's `time.ParseDuration` and `Duration.String` do, since users write the
same flags and ConfigMaps for argocd-agent. The vectors in tests/mesh/durations_go.json were written by real Go.
"""

from typing import Final, Literal

Rule = Literal["empty", "no-number", "no-unit", "unknown-unit", "too-long"]

NANOSECOND: Final = 1
MICROSECOND: Final = 1000 * NANOSECOND
MILLISECOND: Final = 1000 * MICROSECOND
SECOND: Final = 1000 * MILLISECOND
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

UNITS: Final = {
    "ns": NANOSECOND,
    "us": MICROSECOND,
    "\u00b5s": MICROSECOND,  # the micro sign
    "\u03bcs": MICROSECOND,  # the Greek letter mu
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}

ACCEPTED: Final = 'numbers with a unit (ns, us, ms, s, m, h), such as "30s", "1m30s" or "1.5h"; or "0"'
"""What a person may write, for messages."""

MAX_DURATION: Final = 2**63 - 1
"""Nanoseconds; Go keeps a duration in an int64 (292 years)."""

MIN_DURATION: Final = -(2**63)
"""Nanoseconds; the other end of the int64."""

_LIMIT: Final = 2**63
"""Magnitude while parsing: one more than MAX_DURATION, so that MIN_DURATION can be written."""

_DIGITS: Final = frozenset("0123456789")


class DurationError(ValueError):
    """A text that is no duration; `rule` names the fault, the message says it for people."""

    def __init__(self, message: str, *, rule: Rule) -> None:
        super().__init__(message)
        self.rule = rule


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration such as `1h15m30.918s`; DurationError when the text is none."""
    negative = text.startswith("-")
    rest = text[1:] if text.startswith(("-", "+")) else text
    if rest == "0":
        return 0
    if not rest:
        raise DurationError("empty where a duration is needed", rule="empty")
    total = 0
    while rest:
        part, rest = _parse_part(rest)
        total = _limited(total + part)
    if negative:
        return -total
    if total > MAX_DURATION:
        raise _too_long()
    return total


def format_duration(ns: int) -> str:
    """Text of a duration as Go prints it: `1h15m30.918s`, `1.5ms`, `0s`; ValueError outside an int64."""
    if not MIN_DURATION <= ns <= MAX_DURATION:
        raise ValueError(f"{ns} ns is outside the range of a duration")
    if ns == 0:
        return "0s"
    sign, magnitude = ("-", -ns) if ns < 0 else ("", ns)
    return sign + (_format_small(magnitude) if magnitude < SECOND else _format_clock(magnitude))


def seconds(ns: int) -> float:
    """Convert to seconds, which the core of this project counts in."""
    return ns / SECOND


def _parse_part(text: str) -> tuple[int, str]:
    """Nanoseconds of the first number with its unit, and the text after it."""
    whole, text = _span(text, digits=True)
    fraction = ""
    if text.startswith("."):
        fraction, text = _span(text[1:], digits=True)
    if not whole and not fraction:
        raise DurationError("a number is missing", rule="no-number")
    name, text = _span(text, digits=False)
    if not name:
        raise DurationError("a number has no unit", rule="no-unit")
    unit = UNITS.get(name)
    if unit is None:
        raise DurationError(f"{name!r} is no unit", rule="unknown-unit")
    return _limited(_number(whole) * unit + _fraction(fraction, unit)), text


def _span(text: str, *, digits: bool) -> tuple[str, str]:
    """Split off the leading digits, or the leading run of what is neither digit nor point (a unit)."""
    end = 0
    while end < len(text) and (text[end] in _DIGITS if digits else text[end] not in _DIGITS and text[end] != "."):
        end += 1
    return text[:end], text[end:]


def _number(digits: str) -> int:
    """Read a row of digits; refused before Python would work on a very long one."""
    digits = digits.lstrip("0")
    if len(digits) > len(str(_LIMIT)):
        raise _too_long()
    return int(digits or "0")


def _fraction(digits: str, unit: int) -> int:
    """Nanoseconds of the digits after a point.

    Go reads as many digits as an int64 holds, drops the rest, and scales in float64: the same here, so that the last
    nanosecond agrees.
    """
    value, scale = 0, 1.0
    for digit in digits:
        longer = value * 10 + int(digit)
        if value > MAX_DURATION // 10 or longer > _LIMIT:
            break
        value, scale = longer, scale * 10
    return int(float(value) * (float(unit) / scale))


def _limited(ns: int) -> int:
    if ns > _LIMIT:
        raise _too_long()
    return ns


def _too_long() -> DurationError:
    return DurationError("longer than 292 years, the most a duration holds", rule="too-long")


def _format_small(ns: int) -> str:
    """Print less than a second: one unit, the largest that gives a whole part."""
    for name, unit in (("ms", MILLISECOND), ("\u00b5s", MICROSECOND)):
        if ns >= unit:
            return _decimal(ns, unit) + name
    return f"{ns}ns"


def _format_clock(ns: int) -> str:
    """Print a second and more: hours and minutes as far as they are needed, then seconds."""
    minutes, rest = divmod(ns, MINUTE)
    text = _decimal(rest, SECOND) + "s"
    if minutes:
        text = f"{minutes % 60}m{text}"
    if minutes >= 60:
        text = f"{minutes // 60}h{text}"
    return text


def _decimal(ns: int, unit: int) -> str:
    """`ns` counted in `unit`, with no zeros at the end of the fraction."""
    whole, rest = divmod(ns, unit)
    fraction = str(rest).rjust(len(str(unit)) - 1, "0").rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)
