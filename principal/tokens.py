"""The tokens an agent carries: RS512 JSON Web Tokens as argocd-agent issues them (spec hub-protocol §2.5).

The subject is a JSON text in a string, `{"clientID":"agent-a","mode":"managed"}`; the audience tells an access token
from a refresh token. Time is an argument: a token's life is checked here against `now`, not by the library's clock.
"""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hubproto.methods import MODES

ALGORITHM = "RS512"
ISSUER = "argocd-agent-server"
ACCESS = "argocd-agent-server-access"
REFRESH = "argocd-agent-server-refresh"

ACCESS_LIFETIME = 5 * 60
"""Seconds, as argocd-agent's."""

REFRESH_LIFETIME = 24 * 3600
"""Seconds, as argocd-agent's."""

RENEW_REFRESH_WITHIN = 10 * 60
"""Seconds: a refresh token with less than this left is renewed too (argocd-agent's rule)."""

KEY_BITS = 2048
"""Size of a key made for one run, as argocd-agent's --insecure-jwt-generate."""

MAX_TOKEN_BYTES = 8192
"""Bytes; ours have about 700. Longer ones are refused before any signature is computed."""


class TokenError(Exception):
    """A token is not ours, not for this purpose, or no longer good."""


class KeyFileError(Exception):
    """A signing key can't be used; the message names the file and what was expected."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a token speaks for."""

    agent: str
    mode: str
    expires: int
    """Seconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What Authenticate answers with."""

    access: str
    refresh: str


class Issuer:
    """Makes and checks tokens with one RSA key."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        self._public = key.public_key()

    def issue(self, agent: str, mode: str, *, now: float) -> TokenPair:
        """An access and a refresh token for `agent`, valid from `now` (seconds since 1970)."""
        return TokenPair(
            access=self._sign(agent, mode, ACCESS, ACCESS_LIFETIME, now),
            refresh=self._sign(agent, mode, REFRESH, REFRESH_LIFETIME, now),
        )

    def refresh(self, token: str, *, now: float) -> TokenPair:
        """A new access token for a refresh token; `.refresh` is empty unless that one nears its end. TokenError."""
        claims = self.check(token, REFRESH, now=now)
        pair = self.issue(claims.agent, claims.mode, now=now)
        return pair if claims.expires - now < RENEW_REFRESH_WITHIN else TokenPair(access=pair.access, refresh="")

    def check(self, token: str, audience: str, *, now: float) -> Claims:
        """Whom `token` speaks for, if it is ours, meant for `audience` and good at `now`; else TokenError."""
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenError(f"token of {len(token)} characters: at most {MAX_TOKEN_BYTES} are read")
        try:
            body = jwt.decode(
                token,
                self._public,
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=ISSUER,
                # The library would ask the wall clock; `_in_force` asks `now` instead.
                options={"require": ["exp", "sub"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError as error:
            raise TokenError(f"token refused: {error}") from error
        expires = _in_force(body, now)
        agent, mode = _subject(body["sub"])
        return Claims(agent=agent, mode=mode, expires=expires)

    def _sign(self, agent: str, mode: str, audience: str, lifetime: int, now: float) -> str:
        issued = int(now)
        body = {
            "iss": ISSUER,
            "aud": [audience],
            "sub": json.dumps({"clientID": agent, "mode": mode}, separators=(",", ":")),
            "jti": str(uuid.uuid4()),
            "iat": issued,
            "nbf": issued,
            "exp": issued + lifetime,
        }
        return jwt.encode(body, self._key, algorithm=ALGORITHM)


def _in_force(body: dict[str, Any], now: float) -> int:
    expires, not_before = body["exp"], body.get("nbf", 0)
    for name, value in (("exp", expires), ("nbf", not_before)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TokenError(f"claim {name} is {value!r}: it must be a whole number of seconds")
    if now >= expires:
        raise TokenError(f"token expired {now - expires:.0f} s ago")
    if now < not_before:
        raise TokenError(f"token is good in {not_before - now:.0f} s only")
    return int(expires)


def _subject(text: object) -> tuple[str, str]:
    try:
        subject = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        subject = None
    agent = subject.get("clientID") if isinstance(subject, dict) else None
    mode = subject.get("mode") if isinstance(subject, dict) else None
    if not isinstance(agent, str) or not agent or mode not in MODES:
        raise TokenError('subject is not {"clientID": NAME, "mode": "managed" or "autonomous"}')
    return agent, mode


def generate_key() -> rsa.RSAPrivateKey:
    """A key for this run only: tokens made with it die with the process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def load_key(path: Path) -> rsa.RSAPrivateKey:
    """The RSA private key of a PEM file; KeyFileError names the file and what is wrong with it."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}: a PEM file with an RSA private key is needed") from error
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path}: not an unencrypted PEM private key (PKCS#8 or PKCS#1): {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyFileError(f"{path}: a {type(key).__name__}: {ALGORITHM} needs an RSA key")
    if key.key_size < KEY_BITS:
        raise KeyFileError(f"{path}: an RSA key of {key.key_size} bits: at least {KEY_BITS} are needed")
    return key
