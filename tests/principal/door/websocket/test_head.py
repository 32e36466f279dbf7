from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal.door.websocket.answers import RequestError
from principal.door.websocket.head import Head, HeadReader
from principal.door.websocket.limits import Limits

GOOD = b"GET /a.B/C HTTP/1.1\r\nHost: h\r\nX-Two:  b \r\nX-Two: c\r\n\r\n"


def read(data: bytes, limits: Limits | None = None) -> Head:
    found = HeadReader(limits or Limits()).feed(data)
    assert found is not None
    return found[0]


def refusal(data: bytes, limits: Limits | None = None) -> RequestError:
    with pytest.raises(RequestError) as caught:
        HeadReader(limits or Limits()).feed(data)
    return caught.value


def test_a_head_is_read_with_names_in_lower_case_and_values_in_order() -> None:
    head = read(GOOD)
    assert (head.method, head.target) == ("GET", "/a.B/C")
    assert head.headers == (("host", "h"), ("x-two", "b"), ("x-two", "c"))
    assert head.values("x-two") == ("b", "c")


def test_what_follows_a_head_is_given_back() -> None:
    found = HeadReader(Limits()).feed(GOOD + b"\x82\x80")
    assert found is not None
    assert found[1] == b"\x82\x80"


@given(st.lists(st.integers(0, len(GOOD)), max_size=6))
def test_a_head_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    reader = HeadReader(Limits())
    edges = [0, *sorted(cuts), len(GOOD)]
    found = [reader.feed(GOOD[start:end]) for start, end in pairwise(edges)]
    assert [entry[0] for entry in found if entry is not None] == [read(GOOD)]


BAD = {
    "a bare line feed": b"GET / HTTP/1.1\nHost: h\r\n\r\n",
    "a bare carriage return": b"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
    "a folded line": b"GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
    "a folded first line": b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : h\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    "no name": b"GET / HTTP/1.1\r\n: h\r\n\r\n",
    "a zero byte": b"GET / HTTP/1.1\r\nHost: h\x00\r\n\r\n",
    "a name of other letters": b"GET / HTTP/1.1\r\nH\xf6st: h\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
    "a tab": b"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n",
    "no version": b"GET /\r\nHost: h\r\n\r\n",
    "an odd version": b"GET / HTTP/1.10\r\nHost: h\r\n\r\n",
    "a small version": b"GET / http/1.1\r\nHost: h\r\n\r\n",
    "an absolute target": b"GET http://other/ HTTP/1.1\r\nHost: h\r\n\r\n",
    "a target of an authority": b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    "a fragment": b"GET /# HTTP/1.1\r\nHost: h\r\n\r\n",
    "a target beyond ASCII": b"GET /\xe4 HTTP/1.1\r\nHost: h\r\n\r\n",
    "an empty first line": b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "nothing at all": b"\r\n\r\n",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_could_be_read_in_two_ways_is_refused(data: bytes) -> None:
    assert refusal(data).status == 400


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/2.0"])
def test_another_version_of_http_is_named(version: bytes) -> None:
    error = refusal(b"GET / " + version + b"\r\nHost: h\r\n\r\n")
    assert error.status == 505
    assert version.decode() in error.text


def test_a_head_longer_than_the_limit_is_refused_whether_or_not_it_ends() -> None:
    limits = Limits(max_head=100)
    endless = b"GET / HTTP/1.1\r\nX: " + b"y" * 200
    assert refusal(endless, limits).status == 431
    assert refusal(endless + b"\r\n\r\n", limits).status == 431
    exactly = b"GET / HTTP/1.1\r\nX: "
    exactly += b"y" * (100 - len(exactly) - 4) + b"\r\n\r\n"
    assert len(read(exactly, limits).values("x")[0]) == 77


def test_header_lines_and_the_target_are_counted() -> None:
    many = b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 6 + b"\r\n"
    assert refusal(many, Limits(max_headers=5)).status == 431
    assert len(read(many, Limits(max_headers=6)).headers) == 6
    assert refusal(GOOD, Limits(max_target=5)).status == 414
    assert read(GOOD, Limits(max_target=6)).target == "/a.B/C"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    with suppress(RequestError):
        found = HeadReader(Limits()).feed(data)
        assert found is None or found[0].target.startswith("/")
