"""Callers by their certificate (spec hub-protocol §2.1, §2.2)."""

import pytest
from structlog.testing import capture_logs

from mesh.identity.errors import RuleError
from mesh.identity.verdict import Verdict
from principal.auth.mtls import MtlsMethod, Source
from tests.principal.certificates import client, der
from tests.principal.vectors import make_subjects
from tests.principal.virtual import call

SPIFFE = "spiffe://cluster.local/ns/argocd-agents/sa/agent-a"
BY_SUBJECT = "subject:CN=([^,]+)"
BY_URI = "uri:^spiffe://cluster\\.local/ns/argocd-agents/sa/([^/]+)$"


def who(config: str, certificate: bytes) -> Verdict:
    return MtlsMethod.parse(config).present("anybody", call(None, certificate=certificate))


def with_subject(*attributes: tuple[str, str]) -> bytes:
    made = make_subjects.one(*(make_subjects.text(name, value) for name, value in attributes))
    return make_subjects.certificate(make_subjects.name(made))


@pytest.mark.parametrize(
    ("config", "source", "deprecated"),
    [
        ("subject:CN=([^,]+)", Source.SUBJECT, False),
        ("uri:(.*)", Source.URI, False),
        ("CN=([^,]+)", Source.SUBJECT, True),
        ("(a):b", Source.SUBJECT, True),
        ("URI:(.*)", Source.SUBJECT, True),
    ],
)
def test_a_method_is_spelled_in_three_ways(config: str, source: Source, deprecated: bool) -> None:
    method = MtlsMethod.parse(config)
    assert (method.source, method.deprecated) == (source, deprecated)


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ("", "regex-empty"),
        ("subject:", "regex-empty"),
        ("uri:", "regex-empty"),
        ("subject:CN=agent", "regex-group"),
        ("uri:(", "regex-syntax"),
        ("uri:(?<=a)(b)", "regex-syntax"),
        ("uri:(" + "a" * 512 + ")", "regex-length"),
        ("uri:(" + "(a|b|c|d){900}" + ")", "regex-size"),
        ("uri:(\udcff)", "regex-text"),
    ],
)
def test_a_regex_that_cannot_be_used_is_refused_at_start(config: str, fault: str) -> None:
    with pytest.raises(RuleError, match="mtls:subject:<regex> or mtls:uri:<regex>") as raised:
        MtlsMethod.parse(config)
    assert raised.value.fault == fault


async def test_credentials_play_no_part() -> None:
    method = MtlsMethod.parse(BY_SUBJECT)
    verdict = await method.authenticate({"clientid": "agent-b"}, call(None, certificate=der(client("agent-a"))))
    assert verdict.agent == "agent-a"


ACCEPTED = {
    "by common name": (BY_SUBJECT, der(client("agent-a")), "agent-a", "CN=agent-a"),
    "by the older spelling": ("CN=([^,]+)", der(client("agent-a")), "agent-a", "CN=agent-a"),
    "by organisation": ("subject:O=([^,]+)", with_subject(("O", "team-a"), ("CN", "x")), "team-a", "CN=x,O=team-a"),
    "by subject, known by its SPIFFE ID": (BY_SUBJECT, der(client("agent-a", SPIFFE)), "agent-a", SPIFFE),
    "by SPIFFE ID": (BY_URI, der(client("", SPIFFE)), "agent-a", SPIFFE),
    "by the first of several URIs that matches": (
        "uri:^urn:agent:(.*)$",
        der(client("", "https://x", "urn:agent:agent-a", "urn:agent:agent-b")),
        "agent-a",
        "urn:agent:agent-a",
    ),
    "by the last common name, as Go has it": (
        BY_SUBJECT,
        with_subject(("CN", "agent-a"), ("CN", "agent-b")),
        "agent-b",
        "CN=agent-b",
    ),
    "by a name beyond ASCII beside it": (
        "subject:CN=([^,]+),O=.{4}$",
        with_subject(("O", "Jürg"), ("CN", "a")),
        "a",
        "CN=a,O=Jürg",
    ),
}


@pytest.mark.parametrize(("config", "certificate", "agent", "identity"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_certificate_names_an_agent(config: str, certificate: bytes, agent: str, identity: str) -> None:
    verdict = who(config, certificate)
    assert (verdict.agent, verdict.identity) == (agent, identity)


REFUSED = {
    "no certificate": (BY_SUBJECT, b"", "certificate-missing"),
    "nonsense": (BY_SUBJECT, b"nonsense", "certificate-unreadable"),
    "no match": (BY_SUBJECT, with_subject(("O", "x")), "regex-no-match"),
    "no URI": (BY_URI, der(client("agent-a")), "regex-no-match"),
    "another namespace": (BY_URI, der(client("", SPIFFE.replace("/argocd-agents/", "/evil/"))), "regex-no-match"),
    "another trust domain": (BY_URI, der(client("", SPIFFE.replace("cluster.local", "evil"))), "regex-no-match"),
    "a SPIFFE ID in upper case": (BY_URI, der(client("", SPIFFE.upper())), "spiffe-scheme-case"),
    "two SPIFFE IDs": (BY_URI, der(client("", SPIFFE, SPIFFE + "2")), "svid-several-uris"),
    "an empty group": ("uri:^urn:agent:(x?)", der(client("", "urn:agent:agent-a")), "regex-empty-group"),
    "an empty group decides, and later URIs are not tried": (
        "uri:^urn:agent:(agent-b)?",
        der(client("", "urn:agent:agent-a", "urn:agent:agent-b")),
        "regex-empty-group",
    ),
    "a group that takes no part": ("subject:CN=agent-a|(x)", der(client("agent-a")), "regex-empty-group"),
    "no label": (BY_SUBJECT, der(client("Agent_A")), "agent-not-a-label"),
    "a NUL in the name": (BY_SUBJECT, with_subject(("CN", "agent-a\0evil")), "agent-not-a-label"),
    "an escaped comma in the name": (BY_SUBJECT, with_subject(("CN", "agent-a,O=x")), "agent-not-a-label"),
    "too long a name": (BY_SUBJECT, der(client("a" * 64)), "agent-not-a-label"),
}


@pytest.mark.parametrize(("config", "certificate", "rule"), REFUSED.values(), ids=REFUSED.keys())
def test_a_certificate_that_names_nobody_is_refused_by_a_named_rule(config: str, certificate: bytes, rule: str) -> None:
    verdict = who(config, certificate)
    assert (verdict.agent, verdict.refused) == (None, rule)


def test_a_name_is_read_where_go_writes_it_and_nothing_may_stand_before_it() -> None:
    # In Go's order the common name comes first, so that text of other attributes stands behind it...
    assert who(BY_SUBJECT, with_subject(("O", "CN=victim"), ("CN", "agent-a"))).agent == "agent-a"
    # ...but for a serial number: argocd-agent's own default regex takes it, and so does this.
    assert who(BY_SUBJECT, with_subject(("SERIALNUMBER", "CN=victim"), ("CN", "agent-a"))).agent == "victim"
    anchored = "subject:^CN=([^,]+)(?:,|$)"
    assert who(anchored, with_subject(("SERIALNUMBER", "CN=victim"), ("CN", "agent-a"))).agent is None
    assert who(anchored, with_subject(("O", "CN=victim"), ("CN", "agent-a"))).agent == "agent-a"


def test_nothing_of_a_certificate_reaches_the_log_unescaped() -> None:
    with capture_logs() as logs:
        verdict = who(BY_SUBJECT, with_subject(("CN", "agent\nlevel=info")))
    assert "\n" not in "".join(step.outcome for step in verdict.steps)
    assert logs == []
