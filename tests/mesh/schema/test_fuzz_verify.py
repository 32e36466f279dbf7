"""The fuzz targets of the verifier take any bytes; a longer run is `python -m fuzz`."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.fuzz_verify import TARGETS


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=60))
def test_any_bytes_are_taken(name, data):
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize(
    "data", [b"", b"0x", b"{a: [1, {b: c}]}", b"self.all(x, x > 0)", b"a: &a [*a]", b"\xff\xfe", b"---\n" * 30]
)
def test_known_trouble_is_taken(name, data):
    TARGETS[name](data)
