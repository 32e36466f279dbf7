"""What an agent reads in its own tokens: who it is, and when they expire.

Unverified on purpose: the agent has no key to verify with, and decides nothing by them. The principal is known by the
mesh or by TLS.
"""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final

MAX_TOKEN: Final = 16 * 1024
"""Bytes of a token that is read; a principal's are about 900, and metadata could carry no larger one."""


class TokenError(ValueError):
    """A token that cannot be read."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The part of an access token that the agent uses."""

    agent: str
    """The name that the principal knows this agent by."""
    mode: str
    """The mode that it was logged in with."""
    expires: float | None
    """Seconds since 1970; None when the token says nothing of it."""


def read_claims(token: str) -> Claims:
    """The claims of a JWT whose `sub` is the JSON text of clientID and mode; TokenError otherwise."""
    body = _object(_payload(token), "payload")
    subject = body.get("sub")
    if not isinstance(subject, str):
        raise TokenError("the token has no subject")
    who = _object(subject.encode(), "subject")
    agent, mode = who.get("clientID"), who.get("mode", "")
    if not isinstance(agent, str) or not agent or not isinstance(mode, str):
        raise TokenError("the token's subject names no clientID")
    expires = body.get("exp")
    known = isinstance(expires, int | float) and not isinstance(expires, bool)
    return Claims(agent, mode, float(expires) if known and expires is not None else None)


def _payload(token: str) -> bytes:
    if len(token) > MAX_TOKEN:
        raise TokenError(f"the token has {len(token)} bytes: at most {MAX_TOKEN} are accepted")
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenError(f"the token has {len(parts)} parts: a JWT has three")
    try:
        return base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise TokenError("the token's payload is not base64url") from error


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TokenError(f"the token's {what} is not JSON") from error
    if not isinstance(value, dict):
        raise TokenError(f"the token's {what} is no JSON object")
    return value
