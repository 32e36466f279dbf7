"""Tokens: argocd-agent's claims, and everything that must not pass for one of ours."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from principal import tokens
from principal.tokens import ACCESS, REFRESH, Issuer, KeyFileError, TokenError, generate_key, load_key

NOW = 1_790_000_000.0
KEY = generate_key()
ISSUER = Issuer(KEY)


def forged(key: object = KEY, algorithm: str = "RS512", **changes: Any) -> str:
    body: dict[str, Any] = {
        "iss": "argocd-agent-server",
        "aud": [ACCESS],
        "sub": json.dumps({"clientID": "agent-a", "mode": "managed"}),
        "nbf": int(NOW),
        "iat": int(NOW),
        "exp": int(NOW) + 300,
    }
    body.update(changes)
    body = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(body, key, algorithm=algorithm)  # type: ignore[arg-type]


def test_an_access_token_carries_argocd_agents_claims() -> None:
    body = jwt.decode(ISSUER.issue("agent-a", "managed", now=NOW).access, options={"verify_signature": False})
    assert body["iss"] == "argocd-agent-server"
    assert body["aud"] == ["argocd-agent-server-access"]
    assert json.loads(body["sub"]) == {"clientID": "agent-a", "mode": "managed"}
    assert body["exp"] - body["iat"] == 300
    assert body["nbf"] == body["iat"] == int(NOW)


def test_a_token_speaks_for_its_agent() -> None:
    pair = ISSUER.issue("agent-a", "autonomous", now=NOW)
    claims = ISSUER.check(pair.access, ACCESS, now=NOW)
    assert (claims.agent, claims.mode) == ("agent-a", "autonomous")


def test_refreshing_early_gives_only_an_access_token() -> None:
    pair = ISSUER.issue("agent-a", "managed", now=NOW)
    fresh = ISSUER.refresh(pair.refresh, now=NOW + 60)
    assert fresh.refresh == ""
    assert ISSUER.check(fresh.access, ACCESS, now=NOW + 61).agent == "agent-a"


def test_refreshing_within_ten_minutes_of_the_end_gives_both() -> None:
    pair = ISSUER.issue("agent-a", "managed", now=NOW)
    fresh = ISSUER.refresh(pair.refresh, now=NOW + 24 * 3600 - 599)
    assert ISSUER.check(fresh.refresh, REFRESH, now=NOW + 24 * 3600).agent == "agent-a"


BAD = {
    "another key": forged(key=generate_key()),
    "no signature": jwt.encode({"sub": "{}"}, None, algorithm="none"),  # type: ignore[arg-type]
    "another algorithm": forged(algorithm="RS256"),
    "a shared secret": jwt.encode({"sub": "{}"}, "s" * 64, algorithm="HS512"),
    "the refresh audience": forged(aud=[REFRESH]),
    "the resource proxy's audience": forged(aud=["argocd-agent-server-resource-proxy"]),
    "another issuer": forged(iss="somebody"),
    "no subject": forged(sub=None),
    "a subject that is no JSON": forged(sub="agent-a"),
    "a subject that is a list": forged(sub="[]"),
    "a subject without a name": forged(sub='{"clientID":"","mode":"managed"}'),
    "a subject of another mode": forged(sub='{"clientID":"a","mode":"root"}'),
    "no expiry": forged(exp=None),
    "an expiry that is a text": forged(exp="tomorrow"),
    "an expiry that is true": forged(exp=True),
    "expired": forged(exp=int(NOW)),
    "not yet good": forged(nbf=int(NOW) + 60),
    "nothing": "",
    "garbage": "a.b.c",
    "far too long": "a" * (tokens.MAX_TOKEN_BYTES + 1),
    "with Bearer before it": "Bearer " + forged(),
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD.keys())
def test_a_token_that_is_not_ours_or_not_good_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        ISSUER.check(token, ACCESS, now=NOW)


def test_the_forgeries_differ_from_a_good_token_only_in_what_they_name() -> None:
    assert ISSUER.check(forged(), ACCESS, now=NOW).agent == "agent-a"


def test_an_access_token_does_not_refresh() -> None:
    with pytest.raises(TokenError):
        ISSUER.refresh(ISSUER.issue("agent-a", "managed", now=NOW).access, now=NOW)


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_a_key_file_signs_what_another_process_with_the_same_file_accepts(tmp_path: Path) -> None:
    path = tmp_path / "jwt.key"
    path.write_bytes(_pem(KEY))
    token = Issuer(load_key(path)).issue("agent-a", "managed", now=NOW).access
    assert Issuer(load_key(path)).check(token, ACCESS, now=NOW).agent == "agent-a"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"nonsense", "not an unencrypted PEM private key"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "needs an RSA key"),
        (_pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "at least 2048"),
    ],
    ids=["missing", "nonsense", "elliptic", "short"],
)
def test_a_key_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "jwt.key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KeyFileError, match=said) as raised:
        load_key(path)
    assert str(path) in str(raised.value)
