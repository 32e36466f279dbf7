"""Tokens: argocd-agent's claims, and everything that must not pass for one of ours."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from principal import tokens
from principal.tokens import ACCESS, REFRESH, Bearer, Issuer, KeyFileError, TokenError, generate_key, read_keys

NOW = 1_790_000_000.0
KEY, OLD, OTHER = generate_key(), generate_key(), generate_key()
ISSUER = Issuer(KEY)
SPIFFE = "spiffe://cluster.local/ns/argocd-agents/sa/agent-a"
AGENT = Bearer(agent="agent-a", mode="managed", method="header", identity=SPIFFE)


def forged(key: object = KEY, algorithm: str = "RS512", **changes: Any) -> str:
    body: dict[str, Any] = {
        "iss": "argocd-agent-server",
        "aud": [ACCESS],
        "sub": json.dumps({"clientID": "agent-a", "mode": "managed"}),
        "nbf": int(NOW),
        "iat": int(NOW),
        "exp": int(NOW) + 300,
        "meshtether/method": "header",
        "meshtether/identity": SPIFFE,
    }
    body.update(changes)
    body = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(body, key, algorithm=algorithm)  # type: ignore[arg-type]


def test_an_access_token_carries_argocd_agents_claims() -> None:
    body = jwt.decode(ISSUER.issue(AGENT, now=NOW).access, options={"verify_signature": False})
    assert body["iss"] == "argocd-agent-server"
    assert body["aud"] == ["argocd-agent-server-access"]
    assert json.loads(body["sub"]) == {"clientID": "agent-a", "mode": "managed"}
    assert body["exp"] - body["iat"] == 300
    assert body["nbf"] == body["iat"] == int(NOW)


def test_a_token_carries_the_identity_and_the_method_it_was_issued_for_and_nothing_else() -> None:
    body = jwt.decode(ISSUER.issue(AGENT, now=NOW).refresh, options={"verify_signature": False})
    assert body["meshtether/identity"] == SPIFFE
    assert body["meshtether/method"] == "header"
    ours = {"meshtether/identity", "meshtether/method"}
    assert set(body) == {"iss", "aud", "sub", "jti", "iat", "nbf", "exp"} | ours


def test_a_token_speaks_for_its_bearer() -> None:
    bearer = Bearer(agent="agent-a", mode="autonomous", method="mtls", identity="CN=agent-a,O=x")
    assert ISSUER.check(ISSUER.issue(bearer, now=NOW).access, ACCESS, now=NOW).bearer == bearer


def test_a_token_for_the_longest_identity_is_read() -> None:
    longest = SPIFFE + "/" + "x" * (2048 - len(SPIFFE) - 1)
    bearer = Bearer(agent="a" * 63, mode="autonomous", method="header", identity=longest)
    assert ISSUER.check(ISSUER.issue(bearer, now=NOW).access, ACCESS, now=NOW).bearer.identity == longest


def test_renewing_early_gives_only_an_access_token() -> None:
    claims = ISSUER.check(ISSUER.issue(AGENT, now=NOW).refresh, REFRESH, now=NOW)
    fresh = ISSUER.renew(claims, now=NOW + 60)
    assert fresh.refresh == ""
    assert ISSUER.check(fresh.access, ACCESS, now=NOW + 61).bearer == AGENT


def test_renewing_within_ten_minutes_of_the_end_gives_both() -> None:
    claims = ISSUER.check(ISSUER.issue(AGENT, now=NOW).refresh, REFRESH, now=NOW)
    fresh = ISSUER.renew(claims, now=NOW + 24 * 3600 - 599)
    assert ISSUER.check(fresh.refresh, REFRESH, now=NOW + 24 * 3600).bearer == AGENT


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
    "no identity": forged(**{"meshtether/identity": None}),
    "an empty identity": forged(**{"meshtether/identity": ""}),
    "an identity that is a list": forged(**{"meshtether/identity": [SPIFFE]}),
    "no method": forged(**{"meshtether/method": None}),
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD.keys())
def test_a_token_that_is_not_ours_or_not_good_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        ISSUER.check(token, ACCESS, now=NOW)


def test_the_forgeries_differ_from_a_good_token_only_in_what_they_name() -> None:
    assert ISSUER.check(forged(), ACCESS, now=NOW).bearer == AGENT


def test_an_access_token_is_no_refresh_token() -> None:
    with pytest.raises(TokenError):
        ISSUER.check(ISSUER.issue(AGENT, now=NOW).access, REFRESH, now=NOW)


def test_a_token_of_argocd_agents_own_principal_must_be_replaced_by_a_new_login() -> None:
    with pytest.raises(TokenError, match="must authenticate again") as raised:
        ISSUER.check(forged(**{"meshtether/identity": None, "meshtether/method": None}), ACCESS, now=NOW)
    assert raised.value.rule == "token-unbound"


def test_after_a_rotation_the_first_key_signs_and_both_are_accepted() -> None:
    before, after = Issuer(OLD), Issuer(KEY, OLD)
    old_token, new_token = before.issue(AGENT, now=NOW).access, after.issue(AGENT, now=NOW).access
    assert after.check(old_token, ACCESS, now=NOW).bearer == AGENT
    assert Issuer(KEY).check(new_token, ACCESS, now=NOW).bearer == AGENT
    with pytest.raises(TokenError, match="none of our keys"):
        before.check(new_token, ACCESS, now=NOW)


def test_a_running_issuer_takes_new_keys_and_forgets_the_ones_that_went() -> None:
    issuer = Issuer(OLD)
    token = issuer.issue(AGENT, now=NOW).access
    issuer.use((KEY, OLD))
    assert issuer.check(token, ACCESS, now=NOW).bearer == AGENT
    issuer.use((KEY,))
    with pytest.raises(TokenError) as raised:
        issuer.check(token, ACCESS, now=NOW)
    assert raised.value.rule == "token-signature"


def test_a_bad_token_is_refused_by_any_of_several_keys_for_its_own_reason() -> None:
    issuer = Issuer(KEY, OLD)
    with pytest.raises(TokenError, match="expired"):
        issuer.check(forged(key=OLD, exp=int(NOW)), ACCESS, now=NOW)
    with pytest.raises(TokenError, match="none of our keys"):
        issuer.check(forged(key=OTHER), ACCESS, now=NOW)


PKCS8, PKCS1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: serialization.PrivateFormat = PKCS8) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


@pytest.mark.parametrize("form", [PKCS8, PKCS1], ids=["PKCS#8", "PKCS#1"])
def test_a_key_file_signs_what_another_process_with_the_same_file_accepts(form: serialization.PrivateFormat) -> None:
    content = _pem(KEY, form)
    token = Issuer(*read_keys(content, "jwt.key")).issue(AGENT, now=NOW).access
    assert Issuer(*read_keys(content, "jwt.key")).check(token, ACCESS, now=NOW).bearer == AGENT


def test_a_key_file_may_hold_the_key_of_today_and_the_ones_before() -> None:
    keys = read_keys(b"# today's\n" + _pem(KEY) + b"\n# until Friday\n" + _pem(OLD), "jwt.key")
    assert [key.private_numbers() for key in keys] == [KEY.private_numbers(), OLD.private_numbers()]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "0 PEM blocks: 1 to 8 RSA private keys"),
        (b"nonsense", "0 PEM blocks"),
        (b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n", "not an unencrypted PEM private key"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "needs an RSA key"),
        (_pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)), "at least 2048"),
        (_pem(KEY) + _pem(ec.generate_private_key(ec.SECP256R1())), "key 2: a .*needs an RSA key"),
        (_pem(KEY) * 9, "9 PEM blocks"),
        (_pem(KEY).replace(b"\n-----END", b"\n"), "not an unencrypted PEM private key"),
    ],
    ids=["empty", "nonsense", "broken", "elliptic", "short", "the second is elliptic", "too many", "cut off"],
)
def test_a_key_file_that_cannot_be_used_is_named(content: bytes, said: str) -> None:
    with pytest.raises(KeyFileError, match=said) as raised:
        read_keys(content, "/etc/jwt.key")
    assert str(raised.value).startswith("/etc/jwt.key: ")
