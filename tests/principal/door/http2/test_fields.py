"""Header blocks: what is decoded, and what is encoded without a table."""

from hpack import Decoder
from hypothesis import given
from hypothesis import strategies as st

from principal.door.http2 import fields

NAMES = st.sampled_from([":path", "te", "authorization", "x-forwarded-client-cert", "a", "grpc-timeout"])
VALUES = st.text(st.characters(max_codepoint=255), max_size=60)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=12)


def raw(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


@given(HEADERS, HEADERS)
def test_what_we_encode_leaves_nothing_in_any_table(
    first: list[tuple[str, str]], second: list[tuple[str, str]]
) -> None:
    decoder = Decoder()
    for headers in (first, second, first):
        block = fields.encode(headers)
        assert decoder.decode(block, raw=True) == raw(headers)
        assert block == fields.encode(list(headers))
    assert not decoder.header_table.dynamic_entries


@given(HEADERS)
def test_a_list_counts_32_bytes_beside_each_field(headers: list[tuple[str, str]]) -> None:
    expected = sum(len(name) + len(value) + 32 for name, value in headers)
    assert fields.list_bytes(raw(headers)) == expected
