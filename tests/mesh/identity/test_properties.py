"""Writing and reading again changes nothing: ten thousand SPIFFE IDs and headers, some fewer of the rest.

The values are made from one drawn number each, which keeps ten thousand examples within seconds; the modules' own tests
draw them part by part, so that a failure shrinks.
"""

import random
import string
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.identity.errors import IdentityError
from mesh.identity.forwarded import ForwardedElement, parse_forwarded
from mesh.identity.linkerd import LinkerdId, parse_client_id
from mesh.identity.rules import parse_rule
from mesh.identity.spiffe import SpiffeId, TrustDomain
from mesh.identity.xfcc import KEYS, REPEATABLE, XfccElement, format_xfcc, parse_xfcc
from tests.mesh.identity.samples import AGENT_A, HASH, LINKERD_AGENT_A, LINKERD_RULE, OWN, SEED_RULE, XFCC_RULE

EXAMPLES = 10_000

_LABEL = string.ascii_lowercase + string.digits
_SEGMENT = string.ascii_letters + string.digits + ".-_"
_VALUE = string.ascii_letters + ' ,;="\\+<>#/:.%äß€😀'

seeds = st.integers(0, 2**64 - 1)


def text(draw: random.Random, alphabet: str, *, least: int = 1, most: int = 12) -> str:
    return "".join(draw.choices(alphabet, k=draw.randint(least, most)))


def label(draw: random.Random) -> str:
    return f"{text(draw, _LABEL, most=2)}{text(draw, _LABEL + '-', least=0)}{text(draw, _LABEL, most=2)}"


def subdomain(draw: random.Random) -> str:
    return ".".join(label(draw) for _ in range(draw.randint(1, 3)))


def spiffe_id(draw: random.Random) -> SpiffeId:
    segments = (text(draw, _SEGMENT) for _ in range(draw.randint(0, 6)))
    domain = TrustDomain(text(draw, _LABEL + ".-_", most=40))
    return SpiffeId.from_segments(domain, [each for each in segments if each not in {".", ".."}])


def linkerd_id(draw: random.Random) -> LinkerdId:
    return LinkerdId(
        service_account=subdomain(draw), namespace=label(draw), control_plane=label(draw), trust_domain=subdomain(draw)
    )


def element(draw: random.Random) -> XfccElement:
    pairs: list[tuple[str, str]] = []
    for key in draw.choices(KEYS, k=draw.randint(1, 8)):
        if key in REPEATABLE or key not in dict(pairs):
            pairs.append((key, text(draw, _VALUE, least=0)))
    return XfccElement(tuple(pairs))


def forwarded(draw: random.Random) -> ForwardedElement:
    keys = draw.sample(["by", "for", "host", "proto", "x-1"], k=draw.randint(1, 4))
    return ForwardedElement(tuple((key, text(draw, string.printable[:95])) for key in keys))


def quoted(element: ForwardedElement) -> str:
    """The element as RFC 7239 writes any value."""
    return ";".join(
        f'{key}="{value}"'
        for key, value in ((key, value.replace("\\", "\\\\").replace('"', '\\"')) for key, value in element.pairs)
    )


@given(seeds)
@settings(max_examples=EXAMPLES)
def test_a_spiffe_id_is_read_as_it_was_written(seed: int) -> None:
    draw = random.Random(seed)
    value = spiffe_id(draw)
    assert SpiffeId.parse(str(value)) == parse_client_id(str(value)) == value


@given(seeds)
@settings(max_examples=EXAMPLES)
def test_an_xfcc_header_is_read_as_it_was_written(seed: int) -> None:
    draw = random.Random(seed)
    elements = tuple(element(draw) for _ in range(draw.randint(1, 4)))
    assert parse_xfcc(format_xfcc(elements)) == elements


@given(seeds)
@settings(max_examples=EXAMPLES // 10)
def test_a_linkerd_name_is_read_as_it_was_written(seed: int) -> None:
    draw = random.Random(seed)
    value = linkerd_id(draw)
    assert LinkerdId.parse(str(value)) == parse_client_id(str(value)) == value


@given(seeds)
@settings(max_examples=EXAMPLES // 10)
def test_forwarded_is_read_as_it_was_written(seed: int) -> None:
    draw = random.Random(seed)
    elements = tuple(forwarded(draw) for _ in range(draw.randint(1, 3)))
    assert parse_forwarded([", ".join(map(quoted, elements))]) == elements


GENUINE = [AGENT_A, LINKERD_AGENT_A, f'By={OWN};Hash={HASH};Subject="";URI={AGENT_A}']


@pytest.mark.parametrize(
    "read",
    [
        SpiffeId.parse,
        TrustDomain.parse,
        parse_client_id,
        parse_xfcc,
        lambda value: parse_forwarded([value]),
        *(lambda value, spec=spec: parse_rule(spec).identify([value], [value]) for spec in (XFCC_RULE, LINKERD_RULE)),
        lambda value: parse_rule(SEED_RULE).identify([value]),
    ],
    ids=["spiffe", "trust domain", "client id", "xfcc", "forwarded", "template", "linkerd template", "regex"],
)
def test_a_genuine_text_with_changes_is_read_or_refused_by_a_rule(read: Callable[[str], object]) -> None:
    draw = random.Random(20261101)
    for _ in range(EXAMPLES):
        value = draw.choice(GENUINE)
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(value) + 1)
            value = value[:at] + text(draw, _VALUE + "\n\0\x7f", least=0, most=2) + value[at + draw.randint(0, 2) :]
        try:
            assert read(value) is not None
        except IdentityError as refused:
            assert refused.rule  # noqa: PT017 - either outcome is right here
