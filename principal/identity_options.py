"""The identity rule that a principal runs with, and what its log says about it at the start."""

from typing import Final

import structlog

from mesh.identity.confusions import confusions, find_expected
from mesh.identity.options import NO_OPTIONS, IdentityOptions
from mesh.identity.rules import IdentityRule, parse_rule

log = structlog.stdlib.get_logger(__name__)

MAX_WARNED: Final = 16
"""Confusions that are logged one by one: argocd-agent's own regex for Istio has 15, and a log shall stay readable."""

REMEDY: Final = "use --auth=identity:..., which compares the whole identity; no warning would prove nothing"


def header_rule(auth: str, options: IdentityOptions = NO_OPTIONS) -> IdentityRule:
    """The rule of `auth` with `options`, after a warning of callers that it confuses; RuleError as `parse_rule`."""
    rule = parse_rule(auth, options)
    found = confusions(rule)
    if found:
        expected = find_expected(rule)
        log.warning(
            "identity rule confuses callers",
            auth=auth,
            expected=str(expected.identity or expected.value) if expected else None,
            ways=len(found),
            shown=min(len(found), MAX_WARNED),
            remedy=REMEDY,
        )
    for confusion in found[:MAX_WARNED]:
        log.warning(
            "identity rule takes another caller for the expected one",
            caller=confusion.perturbation,
            header=confusion.value,
            agent=confusion.agent,
        )
    return rule
