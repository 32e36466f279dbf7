"""`header:<name>:<regex>`, as argocd-agent has it: the first group of a regex is the agent's name.

The pattern runs in RE2, verbatim, as it does in Go: anywhere in the value unless it anchors itself, no look-around, no
back references, linear time. Unlike argocd-agent, a repeated header is refused (its first value would be the caller's
own), as is a value beyond printable ASCII, and a pattern without a group is refused at the start, not at each login.

With `--trusted-gateway` or `--own-identity` the header is read strictly first, and the pattern sees the caller's own
element or name only; without them, it sees the value as it came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self, final

import re2

from mesh.identity.allow import check_allowed
from mesh.identity.caller import read_caller
from mesh.identity.errors import IdentityError, RuleError, shown
from mesh.identity.header import agent_name, one_value
from mesh.identity.options import NO_OPTIONS, IdentityOptions
from mesh.identity.verdict import Trail, Verdict

MAX_PATTERN_BYTES = 512
"""Bytes in a regex: an Istio identity spelled out takes about 100."""

MAX_PROGRAM = 1500
"""Instructions of a compiled regex. RE2's time is the value's length times this number at worst; a pattern of the
greatest length stays below it unless it repeats by count, and Kubernetes' own `{0,61}` and `{1,253}` fit."""

RULES: Mapping[str, str] = MappingProxyType(
    {
        "regex-no-match": "a value that the regex matches",
        "regex-empty-group": "a value in which the regex's first group matches some text",
    }
)
"""Each rule that refuses a value for its regex, with what would be accepted."""

_LATIN1 = re2.Options.Encoding.LATIN1
_UTF8 = re2.Options.Encoding.UTF8


class RegexError(IdentityError):
    """A value from which the regex takes no name; `rule` is one of RULES."""


@final
@dataclass(frozen=True, slots=True)
class RegexRule:
    """One header and the regex whose first group is the agent's name."""

    header: str
    """The header's name, in lower case."""
    pattern: str
    _compiled: Any = field(repr=False, compare=False)
    options: IdentityOptions = NO_OPTIONS

    @classmethod
    def parse(cls, header: str, pattern: str, options: IdentityOptions = NO_OPTIONS) -> Self:
        """The rule of `pattern` on `header`; RuleError when RE2 refuses it, it has no group, or it is too big."""
        compiled = _compile(pattern)
        if compiled.groups < 1:
            raise RuleError(
                "regex-group", f"the regex {shown(pattern)} has no group; its first group, (...), is the agent's name"
            )
        return cls(header, pattern, compiled, options)

    def identify(self, values: Sequence[str], forwarded: Sequence[str] = ()) -> Verdict:
        """Who calls, by `values`, every value of the header in this call's metadata, and every value of Forwarded."""
        trail = Trail()
        try:
            value = one_value(self.header, values)
            trail.note("header", f"{self.header}: {len(value)} bytes")
            group = self._first_group(self._searched(value, forwarded, trail))
            trail.note("regex", f"group 1 of {self.pattern} is {shown(group)}")
            return trail.accept(check_allowed(agent_name(group), self.options.allowed_agents))
        except IdentityError as refusal:
            return trail.refuse(refusal.rule, str(refusal))

    def _searched(self, value: str, forwarded: Sequence[str], trail: Trail) -> str:
        """The text that the pattern sees; who the value is gets told when it says so without doubt."""
        try:
            caller = read_caller(self.header, value, forwarded=forwarded, options=self.options, trail=trail)
        except IdentityError as doubt:
            if self.options.reads or doubt.rule == "cert-uri":
                # Nobody's configuration needs a header that contradicts itself.
                raise
            trail.note("identity", f"none can be told ({doubt.rule}: {doubt})")
            return value
        return caller.text if self.options.reads else value

    def _first_group(self, value: str) -> str:
        match = self._compiled.search(value.encode("ascii"))
        if match is None:
            raise _refusal("regex-no-match", f"{shown(value)} does not match {self.pattern}")
        group = match.group(1)
        if not group:
            raise _refusal("regex-empty-group", f"group 1 of {self.pattern} is empty in {shown(value)}")
        return str(group.decode("ascii"))


def _compile(pattern: str) -> Any:
    """`pattern` for values of ASCII bytes."""
    try:
        encoded = pattern.encode("utf-8")
    except UnicodeEncodeError:
        raise RuleError("regex-text", f"the regex {shown(pattern)} is not valid UTF-8") from None
    if len(encoded) > MAX_PATTERN_BYTES:
        raise RuleError("regex-length", f"the regex has {len(encoded)} bytes; accepted: at most {MAX_PATTERN_BYTES}")
    # On ASCII values both encodings match the same; Latin-1 makes smaller programs, but cannot hold every pattern.
    encodings = (_LATIN1, _UTF8) if pattern.isascii() else (_UTF8,)
    compiled, fault = None, ""
    for encoding in encodings:
        try:
            compiled = re2.compile(encoded, _options(encoding))
            break
        except re2.error as error:
            fault = _words(error)
    if compiled is None:
        raise RuleError(
            "regex-syntax",
            f"RE2 refuses the regex {shown(pattern)}: {fault}; "
            "accepted: RE2's syntax (no look-around, no back references)",
        )
    if compiled.programsize > MAX_PROGRAM:
        raise RuleError(
            "regex-size",
            f"the regex {shown(pattern)} compiles to {compiled.programsize} instructions; "
            f"accepted: at most {MAX_PROGRAM} (fewer or smaller counted repetitions)",
        )
    return compiled


def _options(encoding: Any) -> Any:
    options = re2.Options()
    options.encoding = encoding
    # RE2 would write each bad pattern to stderr, beside our own message.
    options.log_errors = False
    return options


def _words(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def _refusal(rule: str, fault: str) -> RegexError:
    return RegexError(rule, f"{fault}; accepted: {RULES[rule]}")
