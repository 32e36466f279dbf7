"""Subjects of certificates as Go writes them, against what real Go said (vectors/make_subjects.py)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.errors import IdentityError
from principal.auth import der, distinguished
from tests.principal.vectors.make_subjects import certificate

ROWS = json.loads((Path(__file__).parent / "vectors" / "subjects.json").read_text())
READ = [pytest.param(row, id=row["what"]) for row in ROWS if "refused" not in row]
REFUSED = [pytest.param(row, id=row["what"]) for row in ROWS if "refused" in row]


@pytest.mark.parametrize("row", READ)
def test_a_subject_is_written_as_go_writes_it(row: dict[str, str]) -> None:
    found = distinguished.attributes(der.subject(certificate(bytes.fromhex(row["name"]))))
    assert distinguished.written(found) == row["subject"]
    assert distinguished.common_name(found) == row["commonName"]


@pytest.mark.parametrize("row", REFUSED)
def test_a_subject_that_go_does_not_read_is_not_read(row: dict[str, str]) -> None:
    with pytest.raises(IdentityError) as raised:
        distinguished.attributes(der.subject(certificate(bytes.fromhex(row["name"]))))
    assert raised.value.rule == "certificate-unreadable"


def test_the_vectors_hold_enough_of_both() -> None:
    assert len(READ) > 100
    assert len(REFUSED) > 30


def text_of(data: bytes) -> str | None:
    try:
        return distinguished.written(distinguished.attributes(data))
    except IdentityError:
        return None


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    assert text_of(data) is None or data[:1] in (b"", b"\x31")


@given(st.binary(max_size=300))
def test_no_bytes_are_a_certificate_by_chance(data: bytes) -> None:
    with pytest.raises(IdentityError):
        der.subject(data)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("550403", "2.5.4.3"),
        ("0992268993f22c640119", "0.9.2342.19200300.100.1.25"),
        ("883703", "2.999.3"),
        ("2a", "1.2"),
        ("4f", "1.39"),
        ("50", "2.0"),
    ],
)
def test_object_identifiers_are_written_with_dots(content: str, text: str) -> None:
    assert der.object_identifier(bytes.fromhex(content)) == text
