"""Log lines on stderr: logfmt as logrus writes it, or JSON; for our own loggers and for the libraries'.

Nothing that a peer sends can forge a line or move a terminal's cursor: whatever is not printable is escaped, in keys
and in values, and a value's length is bounded.
"""

import datetime as dt
import json
import logging
import sys
from collections.abc import Sequence
from typing import IO, Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from meshtether.options.levels import TRACE, parse_levels

MAX_VALUE: Final = 16 * 1024
"""Characters of one value that are logged: a long traceback fits, a message of 200 MiB does not."""

LIBRARIES: Final = ("asyncio", "grpc", "httpx", "httpcore", "uvicorn", "fastapi", "watchfiles", "py.warnings")
"""Loggers of libraries; below trace they say warnings and worse only."""

_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+")
"""A value of only these stands without quotes, as in logrus."""

_LEVEL_NAMES: Final = {"critical": "fatal", "exception": "error", "warn": "warning", "notset": "trace"}
"""structlog's level names that logrus calls otherwise."""

_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def configure(levels: Sequence[str], log_format: str, *, stream: IO[str] | None = None) -> None:
    """Send everything to `stream` (stderr unless given) from now on; ValueError for levels that are none.

    `levels` are LEVEL or NAME=LEVEL, `log_format` is `text` or `json`.
    """
    parsed = parse_levels(levels)
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(_formatter(render_json if log_format == "json" else render_logfmt))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(parsed.root)
    quiet = parsed.root if parsed.root <= TRACE else max(parsed.root, logging.WARNING)
    named = dict.fromkeys(LIBRARIES, quiet) | dict(parsed.components)
    for name, level in named.items():
        logging.getLogger(name).setLevel(level)
    logging.addLevelName(TRACE, "TRACE")
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def render_logfmt(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One line `time=… level=… msg=… key=value`, further keys by name."""
    return " ".join(f"{_key(key)}={_quoted(_as_text(value))}" for key, value in _ordered(event))


def render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """One line of JSON, ASCII only, with the same keys."""
    line = json.dumps({key: _as_json(value) for key, value in _ordered(event)}, ensure_ascii=True)
    return line.replace("\x7f", "\\u007f")


def printable(text: str) -> str:
    """`text` with escapes for what is not printable: line ends, terminal sequences, marks that turn text around."""
    return "".join(each if each.isprintable() else _escape(each) for each in _bounded(text))


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}… ({len(text)} characters)"


def _escape(character: str) -> str:
    code = ord(character)
    return _ESCAPES.get(character) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _quoted(text: str) -> str:
    if text and len(text) <= MAX_VALUE and _PLAIN.issuperset(text):
        return text
    inside = _bounded(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{"".join(each if each.isprintable() else _escape(each) for each in inside)}"'


def _key(key: str) -> str:
    return "".join(each if each in _PLAIN else "_" for each in key) or "_"


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | dict | list | tuple):
        return json.dumps(value, default=str)
    return str(value)


def _as_json(value: Any) -> Any:
    if isinstance(value, str):
        return _bounded(value)
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    return _as_json(str(value))


def _ordered(event: EventDict) -> list[tuple[str, Any]]:
    """Time, level and message first, then the rest by name."""
    first = {"time": event.pop("time", ""), "level": event.pop("level", "info"), "msg": event.pop("event", "")}
    return [*first.items(), *sorted(event.items())]


def _add_time(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    now = dt.datetime.now(dt.UTC)
    event["time"] = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _add_level(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    level = event.get("level", method)
    event["level"] = _LEVEL_NAMES.get(level, level)
    return event


def _add_component(logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say which library speaks; our own messages speak for themselves."""
    name = str(getattr(logger, "name", "") or getattr(event.get("_record"), "name", ""))
    if name.partition(".")[0] in {library.partition(".")[0] for library in LIBRARIES}:
        event["logger"] = name
    return event


_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    _add_component,
    structlog.stdlib.add_log_level,
    _add_level,
    _add_time,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
)


def _formatter(render: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
    )
