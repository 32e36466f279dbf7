"""Every fuzz target, on arbitrary bytes for a moment: `make fuzz` looks for longer, and with coverage for a guide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.targets import all_targets


@pytest.mark.parametrize("name", sorted(all_targets()))
@given(data=st.binary(max_size=512))
def test_a_target_survives_arbitrary_bytes(name: str, data: bytes) -> None:
    all_targets()[name](data)
