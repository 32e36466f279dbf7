import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tokens import MAX_TOKEN, Claims, TokenError, read_claims


def jwt(payload: Any) -> str:
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return f"head.{base64.urlsafe_b64encode(text).decode().rstrip('=')}.signature"


SUBJECT = json.dumps({"clientID": "agent-a", "mode": "managed"})


def test_name_mode_and_expiry_are_read() -> None:
    assert read_claims(jwt({"sub": SUBJECT, "exp": 1700000000})) == Claims("agent-a", "managed", 1700000000.0)


def test_a_token_may_have_no_expiry() -> None:
    assert read_claims(jwt({"sub": SUBJECT})).expires is None


BAD = {
    "two parts": "a.b",
    "not base64": "a.!!!.c",
    "not json": jwt(b"{"),
    "not text": jwt(b"\xff\xfe"),
    "no object": jwt([1]),
    "no subject": jwt({}),
    "subject no text": jwt({"sub": 5}),
    "subject no json": jwt({"sub": "agent-a"}),
    "subject no object": jwt({"sub": "[]"}),
    "no client": jwt({"sub": '{"mode":"managed"}'}),
    "empty client": jwt({"sub": '{"clientID":""}'}),
    "client no text": jwt({"sub": '{"clientID":7}'}),
    "too long": jwt({"sub": SUBJECT, "pad": "x" * MAX_TOKEN}),
    "too deep": jwt(b"[" * 9000),
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_that_cannot_be_read_says_why(name: str) -> None:
    with pytest.raises(TokenError, match="token"):
        read_claims(BAD[name])


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(TokenError):
        read_claims(text)


@given(st.dictionaries(st.sampled_from(["sub", "exp"]), st.none() | st.booleans() | st.floats() | st.text()))
def test_no_claims_break_the_reader(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenError):
        read_claims(jwt(claims))
