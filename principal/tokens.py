"""The tokens an agent carries: RS512 JSON Web Tokens as argocd-agent issues them (spec hub-protocol §2.5).

The subject is a JSON text in a string, `{"clientID":"agent-a","mode":"managed"}`; the audience tells an access token
from a refresh token. Two claims of our own, which argocd-agent's agents ignore, bind a token to the identity that it
was issued for and to the method by which that was shown. Time is an argument: a token's life is checked here against
`now`, not by the library's clock.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hubproto.methods import MODES
from principal.auth.errors import FileError

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
"""Bytes; ours have about 900, and up to 4,000 with the longest SPIFFE ID. Longer ones are refused before any signature
is computed."""

IDENTITY_CLAIM: Final = "meshtether/identity"
"""Claim: SPIFFE ID, Linkerd name or certificate's identity that the token was issued for; where there is none, the
agent's name. Never the raw header, which changes when a certificate is renewed."""

METHOD_CLAIM: Final = "meshtether/method"
"""Claim: the method by which that identity was shown, so that no token outlives a change of `--auth`."""

MAX_KEYS: Final = 8
"""Keys in one file; a rotation needs two. Each is tried on a token that no earlier one has signed."""

PEM_BEGIN: Final = b"-----BEGIN "


class TokenError(Exception):
    """A token is not ours, not for this purpose, or no longer good; `rule` names which."""

    def __init__(self, message: str, rule: str = "token") -> None:
        super().__init__(message)
        self.rule = rule


class KeyFileError(FileError):
    """A signing key can't be used; the message names the file and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Whom a token speaks for, and who may use it."""

    agent: str
    mode: str
    method: str
    """The method by which the identity was shown: `header`, `mtls` or `userpass`."""
    identity: str
    """SPIFFE ID, Linkerd name or certificate's identity; the agent's name where there is none."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says."""

    bearer: Bearer
    expires: int
    """Seconds since 1970-01-01 UTC."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What Authenticate answers with."""

    access: str
    refresh: str


class Issuer:
    """Makes and checks tokens: the first key signs, each is accepted."""

    def __init__(self, *keys: rsa.RSAPrivateKey) -> None:
        self.use(keys)

    def use(self, keys: Sequence[rsa.RSAPrivateKey]) -> None:
        """Sign with the first of `keys` from now on, and accept what any of them has signed."""
        if not keys:
            raise ValueError("an issuer needs a key")
        self._signing = keys[0]
        self._accepted = tuple(key.public_key() for key in keys)

    def issue(self, bearer: Bearer, *, now: float) -> TokenPair:
        """An access and a refresh token for `bearer`, valid from `now` (seconds since 1970)."""
        return TokenPair(
            access=self._sign(bearer, ACCESS, ACCESS_LIFETIME, now),
            refresh=self._sign(bearer, REFRESH, REFRESH_LIFETIME, now),
        )

    def renew(self, claims: Claims, *, now: float) -> TokenPair:
        """A new access token for a refresh token's claims; `.refresh` is empty unless that one nears its end."""
        pair = self.issue(claims.bearer, now=now)
        return pair if claims.expires - now < RENEW_REFRESH_WITHIN else TokenPair(access=pair.access, refresh="")

    def check(self, token: str, audience: str, *, now: float) -> Claims:
        """Whom `token` speaks for, if it is ours, meant for `audience` and good at `now`; else TokenError."""
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenError(f"token of {len(token)} characters: at most {MAX_TOKEN_BYTES} are read")
        body = self._verified(token, audience)
        expires = _in_force(body, now)
        agent, mode = _subject(body["sub"])
        method, identity = _binding(body)
        return Claims(Bearer(agent=agent, mode=mode, method=method, identity=identity), expires)

    def _verified(self, token: str, audience: str) -> dict[str, Any]:
        for key in self._accepted:
            try:
                return jwt.decode(
                    token,
                    key,
                    algorithms=[ALGORITHM],
                    audience=audience,
                    issuer=ISSUER,
                    # The library would ask the wall clock; `_in_force` asks `now` instead.
                    options={"require": ["exp", "sub"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidTokenError as error:
                raise TokenError(f"token refused: {error}") from error
        raise TokenError("token refused: none of our keys has signed it", "token-signature")

    def _sign(self, bearer: Bearer, audience: str, lifetime: int, now: float) -> str:
        issued = int(now)
        body = {
            "iss": ISSUER,
            "aud": [audience],
            "sub": json.dumps({"clientID": bearer.agent, "mode": bearer.mode}, separators=(",", ":")),
            "jti": str(uuid.uuid4()),
            "iat": issued,
            "nbf": issued,
            "exp": issued + lifetime,
            METHOD_CLAIM: bearer.method,
            IDENTITY_CLAIM: bearer.identity,
        }
        return jwt.encode(body, self._signing, algorithm=ALGORITHM)


def _in_force(body: dict[str, Any], now: float) -> int:
    expires, not_before = body["exp"], body.get("nbf", 0)
    for name, value in (("exp", expires), ("nbf", not_before)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TokenError(f"claim {name} is {value!r}: it must be a whole number of seconds")
    if now >= expires:
        raise TokenError(f"token expired {now - expires:.0f} s ago", "token-expired")
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


def _binding(body: dict[str, Any]) -> tuple[str, str]:
    method, identity = body.get(METHOD_CLAIM), body.get(IDENTITY_CLAIM)
    if not (isinstance(method, str) and method and isinstance(identity, str) and identity):
        raise TokenError(
            f"the token does not say whom it was issued for (claims {METHOD_CLAIM} and {IDENTITY_CLAIM}): its bearer "
            "must authenticate again",
            "token-unbound",
        )
    return method, identity


def generate_key() -> rsa.RSAPrivateKey:
    """A key for this run only: tokens made with it die with the process."""
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def read_keys(content: bytes, source: str) -> tuple[rsa.RSAPrivateKey, ...]:
    """The RSA private keys of a PEM text, one or more; KeyFileError names `source` and what is wrong with it."""
    blocks = [PEM_BEGIN + block for block in content.split(PEM_BEGIN)[1:]]
    if not 1 <= len(blocks) <= MAX_KEYS:
        raise KeyFileError(f"{source}: {len(blocks)} PEM blocks: 1 to {MAX_KEYS} RSA private keys are needed")
    return tuple(_read_key(block, f"{source}: key {place}") for place, block in enumerate(blocks, start=1))


def _read_key(block: bytes, source: str) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(block, password=None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{source}: not an unencrypted PEM private key (PKCS#8 or PKCS#1): {error}") from error
    except UnsupportedAlgorithm as error:
        raise KeyFileError(f"{source}: {error}: {ALGORITHM} needs an RSA key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyFileError(f"{source}: a {type(key).__name__}: {ALGORITHM} needs an RSA key")
    if key.key_size < KEY_BITS:
        raise KeyFileError(f"{source}: an RSA key of {key.key_size} bits: at least {KEY_BITS} are needed")
    return key
