"""The headers of calls, read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal.door.requests import (
    MAX_DETAIL_BYTES,
    MAX_METADATA,
    Refused,
    Request,
    bin_decode,
    bin_encode,
    parse_timeout,
    percent_decode,
    percent_encode,
    read_request,
    refusal_headers,
    response_headers,
    trailers,
    trailers_only,
)
from principal.door.wire import Headers
from principal.rpc import OK, Code, Status

PSEUDO = [(":method", "POST"), (":scheme", "http"), (":path", "/a.B/C"), (":authority", "hub")]
GRPC = [("content-type", "application/grpc"), ("te", "trailers")]
SURROGATES = st.text(st.characters(), max_size=60)


def headers(*more: tuple[str, str], **pseudo: str) -> Headers:
    return [(name, pseudo.get(name[1:], value)) for name, value in PSEUDO] + GRPC + list(more)


def refused(*more: tuple[str, str], **pseudo: str) -> Refused:
    with pytest.raises(Refused) as raised:
        read_request(headers(*more, **pseudo))
    return raised.value


def with_content_type(value: str) -> Headers:
    return [*PSEUDO, ("content-type", value), ("te", "trailers")]


def test_a_plain_call_is_its_method_and_what_it_says_beyond_the_protocol() -> None:
    request = read_request(headers(("user-agent", "u"), ("authorization", "t"), ("a", "1"), ("b", "2"), ("a", "3")))
    metadata = (("user-agent", "u"), ("authorization", "t"), ("a", "1"), ("b", "2"), ("a", "3"))
    assert request == Request("/a.B/C", metadata, timeout=None, encoding="identity")


def test_what_belongs_to_the_protocol_is_no_metadata() -> None:
    protocol = [("grpc-timeout", "2S"), ("grpc-encoding", "gzip"), ("grpc-accept-encoding", "identity, gzip")]
    noise = [("grpc-status", "0"), ("grpc-message", "x"), ("grpc-message-type", "y")]
    assert read_request(headers(*protocol, *noise)) == Request("/a.B/C", (), 2.0, "gzip", "gzip")


def test_reserved_names_that_nobody_knows_are_handed_on() -> None:
    assert read_request(headers(("grpc-new", "x"))).metadata == (("grpc-new", "x"),)


def test_a_path_may_be_anything_for_the_service_knows_its_methods() -> None:
    for path in ("/x", "x", "/a.B/C?d=1", ""):
        assert read_request(headers(path=path)).method == path


def test_te_is_not_asked_for() -> None:
    assert read_request([field for field in headers() if field[0] != "te"]).method == "/a.B/C"


@pytest.mark.parametrize(
    "value",
    [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc+json",
        "application/grpc+thrift",
        "application/grpc;charset=utf-8",
        "application/grpc+proto ; v=1",
        "Application/gRPC",
    ],
)
def test_every_message_format_of_grpc_is_taken(value: str) -> None:
    assert read_request(with_content_type(value)).method == "/a.B/C"


@pytest.mark.parametrize(
    "value", ["", "application/json", "application/grpc-web", "application/grpcx", "text/html; application/grpc", "*/*"]
)
def test_what_is_no_grpc_is_told_so_in_http(value: str) -> None:
    with pytest.raises(Refused) as raised:
        read_request(with_content_type(value))
    assert raised.value.status is None
    assert refusal_headers(raised.value) == [
        (":status", "415"),
        ("accept", "application/grpc"),
        ("content-length", "0"),
    ]


def test_without_a_content_type_it_is_no_grpc() -> None:
    with pytest.raises(Refused) as raised:
        read_request(list(PSEUDO))
    assert raised.value.http_status == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "post", "CONNECT", ""])
def test_every_call_is_a_post(method: str) -> None:
    fault = refused(method=method)
    assert refusal_headers(fault) == [(":status", "405"), ("allow", "POST"), ("content-length", "0")]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1H", 3600.0),
        ("2M", 120.0),
        ("3S", 3.0),
        ("40m", 0.04),
        ("50u", 5e-05),
        ("60n", 6e-08),
        ("99999999S", 99999999.0),
    ],
)
def test_a_timeout_has_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_timeout(text) == pytest.approx(seconds)
    assert read_request(headers(("grpc-timeout", text))).timeout == parse_timeout(text)


def test_a_timeout_may_be_over_already() -> None:
    assert read_request(headers(("grpc-timeout", "0n"))).timeout == 0.0


@pytest.mark.parametrize(
    "text",
    ["", "S", "1", "1s", "1 S", " 1S", "1S ", "-1S", "+1S", "1.5S", "1_0S", "123456789S", "٣S", "²S", "1SS", "0x1S"],
)
def test_what_is_no_timeout_ends_the_call(text: str) -> None:
    with pytest.raises(ValueError, match="accepted: 1 to 8 digits"):
        parse_timeout(text)
    fault = refused(("grpc-timeout", text))
    assert fault.http_status == 200
    assert fault.status is not None
    assert fault.status.code is Code.INTERNAL


@given(st.integers(0, 10**8 - 1), st.sampled_from("numSMH"))
def test_every_timeout_of_eight_digits_is_one(number: int, unit: str) -> None:
    assert parse_timeout(f"{number}{unit}") == parse_timeout(f"{number:08}{unit}") >= 0


@pytest.mark.parametrize("name", ["snappy", "deflate", "GZIP", "", "gzip,identity"])
def test_an_encoding_that_we_lack_is_unimplemented_and_told_what_there_is(name: str) -> None:
    fault = refused(("grpc-encoding", name))
    told = dict(refusal_headers(fault))
    assert told["grpc-status"] == "12"
    assert told["grpc-accept-encoding"] == "identity,gzip"
    assert told[":status"] == "200"


@pytest.mark.parametrize(
    ("encoding", "accepted", "answer"),
    [
        ("gzip", [], "gzip"),
        ("gzip", ["gzip"], "gzip"),
        ("gzip", ["identity,deflate, gzip"], "gzip"),
        ("gzip", ["identity", "gzip"], "gzip"),
        ("gzip", ["identity"], "identity"),
        ("gzip", ["xgzip", "deflate"], "identity"),
        ("identity", ["gzip"], "identity"),
    ],
)
def test_answers_are_compressed_as_requests_are_for_who_takes_that(
    encoding: str, accepted: list[str], answer: str
) -> None:
    said = [("grpc-encoding", encoding), *(("grpc-accept-encoding", value) for value in accepted)]
    assert read_request(headers(*said)).answer_encoding == answer


@pytest.mark.parametrize(
    ("name", "first", "second"), [("grpc-timeout", "1S", "2S"), ("grpc-encoding", "gzip", "identity")]
)
def test_a_field_that_contradicts_itself_ends_the_call(name: str, first: str, second: str) -> None:
    assert read_request(headers((name, first), (name, str(first)))) == read_request(headers((name, first)))
    fault = refused((name, first), (name, second))
    assert fault.status is not None
    assert fault.status.code is Code.INTERNAL
    assert first in fault.status.message
    assert second in fault.status.message


def test_two_content_types_of_which_one_is_no_grpc_end_the_call() -> None:
    assert refused(("content-type", "text/html")).status == Status(
        Code.INTERNAL, "content-type says 'application/grpc' and then 'text/html'; accepted: one value"
    )


def test_text_that_is_no_ascii_is_utf8_or_else_latin1() -> None:
    utf8 = "ä€".encode().decode("latin-1")
    assert read_request(headers(("a", utf8), ("b", "\xe4\xff"))).metadata == (("a", "ä€"), ("b", "\xe4\xff"))


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("AAEC", [b"\0\1\2"]),
        ("AA", [b"\0"]),
        ("AA==", [b"\0"]),
        ("//79", [b"\xff\xfe\xfd"]),
        ("", [b""]),
        ("AA,AQ", [b"\0", b"\1"]),
        ("AA==, AQ== ,", [b"\0", b"\1", b""]),
    ],
)
def test_binary_metadata_is_decoded_value_by_value(value: str, parts: list[bytes]) -> None:
    metadata = read_request(headers(("x-bin", value))).metadata
    assert metadata == tuple(("x-bin", part.decode("latin-1")) for part in parts)


@pytest.mark.parametrize("value", ["A", "A!", "__79", "AB", "AA===", "A A", "AAAAA", "\xe4\xe4", "AA=A", "AA\n"])
def test_what_is_no_base64_ends_the_call(value: str) -> None:
    fault = refused(("x-bin", value))
    assert fault.status is not None
    assert fault.status.code is Code.INTERNAL
    assert "x-bin" in fault.status.message


@pytest.mark.parametrize(
    ("each", "fields", "taken"),
    [
        (MAX_METADATA, 1, True),
        (MAX_METADATA + 1, 1, False),
        (MAX_METADATA // 2, 2, True),
        (MAX_METADATA // 2, 3, False),
    ],
)
def test_commas_make_no_more_metadata_than_a_call_may_have(each: int, fields: int, *, taken: bool) -> None:
    more = [("x-bin", ",".join(["AA"] * each))] * fields
    if taken:
        assert len(read_request(headers(*more)).metadata) == each * fields
        return
    status = refused(*more).status
    assert status is not None
    assert status.code is Code.RESOURCE_EXHAUSTED
    assert status.message == f"metadata x-bin: more than {MAX_METADATA} values in one call"


@pytest.mark.parametrize("field", [("x", "\xf0\x9f\x98\x80 and more"), ("x-bin", "AAEC,AAED")])
def test_a_field_that_is_repeated_is_decoded_once(field: tuple[str, str]) -> None:
    once = read_request(headers(field)).metadata
    thrice = read_request(headers(field, field, field)).metadata
    assert thrice == once * 3
    assert len({id(value) for _, value in thrice}) == len(once)


@given(st.binary(max_size=64))
def test_bytes_survive_base64_with_and_without_padding(value: bytes) -> None:
    bare = bin_encode(value)
    assert "=" not in bare
    assert bin_decode(bare) == bin_decode(bare + "=" * (-len(bare) % 4)) == value


@given(st.text(max_size=12))
def test_any_text_is_bytes_or_a_value_error(text: str) -> None:
    try:
        value = bin_decode(text)
    except ValueError:
        return
    assert bin_encode(value) == text.rstrip("=")


def test_a_grpc_message_escapes_all_but_printable_ascii() -> None:
    assert percent_encode("plain, with 'marks' ~") == "plain, with 'marks' ~"
    assert percent_encode("100 %\r\n\t\x7f") == "100 %25%0D%0A%09%7F"
    assert percent_encode("ä€😀") == "%C3%A4%E2%82%AC%F0%9F%98%80"
    assert percent_encode("") == ""
    assert percent_encode(" a b ") == "%20a b%20"


def test_half_a_surrogate_pair_is_a_question_mark() -> None:
    assert percent_decode(percent_encode("a\ud800b\udfff")) == "a?b?"


@given(st.text(max_size=60))
def test_a_grpc_message_comes_back_as_it_was(text: str) -> None:
    assert percent_decode(percent_encode(text)) == text


@given(SURROGATES | st.text("\ud800\udfffa%ä€"))
def test_an_encoded_message_is_printable_ascii_whatever_it_was(text: str) -> None:
    encoded = percent_encode(text)
    assert encoded.isascii()
    assert encoded == "" or encoded.isprintable()
    assert encoded == encoded.strip(" ")


@pytest.mark.parametrize(
    ("wire", "text"),
    [("%", "%"), ("%4", "%4"), ("%zz%41", "%zzA"), ("%%41", "%A"), ("%ff", "\ufffd"), ("%c3%a4%2", "ä%2")],
)
def test_a_broken_escape_is_no_error(wire: str, text: str) -> None:
    assert percent_decode(wire) == text


@given(st.text(max_size=60))
def test_any_text_can_be_decoded(text: str) -> None:
    assert isinstance(percent_decode(text), str)


@given(st.text(max_size=40), st.integers(0, 60))
def test_a_long_message_is_cut_between_characters(text: str, most: int) -> None:
    cut = percent_encode(text, most=most)
    assert len(cut) <= most
    assert cut == cut.strip(" ")
    assert text.startswith(percent_decode(cut))
    if len(percent_encode(text)) <= most:
        assert percent_decode(cut) == text


@pytest.mark.parametrize("char", ["x", "ä", "😀", "%"])
def test_no_message_makes_trailers_that_a_client_refuses_for_their_size(char: str) -> None:
    [_, (name, value)] = trailers(Status(Code.UNAVAILABLE, char * 100_000))
    assert name == "grpc-message"
    assert MAX_DETAIL_BYTES - 12 < len(value) <= MAX_DETAIL_BYTES


def test_a_good_end_says_no_more_than_that() -> None:
    assert trailers(OK) == [("grpc-status", "0")]


def test_trailers_follow_the_status() -> None:
    status = Status(Code.UNAVAILABLE, "täglich", (("grpc-retry-pushback-ms", "1500"), ("x-bin", "\0\1\xff")))
    expected = [
        ("grpc-status", "14"),
        ("grpc-message", "t%C3%A4glich"),
        ("grpc-retry-pushback-ms", "1500"),
        ("x-bin", "AAH/"),
    ]
    assert trailers(status) == expected
    assert trailers_only(status) == [(":status", "200"), ("content-type", "application/grpc"), *expected]


def test_an_answer_begins_with_what_is_accepted_and_how_it_is_compressed() -> None:
    plain = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-accept-encoding", "identity,gzip")]
    assert response_headers() == plain
    assert response_headers([("a", "b")], encoding="gzip") == [*plain, ("grpc-encoding", "gzip"), ("a", "b")]


@pytest.mark.parametrize(
    ("value", "sent"),
    [("a b", "a b"), (" a ", "a"), ("a\r\nb: c", "a??b: c"), ("a\0\x7f", "a??"), ("\ud800", "?"), ("", "")],
)
def test_metadata_of_ours_can_not_end_its_field(value: str, sent: str) -> None:
    assert response_headers([("a", value)])[-1] == ("a", sent)


@given(st.text(max_size=30), st.binary(max_size=30))
def test_what_a_caller_sent_can_be_sent_back(text: str, value: bytes) -> None:
    sent = [("a", text), ("x-bin", value.decode("latin-1"))]
    echoed = response_headers(read_request(headers(*response_headers(sent)[3:])).metadata)
    assert echoed == response_headers(sent)
    for _, field in echoed:
        assert all(" " <= char != "\x7f" for char in field.encode("latin-1").decode("latin-1"))


LATIN1 = st.text(st.characters(max_codepoint=0xFF), max_size=40)
NAMES = st.sampled_from(
    [
        "a",
        "x-bin",
        "te",
        "content-type",
        "grpc-timeout",
        "grpc-encoding",
        "grpc-accept-encoding",
        ":method",
        ":path",
        "-bin",
    ]
)


@given(st.lists(st.tuples(NAMES, LATIN1), max_size=8))
def test_any_headers_are_a_request_or_a_refusal(more: list[tuple[str, str]]) -> None:
    for fields in (more, headers(*more)):
        try:
            request = read_request(fields)
        except Refused as fault:
            answer = refusal_headers(fault)
        else:
            answer = response_headers(request.metadata)
        assert answer[0][0] == ":status"
