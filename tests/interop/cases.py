"""The scripts that every client runs, and the outcome that each must come to."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from principal.rpc import Code
from tests.interop.echo import PREFIX_PATH
from tests.interop.script import Message, Outcome, Script, outcome, pattern

MEBI: Final = 1024 * 1024

MAX_MESSAGE: Final = 24 * MEBI
"""What the doors of this suite accept (bytes)."""

LARGE: Final = 20 * MEBI
"""The largest message sent (bytes): many windows, many frames, and a proxy's buffers twenty times over."""

DEADLINE: Final = 0.5
"""Seconds of a call whose deadline shall pass: enough for it to reach the service on a busy machine."""

PARALLEL: Final = 100
"""Calls at once on one connection."""


@dataclass(frozen=True, slots=True)
class Case:
    """A script, and what must come of it."""

    script: Script
    outcome: Outcome
    message_matters: bool = True
    """Whether the status message is the service's own; else each client words it as it likes."""
    cancel: bool = False
    """The test cancels once the service has seen the call."""
    gone: int = 0
    """Calls that the service must see given up."""
    one_connection: bool = False
    """All calls must come on one connection, where no proxy deals them out."""


def _method(name: str) -> str:
    return PREFIX_PATH + name


def _unary(name: str, request: Message, result: Outcome, **more: Any) -> Case:
    script = {key: more.pop(key) for key in list(more) if key in Script.__slots__}
    return Case(Script(_method(name), "unary", (request,), **script), result, **more)


def _text(**asked: Any) -> Message:
    return Message(text=json.dumps(asked))


def _ok(answers: Iterable[bytes] = ()) -> Outcome:
    return outcome(Code.OK, "", answers)


def _summed(messages: list[bytes]) -> Outcome:
    joined = b"".join(messages)
    total = {"count": len(messages), "bytes": len(joined), "sha256": hashlib.sha256(joined).hexdigest()}
    return _ok([json.dumps(total).encode()])


def _count(
    count: int, size: int, result: Outcome | None = None, asked: dict[str, Any] | None = None, **more: Any
) -> Case:
    script = {key: more.pop(key) for key in list(more) if key in Script.__slots__}
    request = _text(count=count, size=size, **(asked or {}))
    expected = result or _ok(pattern(size, seed) for seed in range(count))
    return Case(Script(_method("Count"), "server", (request,), **script), expected, **more)


def _sum(messages: tuple[Message, ...], repeat: int = 1, **more: Any) -> Case:
    script = Script(_method("Sum"), "client", messages, repeat, **more)
    return Case(script, _summed(list(script.bodies())))


def _chat(messages: tuple[Message, ...], repeat: int = 1, **more: Any) -> Case:
    script = Script(_method("Chat"), "bidi", messages, repeat, **more)
    return Case(script, _ok(script.bodies()))


HARD_MESSAGE: Final = "naïve: 100% of\ttwo\nlines \N{EN DASH} \N{SPOOL OF THREAD}"
"""A status message with everything that must be percent-encoded."""

HARD_TRAILERS: Final = (("case-plain", "a value, with comma"), ("case-twice", "1"), ("case-twice", "2"))

_HARD = {"code": Code.FAILED_PRECONDITION, "message": HARD_MESSAGE, "trailers": HARD_TRAILERS}


def _hard(answers: Iterable[bytes] = ()) -> Outcome:
    return outcome(Code.FAILED_PRECONDITION, HARD_MESSAGE, answers, HARD_TRAILERS)


_METADATA = (("case-a", "1"), ("case-a", "2"), ("case-b", "x y; z"), ("case-c-bin", "00ff80"), ("case-d-bin", ""))
_REPORTED = [
    [name, bytes.fromhex(value).decode("latin-1") if name.endswith("-bin") else value] for name, value in _METADATA
]
_BIG_VALUE = "v" * 40_000

CASES: Final[dict[str, Case]] = {
    "unary": _unary("Echo", Message("hello"), _ok([b"hello"])),
    "unary-empty": _unary("Echo", Message(), _ok([b""])),
    "unary-large": _unary("Echo", Message(size=LARGE), _ok([pattern(LARGE)])),
    "unary-gzip": _unary("Echo", Message(size=MEBI), _ok([pattern(MEBI)]), gzip=True),
    "unary-fails": _unary("Fail", _text(**_HARD), _hard()),
    "unary-fails-binary": _unary(
        "Fail",
        _text(code=Code.ABORTED, trailers=[("case-raw-bin", "00fffe80"), ("case-text-bin", b"text".hex())]),
        outcome(Code.ABORTED, "", (), (("case-raw-bin", b"\0\xff\xfe\x80"), ("case-text-bin", b"text"))),
    ),
    "unary-too-large": _unary(
        "Echo", Message(size=MAX_MESSAGE + 1), outcome(Code.RESOURCE_EXHAUSTED), message_matters=False
    ),
    "unary-too-large-inflated": _unary(
        "Echo", Message(size=MAX_MESSAGE + 1), outcome(Code.RESOURCE_EXHAUSTED), gzip=True, message_matters=False
    ),
    "unary-unknown": _unary("Nothing", Message(), outcome(Code.UNIMPLEMENTED), message_matters=False),
    "unary-cancelled": _unary("Wait", Message(), outcome(Code.CANCELLED), message_matters=False, cancel=True, gone=1),
    "unary-deadline": _unary(
        "Wait", Message(), outcome(Code.DEADLINE_EXCEEDED), deadline=DEADLINE, message_matters=False, gone=1
    ),
    "unary-parallel": _unary("Echo", Message(size=10_000), _ok([pattern(10_000)]), parallel=PARALLEL),
    "metadata": _unary("Report", Message(), _ok([json.dumps(_REPORTED).encode()]), metadata=_METADATA),
    "metadata-big": _unary(
        "Report",
        Message(),
        _ok([json.dumps([["case-big", _BIG_VALUE]]).encode()]),
        metadata=(("case-big", _BIG_VALUE),),
    ),
    "client": _sum((Message("one"), Message(), Message(size=3000)), repeat=50),
    "client-nothing": _sum(()),
    "client-large": _sum((Message(size=5 * MEBI), Message(size=7 * MEBI, seed=3))),
    "client-gzip": _sum((Message(size=100_000), Message("x")), repeat=5, gzip=True),
    "client-interrupted": Case(
        Script(_method("Interrupt"), "client", (_text(**_HARD), Message(size=100_000)), repeat=20), _hard()
    ),
    "server": _count(1000, 100),
    "server-nothing": _count(0, 0),
    "server-large": _count(2, 6 * MEBI),
    "server-gzip": _count(10, 100_000, gzip=True),
    "server-fails": _count(5, 10, _hard(pattern(10, seed) for seed in range(5)), asked=_HARD),
    "server-refused": Case(
        Script(_method("Refuse"), "server", (Message(),)),
        outcome(Code.PERMISSION_DENIED, "not for you", (), (("case-why", "because"),)),
    ),
    "server-cancelled": _count(
        5,
        10,
        outcome(Code.CANCELLED, "", (pattern(10, seed) for seed in range(5))),
        asked={"linger": True},
        cancel_after=5,
        message_matters=False,
        gone=1,
    ),
    "server-deadline": _count(
        5,
        10,
        outcome(Code.DEADLINE_EXCEEDED, "", (pattern(10, seed) for seed in range(5))),
        asked={"linger": True},
        deadline=DEADLINE,
        message_matters=False,
        gone=1,
    ),
    "bidi": _chat((Message("ping"), Message(size=1000)), repeat=500),
    "bidi-lockstep": _chat((Message("ping"), Message(), Message(size=1000)), repeat=50, lockstep=True),
    "bidi-nothing": _chat(()),
    "bidi-headers-first": _chat((Message("after the headers"),), headers_first=True),
    "bidi-large": _chat((Message(size=5 * MEBI), Message(size=7 * MEBI, seed=9))),
    "bidi-gzip": _chat((Message(size=100_000), Message("x")), repeat=5, gzip=True),
    "bidi-refused": Case(
        Script(_method("Refuse"), "bidi", (Message("x"),)),
        outcome(Code.PERMISSION_DENIED, "not for you", (), (("case-why", "because"),)),
    ),
    "bidi-interrupted": Case(
        Script(_method("Interrupt"), "bidi", (_text(**_HARD), Message(size=100_000)), repeat=20), _hard()
    ),
    "bidi-unknown": Case(
        Script(_method("Nothing"), "bidi", (Message("x"),)), outcome(Code.UNIMPLEMENTED), message_matters=False
    ),
    "bidi-cancelled": Case(
        Script(_method("Linger"), "bidi", (Message("x"),), repeat=3, cancel_after=3),
        outcome(Code.CANCELLED, "", [b"x"] * 3),
        message_matters=False,
        gone=1,
    ),
    "bidi-deadline": Case(
        Script(_method("Linger"), "bidi", (Message("x"),), repeat=3, deadline=DEADLINE),
        outcome(Code.DEADLINE_EXCEEDED, "", [b"x"] * 3),
        message_matters=False,
        gone=1,
    ),
    "bidi-meet": Case(
        Script(_method("Meet"), "bidi", (Message(str(PARALLEL)),), parallel=PARALLEL),
        _ok([b"met"]),
        one_connection=True,
    ),
    "bidi-parallel": Case(
        Script(_method("Chat"), "bidi", (Message(size=2000),), repeat=10, parallel=PARALLEL),
        _ok([pattern(2000)] * 10),
    ),
}

CODES: Final[dict[str, Case]] = {
    code.name: _unary("Fail", _text(code=code, message=code.name), outcome(code, code.name))
    for code in Code
    if code is not Code.OK
}
"""Every way to fail."""
