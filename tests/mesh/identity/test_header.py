import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.errors import SHOWN, shown
from mesh.identity.header import (
    MAX_HEADER_BYTES,
    HeaderError,
    agent_name,
    choose_element,
    element_identity,
    one_value,
    read_identity,
)
from mesh.identity.spiffe import SpiffeId
from mesh.identity.verdict import Trail
from mesh.identity.xfcc import XfccElement
from tests.mesh.identity.samples import AGENT_A, GATEWAY, OWN, element


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


def test_the_only_element_is_chosen_and_none_of_several() -> None:
    first, second = XfccElement.of(uri=[AGENT_A]), XfccElement.of(uri=[GATEWAY])
    assert choose_element([first]) == first
    with pytest.raises(HeaderError) as refused:
        choose_element([first, second])
    assert refused.value.rule == "several-elements"


@pytest.mark.parametrize(
    ("client", "rule"),
    [
        (XfccElement.of(by=[OWN]), "no-uri"),
        (XfccElement.of(uri=[""]), "empty-uri"),
        (XfccElement.of(uri=[AGENT_A, AGENT_A]), "several-uris"),
        (XfccElement.of(uri=["", ""]), "several-uris"),
        (XfccElement((("DNS", "x"), ("URI", AGENT_A))), "uri-after-dns"),
    ],
)
def test_an_element_with_no_single_uri_identifies_nobody(client: XfccElement, rule: str) -> None:
    with pytest.raises(HeaderError) as refused:
        element_identity(client)
    assert refused.value.rule == rule


def test_an_elements_one_uri_is_the_identity_whatever_else_it_says() -> None:
    client = XfccElement.of(by=[OWN], subject=f"CN=URI={GATEWAY}", uri=[AGENT_A], dns=[GATEWAY])
    assert element_identity(client) == SpiffeId.parse(AGENT_A)


def test_an_identity_is_noted_on_the_trail() -> None:
    trail = Trail()
    assert read_identity("x-forwarded-client-cert", element(AGENT_A), trail) == SpiffeId.parse(AGENT_A)
    assert trail.identity == AGENT_A
    assert trail.accept("agent-a").steps[-2].outcome == AGENT_A


def test_an_agents_name_is_a_label() -> None:
    assert agent_name("agent-a") == "agent-a"
    with pytest.raises(HeaderError) as refused:
        agent_name("team.agent")
    assert refused.value.rule == "agent-not-a-label"


@given(st.text())
def test_a_message_repeats_little_of_a_text_and_nothing_that_a_terminal_would_obey(text: str) -> None:
    message = shown(text)
    assert message.isascii()
    assert message.isprintable()
    assert len(message) <= SHOWN * len(r"\U00010000") + 40
