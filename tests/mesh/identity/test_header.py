import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesh.identity.errors import SHOWN, shown
from mesh.identity.header import MAX_HEADER_BYTES, HeaderError, agent_name, one_value


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ([], "header-missing"),
        (["a", "a"], "header-repeated"),
        (["", ""], "header-repeated"),
        (["a"] * 100, "header-repeated"),
        (["a" * (MAX_HEADER_BYTES + 1)], "header-length"),
        (["é" * (MAX_HEADER_BYTES + 1)], "header-length"),
        *((["agent-a" + character], "header-character") for character in map(chr, [*range(0x20), 0x7F, 0x80, 0xFF])),
        (["agent-a\u200b"], "header-character"),
        (["\ud800"], "header-character"),
    ],
)
def test_a_header_that_is_missing_doubled_too_long_or_unprintable_is_refused(values: list[str], rule: str) -> None:
    with pytest.raises(HeaderError) as refused:
        one_value("x-id", values)
    assert refused.value.rule == rule
    assert str(refused.value).isascii()


def test_the_one_value_is_returned_as_it_is() -> None:
    for value in ("", " ", "a" * MAX_HEADER_BYTES, "".join(map(chr, range(0x20, 0x7F)))):
        assert one_value("x-id", [value]) == value


def test_an_agents_name_is_a_label() -> None:
    assert agent_name("agent-a") == "agent-a"
    with pytest.raises(HeaderError) as refused:
        agent_name("team.agent")
    assert refused.value.rule == "agent-not-a-label"


@given(st.text())
@example("\U00010000" * 40)
@example("\x07" * 81)
def test_a_message_repeats_little_of_a_text_and_nothing_that_a_terminal_would_obey(text: str) -> None:
    message = shown(text)
    assert message.isascii()
    assert message.isprintable()
    assert len(message) <= SHOWN + 40
