"""Lists of certificates to turn away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from principal.auth.blocklist import Blocklist

ONE = "0123456789ABCDEF" * 4
OTHER = "FEDCBA9876543210" * 4


def colons(digits: str) -> str:
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))


def test_fingerprints_are_read_in_either_case_with_or_without_colons() -> None:
    text = f"# revoked in May\n\n{ONE}\n  {OTHER.lower()}  # the old laptop\r\n"
    assert Blocklist.read(text.encode(), "list").fingerprints == {ONE, OTHER}
    assert Blocklist.read(colons(ONE).encode(), "list").fingerprints == {ONE}


@pytest.mark.parametrize(
    "line", [ONE[1:], ONE + "0", "g" * 64, f"sha256 {ONE}", "CN=agent-a", "\N{FULLWIDTH DIGIT ONE}" * 64]
)
def test_a_line_that_is_no_fingerprint_is_named_and_the_others_count(line: str) -> None:
    found = Blocklist.read(f"{ONE}\n{line}\n{OTHER}".encode(), "/etc/list")
    assert found.fingerprints == {ONE, OTHER}
    [fault] = found.faults
    assert fault.startswith("/etc/list:2: not a fingerprint; accepted: 64 hex digits")


@given(st.binary())
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    assert all(len(each) == 64 for each in Blocklist.read(data, "list").fingerprints)
