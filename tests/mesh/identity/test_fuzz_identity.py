from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.fuzz_identity import AGENT_RULES, TARGETS
from tests.mesh.identity import hostile
from tests.mesh.identity.certificates import certificate, pem
from tests.mesh.identity.samples import AGENT_A, LINKERD_AGENT_A, LINKERD_GATEWAY, LINKERD_RULE, element
from tests.mesh.identity.strategies import shards

SEEDS = [
    *(AGENT_A, element(AGENT_A), *AGENT_RULES, LINKERD_RULE, "agent-[a-c]*?", pem(certificate(AGENT_A)).decode()),
    f"{element(AGENT_A)}\nfor=x\nby={LINKERD_GATEWAY};for={LINKERD_AGENT_A}",
]


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_a_target_takes_good_and_hostile_texts(target: Callable[[bytes], None]) -> None:
    texts = [*SEEDS, *(text for table in (hostile.spiffe, hostile.xfcc, hostile.linkerd) for _, text in table())]
    for text in texts:
        assert target(text.encode("utf-8")) is None


@given(
    st.sampled_from(list(TARGETS)), st.binary(max_size=200) | shards.map(lambda text: text.encode("utf-8", "replace"))
)
def test_a_target_takes_any_bytes(name: str, data: bytes) -> None:
    assert TARGETS[name](data) is None
