"""The allow list: globs that an agent's name must match before it is taken.

`*` is any run of characters, `?` one, `[a-c]` one of a set, `[!a-c]` one outside it. A pattern is compiled to a row of
character sets and matched from left to right with one place to return to, so that time is bounded by the product of
the two lengths; names have 63 characters at most.
"""

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self, final

from mesh.identity.errors import IdentityError, RuleError, first_outside, shown

MAX_PATTERN = 256
"""Characters of a pattern: an agent's name has 63, and a set may spell out the whole alphabet."""

RULES: Mapping[str, str] = MappingProxyType(
    {"agent-not-allowed": "an agent that --allow-agent names, when it names any"}
)
"""The rule that refuses an agent's name for not being on the list."""

ACCEPTED = "an agent's name of a-z, 0-9 and '-', with * for any text, ? for one character, [a-c] or [!a-c] for a set"

_NAME = frozenset(string.ascii_lowercase + string.digits + "-")
_ALLOWED = _NAME | frozenset("*?[]!")


class AllowError(IdentityError):
    """A known agent that is not on the list; `rule` is one of RULES."""


@final
@dataclass(frozen=True, slots=True)
class AgentPattern:
    """One glob of the allow list; RuleError for one that could match no name."""

    text: str
    _parts: tuple[frozenset[str] | None, ...]
    """For each place of a name the characters it may have; None is any run of characters."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The pattern that `text` spells."""
        if not text or len(text) > MAX_PATTERN:
            raise _fault(text, "it is empty" if not text else f"it has more than {MAX_PATTERN} characters")
        if not _ALLOWED.issuperset(text):
            raise _fault(text, f"no agent's name has {first_outside(text, _ALLOWED)}")
        return cls(text, tuple(_parts(text)))

    def matches(self, name: str) -> bool:
        """Whether the whole of `name` fits the pattern."""
        parts, at, place = self._parts, 0, 0
        star, resume = -1, 0
        while at < len(name):
            part = parts[place] if place < len(parts) else frozenset()
            if part is None:
                star, resume = place, at
                place += 1
            elif name[at] in part:
                at, place = at + 1, place + 1
            elif star >= 0:
                # The last run takes one character more; earlier runs never need to be tried again.
                resume += 1
                at, place = resume, star + 1
            else:
                return False
        return all(part is None for part in parts[place:])

    def __str__(self) -> str:
        return self.text


def check_allowed(agent: str, patterns: Sequence[AgentPattern]) -> str:
    """`agent` if a pattern matches it or there are none; AllowError otherwise."""
    if patterns and not any(pattern.matches(agent) for pattern in patterns):
        raise AllowError(
            "agent-not-allowed", f"{agent} is not on the allow list; accepted: {RULES['agent-not-allowed']}"
        )
    return agent


def _parts(text: str) -> Iterator[frozenset[str] | None]:
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "*":
            yield None
        elif character == "?":
            yield _NAME
        elif character == "[":
            # A closing bracket in the first place would be a member of the set elsewhere; no name has one.
            end = text.find("]", at)
            if end < 0:
                raise _fault(text, "a set is not closed")
            yield _set(text, text[at:end])
            at = end + 1
        elif character in _NAME:
            yield frozenset(character)
        else:
            raise _fault(text, f"{character!r} stands outside a set")


def _set(text: str, inside: str) -> frozenset[str]:
    members: set[str] = set()
    outside = inside.startswith("!")
    rest = inside.removeprefix("!")
    while rest:
        last = rest[2] if rest[1:2] == "-" and len(rest) > 2 else rest[0]
        members.update(map(chr, range(ord(rest[0]), ord(last) + 1)))
        rest = rest[3:] if rest[1:2] == "-" and len(rest) > 2 else rest[1:]
    found = _NAME - members if outside else _NAME & members
    if not found:
        raise _fault(text, f"the set [{inside}] has no character of a name")
    return frozenset(found)


def _fault(text: str, why: str) -> RuleError:
    return RuleError("agent-pattern", f"{shown(text)} matches no agent: {why}; accepted: {ACCEPTED}")
