"""The downward API's files: whatever Kubernetes writes is read back, and whatever anybody writes does no harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal.surroundings.podinfo import MAX_BYTES, MAX_ENTRIES, MAX_FAULTS, parse, unquoted

SIMPLE = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


def go_quoted(text: str) -> str:
    """`text` as Go's strconv.Quote writes it (golang.org/src/strconv/quote.go)."""
    out = []
    for character in text:
        number = ord(character)
        if character in '"\\':
            out.append(f"\\{character}")
        elif character in SIMPLE:
            out.append(SIMPLE[character])
        elif number < 0x20 or number == 0x7F:
            out.append(f"\\x{number:02x}")
        elif character.isprintable():
            out.append(character)
        else:
            out.append(f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}")
    return '"' + "".join(out) + '"'


def written(entries: dict[str, str]) -> bytes:
    """A file as the kubelet writes it."""
    return "\n".join(f"{key}={go_quoted(entries[key])}" for key in sorted(entries)).encode()


keys = st.from_regex(r"[a-z.]{1,20}/?[A-Za-z0-9._-]{1,20}", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(st.dictionaries(keys, values, max_size=20))
def test_whatever_kubernetes_writes_is_read_back(entries: dict[str, str]) -> None:
    info = parse(written(entries))
    assert (dict(info.entries), info.faults) == (entries, ())


@given(st.binary(max_size=300))
def test_no_file_raises_and_each_line_is_an_entry_or_a_fault(data: bytes) -> None:
    info = parse(data)
    lines = [line for line in data.decode("utf-8", "replace").split("\n") if line]
    assert len(info.entries) + len(info.faults) <= len(lines)
    assert bool(lines) == bool(info.entries or info.faults)


@given(st.text(max_size=40))
def test_what_is_not_quoted_as_in_go_is_no_value(text: str) -> None:
    value = unquoted(f'"{text}"')
    plain = '"' not in text and "\\" not in text
    assert value is not None or not plain
    assert not plain or value == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    "text",
    ["", '"', "x", 'x"', '"x', '"a"b"', '"\\"', '"\\q"', '"\\x1"', '"\\xg0"', '"\\u12"', '"\\U00110000"', "'x'"],
)
def test_a_broken_quotation_is_no_value(text: str) -> None:
    assert unquoted(text) is None


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert unquoted('"a\\xff\\xc3\\xa9b"') == "a\ufffd\u00e9b"
    assert unquoted('"\\ud800"') == "?"


def test_a_samples_file_of_a_real_pod_is_read() -> None:
    info = parse(
        b'kubernetes.io/config.source="api"\n'
        b'sidecar.istio.io/status="{\\"initContainers\\":[\\"istio-init\\",\\"istio-proxy\\"],\\"revision\\":\\"default\\"}"\n'
        b'note="two\\nlines \xc3\xa9"\n'
    )
    assert info.entries["kubernetes.io/config.source"] == "api"
    assert info.entries["sidecar.istio.io/status"].startswith('{"initContainers":["istio-init"')
    assert info.entries["note"] == "two\nlines \u00e9"
    assert info.faults == ()


def test_an_empty_file_is_no_entries() -> None:
    assert parse(b"").entries == {}


def test_of_a_key_that_comes_twice_the_first_holds() -> None:
    assert parse(b'a="1"\na="2"').entries == {"a": "1"}


def test_long_files_are_cut_and_that_is_said() -> None:
    info = parse(b'a="' + b"x" * MAX_BYTES + b'"')
    assert any("bytes" in fault for fault in info.faults)
    info = parse(b"\n".join(b'k%d="v"' % number for number in range(MAX_ENTRIES + 5)))
    assert len(info.entries) == MAX_ENTRIES
    assert any("lines" in fault for fault in info.faults)
    assert len(parse(b"broken\n" * 1000).faults) == MAX_FAULTS
