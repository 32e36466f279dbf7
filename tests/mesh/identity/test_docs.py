from pathlib import Path

import pytest

from mesh.identity import (
    allow,
    chain,
    element,
    forwarded,
    header,
    linkerd,
    proof,
    regex_rule,
    spiffe,
    svid,
    template,
)
from mesh.identity.rules import parse_rule
from tests.mesh.identity.samples import LINKERD_RULE, SEED_LINKERD_RULE, SEED_RULE, XFCC_RULE

PAGE = Path(__file__).parents[3] / "docs" / "identity.md"
MODULES = (spiffe, element, linkerd, header, template, regex_rule, chain, forwarded, proof, allow, svid)


def rows_below(heading: str) -> list[list[str]]:
    """The cells of the table rows in one section of the page, marks of emphasis and code taken off."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip("*").removeprefix("`").removesuffix("`") for cell in row] for row in rows]


@pytest.mark.parametrize("row", rows_below("## Traps of the regex")[2:], ids=lambda row: str(row[0]))
def test_each_trap_is_as_the_page_says(row: list[str]) -> None:
    _, value, by_regex, by_template = row
    regex, safe = (SEED_LINKERD_RULE, LINKERD_RULE) if ".serviceaccount." in value else (SEED_RULE, XFCC_RULE)
    for spec, said in ((regex, by_regex), (safe, by_template)):
        verdict = parse_rule(spec).identify([value])
        assert said == (verdict.agent or verdict.refused)


def test_the_page_lists_every_rule_with_what_is_accepted() -> None:
    listed = {row[0]: row[1] for row in rows_below("## Every rule") if len(row) == 2 and "-" in row[0]}
    listed.pop("---", None)
    assert listed == {rule: accepted for module in MODULES for rule, accepted in module.RULES.items()}


def test_no_two_modules_share_a_rules_name() -> None:
    names = [rule for module in MODULES for rule in module.RULES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", rows_below("## Which rule")[2:5], ids=lambda row: str(row[0]))
def test_each_recommended_rule_is_one(row: list[str]) -> None:
    assert parse_rule(row[1]).header in {"x-forwarded-client-cert", "l5d-client-id"}


@pytest.mark.parametrize("spec", [SEED_RULE, SEED_LINKERD_RULE])
def test_the_page_quotes_the_recommended_regexes(spec: str) -> None:
    assert f"`{spec.split(':', 2)[2]}`" in PAGE.read_text(encoding="utf-8")
