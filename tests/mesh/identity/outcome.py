"""What a parser makes of a text, as a value to compare: the result, or the rule that refuses."""

from collections.abc import Callable
from typing import TypeVar

from mesh.identity.errors import IdentityError

T = TypeVar("T")


def outcome(parse: Callable[[str], T], text: str) -> tuple[T | None, str | None]:
    """The result and no rule, or no result and the rule; any other error passes through and fails the test."""
    try:
        return parse(text), None
    except IdentityError as refused:
        # A message must be fit for any log: plain, and short whatever the text was.
        if not str(refused).isascii() or len(str(refused)) > 500:
            raise AssertionError(f"a message unfit for a log: {str(refused)[:600]!a}") from refused
        return None, refused.rule
