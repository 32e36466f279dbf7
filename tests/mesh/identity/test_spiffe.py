import copy
import json
import os
import pickle
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given

from mesh.identity.spiffe import RULES, SpiffeId, SpiffeIdError, TrustDomain
from tests.conftest import missing
from tests.mesh.identity.outcome import outcome
from tests.mesh.identity.strategies import any_text, spiffe_ids, trust_domains

ASTRAL = "\U00010000" + "0\U00010000" * 30 + "\U0001d34e\U0001d491\U0001d492"
"""Characters of which each takes ten in a message."""

ROOT = Path(__file__).parents[3]

RULE_OF_REASON = {
    "scheme is missing or invalid": "spiffe-scheme",
    "trust domain is missing": "spiffe-trust-domain-missing",
    "path cannot contain dot segments": "spiffe-path-dot-segment",
    "path cannot have a trailing slash": "spiffe-path-trailing-slash",
    "path cannot contain empty segments": "spiffe-path-empty-segment",
    "path segment characters are limited to letters, numbers, dots, dashes, and underscores": "spiffe-path-character",
}
"""Reasons of go-spiffe, and how our rule for each begins (a scheme in capitals has a rule of its own)."""


def vectors() -> list[dict[str, Any]]:
    shared = Path(os.environ.get("MESHTETHER_SHARED") or ROOT.parent / "shared")
    file = shared / "vectors" / "spiffe.json"
    if not file.is_file():
        missing(f"the SPIFFE vectors are not at {file}; MESHTETHER_SHARED names their directory")
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    return rows


def read(vector: dict[str, Any]) -> SpiffeId | TrustDomain:
    example = TrustDomain("example.org")
    text = vector["input"]
    match vector["kind"]:
        case "id":
            return SpiffeId.parse(text)
        case "trust_domain":
            return TrustDomain.parse(text)
        case "path":
            return SpiffeId(example, text)
        case "segment":
            return SpiffeId.from_segments(example, [text])
        case "segments":
            return SpiffeId.from_segments(example, text)
        case other:
            raise AssertionError(f"unknown kind {other}")


def test_every_public_vector_is_judged_as_the_standard_says() -> None:
    rows = vectors()
    assert len(rows) >= 600
    for row in rows:
        if row["valid"] is not True:
            with pytest.raises(SpiffeIdError) as refused:
                read(row)
            assert refused.value.rule in RULES, row
            assert refused.value.rule.startswith(RULE_OF_REASON.get(row.get("reason", ""), "")), row
            continue
        value = read(row)
        if row["kind"] == "id":
            assert str(value) == row.get("canonical", row["input"]), row
            assert value == SpiffeId(TrustDomain(row.get("trust_domain", value.trust_domain.name)), value.path)
        if "path" in row:
            assert isinstance(value, SpiffeId)
            assert value.path == row["path"], row
        if row["kind"] == "trust_domain":
            assert str(value) == row["canonical"], row


def test_an_id_tells_its_trust_domain_path_and_segments() -> None:
    spiffe_id = SpiffeId.parse("spiffe://cluster.local/ns/argocd/sa/agent-a")
    assert spiffe_id.trust_domain == TrustDomain("cluster.local")
    assert spiffe_id.path == "/ns/argocd/sa/agent-a"
    assert spiffe_id.segments == ("ns", "argocd", "sa", "agent-a")
    assert SpiffeId.parse("spiffe://td").segments == ()


def test_the_limits_are_the_standards_to_the_byte() -> None:
    longest_domain = "a" * 255
    assert TrustDomain.parse(longest_domain).name == longest_domain
    longest = f"spiffe://td/{'a' * (2048 - len('spiffe://td/'))}"
    assert len(str(SpiffeId.parse(longest))) == 2048
    for text, rule in (
        (longest + "a", "spiffe-length"),
        (f"spiffe://{longest_domain}a/x", "spiffe-trust-domain-length"),
    ):
        with pytest.raises(SpiffeIdError) as refused:
            SpiffeId.parse(text)
        assert refused.value.rule == rule


@pytest.mark.parametrize(
    "build",
    [
        lambda: TrustDomain(""),
        lambda: TrustDomain("Cluster.Local"),
        lambda: TrustDomain("a/b"),
        lambda: SpiffeId(TrustDomain("td"), "x"),
        lambda: SpiffeId(TrustDomain("td"), "/"),
        lambda: SpiffeId(TrustDomain("td"), "/" + "a" * 2048),
        lambda: replace(SpiffeId.parse("spiffe://td/a"), path="/a/../b"),
        lambda: SpiffeId.from_segments(TrustDomain("td"), ["a/b"]),
    ],
)
def test_no_constructor_makes_an_invalid_value(build: Any) -> None:
    with pytest.raises(SpiffeIdError):
        build()


def test_a_text_is_not_taken_for_a_trust_domain() -> None:
    with pytest.raises(TypeError, match="TrustDomain"):
        SpiffeId("td", "/x")  # type: ignore[arg-type]


def test_values_cannot_be_changed() -> None:
    spiffe_id = SpiffeId.parse("spiffe://td/a")
    with pytest.raises(FrozenInstanceError):
        spiffe_id.path = "/b"  # type: ignore[misc]


def test_a_refusal_says_what_would_be_accepted_and_repeats_little_of_the_text() -> None:
    with pytest.raises(SpiffeIdError) as refused:
        SpiffeId.parse("SPIFFE://" + "a" * 1000)
    assert refused.value.rule == "spiffe-scheme-case"
    assert RULES["spiffe-scheme-case"] in str(refused.value)
    assert len(str(refused.value)) < 300
    with pytest.raises(SpiffeIdError, match=r"'@' \(U\+0040\) at character 5"):
        SpiffeId.parse("spiffe://user@td/a")


def test_a_refusal_can_be_copied() -> None:
    with pytest.raises(SpiffeIdError) as refused:
        SpiffeId.parse("")
    for twin in (copy.copy(refused.value), pickle.loads(pickle.dumps(refused.value))):
        assert (twin.rule, str(twin)) == ("spiffe-scheme", str(refused.value))


@given(spiffe_ids)
def test_parsing_what_was_written_gives_the_same_id(spiffe_id: SpiffeId) -> None:
    assert SpiffeId.parse(str(spiffe_id)) == spiffe_id
    assert TrustDomain.parse(str(spiffe_id)) == spiffe_id.trust_domain
    assert SpiffeId.from_segments(spiffe_id.trust_domain, spiffe_id.segments) == spiffe_id


@given(trust_domains)
def test_parsing_what_was_written_gives_the_same_trust_domain(trust_domain: TrustDomain) -> None:
    assert TrustDomain.parse(str(trust_domain)) == trust_domain


@given(any_text)
@example(f"spiffe://{ASTRAL}/a")
@example(f"spiffe://a/{ASTRAL}")
def test_any_text_is_an_id_with_that_very_text_or_refused_by_a_listed_rule(text: str) -> None:
    spiffe_id, rule = outcome(SpiffeId.parse, text)
    assert rule in RULES if spiffe_id is None else str(spiffe_id) == text


@given(any_text)
@example(ASTRAL)
def test_any_text_is_a_trust_domain_an_id_of_it_or_refused_by_a_listed_rule(text: str) -> None:
    trust_domain, rule = outcome(TrustDomain.parse, text)
    if trust_domain is None:
        assert rule in RULES
    else:
        assert text in {str(trust_domain), f"spiffe://{trust_domain}"} or text.startswith(f"spiffe://{trust_domain}/")
