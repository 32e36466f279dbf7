"""Checksums equal those of Go: its json.Marshal (1.26) wrote the vectors, from values as client-go reads them."""

import hashlib
import json
import math
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubproto.checksums import go_json, list_checksum, spec_checksum
from hubproto.errors import ChecksumError
from hubproto.payloads import read_json
from tests.hubproto.samples import any_text

VECTORS = json.loads(Path(__file__).with_name("go_json_vectors.json").read_text(encoding="utf-8"))
"""Pairs: the JSON that was read, and what json.Marshal wrote."""


@pytest.mark.parametrize(("given_text", "expected"), VECTORS)
def test_a_value_is_written_as_go_writes_it(given_text: str, expected: str) -> None:
    assert go_json(read_json(given_text.encode("ascii"))).decode("utf-8") == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_as_the_same_float(value: float) -> None:
    text = go_json(value).decode()
    assert math.copysign(1, float(text)) == math.copysign(1, value)
    assert float(text) == value
    assert ("e" in text) == (value != 0 and not 1e-6 <= abs(value) < 1e21)


@given(any_text)
def test_a_text_reads_back_with_nothing_dangerous_in_it(value: str) -> None:
    written = go_json(value)
    assert not set("<>&\u2028\u2029") & set(written.decode("utf-8"))
    assert read_json(written) == "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in value)


def test_tuples_mappings_and_bytes_have_their_go_forms() -> None:
    value = MappingProxyType({"b": (1, True), "a": b"\x00\xff"})
    assert go_json(value) == b'{"a":"AP8=","b":[1,true]}'


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [math.nan, -math.inf, 10**400, {1: 2}, object(), nested(5000)],
    ids=["nan", "inf", "huge", "key", "object", "deep"],
)
def test_what_go_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(ChecksumError):
        go_json({"a": [value]})


def test_a_spec_is_summed_without_its_destination() -> None:
    spec = {"project": "default", "source": {"repoURL": "https://a/b?x=1&y=2"}}
    expected = hashlib.sha256(
        b'{"project":"default","source":{"repoURL":"https://a/b?x=1\\u0026y=2"}}',
    ).digest()
    here = {"spec": spec | {"destination": {"name": "in-cluster"}}, "status": {"a": 1}}
    there = {"kind": "Application", "spec": spec | {"destination": {"server": "https://c"}}}
    assert spec_checksum(here) == spec_checksum(there) == expected
    assert "destination" in here["spec"], "the object stays as it is"


def test_only_the_spec_s_own_destination_is_left_out() -> None:
    assert spec_checksum({"spec": {"a": {"destination": 1}}}) != spec_checksum({"spec": {"a": {}}})


@pytest.mark.parametrize(
    ("obj", "summed"),
    [
        ({"kind": "Secret", "data": {"destination": "YQ==", "b": ""}}, b'{"b":"","destination":"YQ=="}'),
        ({"kind": "ConfigMap", "data": {"k": "v"}}, b'{"k":"v"}'),
        ({"kind": "ConfigMap"}, b"{}"),
        ({"kind": "AppProject", "spec": {}}, b"{}"),
    ],
)
def test_secrets_and_config_maps_are_summed_by_their_data(obj: dict[str, Any], summed: bytes) -> None:
    assert spec_checksum(obj) == hashlib.sha256(summed).digest()


@pytest.mark.parametrize(
    ("obj", "field"),
    [
        ({}, "spec"),
        ({"spec": None}, "spec"),
        ({"spec": []}, "spec"),
        ({"kind": "Secret"}, "data"),
        ({"kind": []}, "spec"),
    ],
)
def test_an_object_without_what_is_summed_is_refused_by_name(obj: dict[str, Any], field: str) -> None:
    with pytest.raises(ChecksumError, match=f"^{field} of kind"):
        spec_checksum(obj)


def test_a_list_is_summed_sorted_and_without_namespaces() -> None:
    entries = [("Application", "b", "u2"), ("AppProject", "z", "u3"), ("Application", "a", "u1")]
    expected = hashlib.sha256(b"AppProject/z/u3Application/a/u1Application/b/u2").digest()
    assert list_checksum(entries) == list_checksum(reversed(entries)) == expected


def test_an_empty_list_has_no_checksum() -> None:
    assert list_checksum([]) is None
