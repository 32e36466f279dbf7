import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.proof import ProofError, url_decoded
from mesh.identity.rules import parse_rule
from tests.mesh.identity.certificates import certificate, signer, url_encoded
from tests.mesh.identity.samples import AGENT_A, ATTACKER, GATEWAY, HASH, OWN, SEED_RULE, XFCC_RULE, element
from tests.mesh.identity.strategies import any_text

RULE = parse_rule(XFCC_RULE)
MINE = url_encoded(certificate(AGENT_A))
WITHOUT = url_encoded(certificate(dns=["agent-a"]))


def shown(pairs: str, uri: str = AGENT_A) -> str:
    return f'By={OWN};Hash={HASH};{pairs};Subject="";URI={uri}'


@pytest.mark.parametrize(
    "pairs",
    [
        f"Cert={MINE}",
        f"Cert={MINE};Chain={url_encoded(certificate(AGENT_A), signer(), signer('spiffe://cluster.local'))}",
        f"Cert={MINE};Chain=unread",
        f"Cert={url_encoded(certificate(AGENT_A, dns=['agent-a.svc'], common_name='x'))}",
        # The proxy has verified the certificate; nothing but its name is asked here.
        f"Cert={url_encoded(certificate(AGENT_A, ca=None, usage=None, extended=None))}",
        f"Cert={MINE.strip(chr(34)).replace('%2F', '/').replace('%2B', '+')}".replace("Cert=", 'Cert="') + '"',
    ],
)
def test_a_certificate_with_the_elements_uri_confirms_it(pairs: str) -> None:
    verdict = RULE.identify([shown(pairs)])
    assert verdict.agent == "agent-a"
    assert "certificate" in [step.what for step in verdict.steps]


@pytest.mark.parametrize(
    ("pairs", "rule"),
    [
        (f"Cert={url_encoded(certificate(ATTACKER))}", "cert-uri"),
        (f"Cert={url_encoded(certificate(ATTACKER))};Chain={MINE}", "cert-uri"),
        (f"Cert={url_encoded(certificate(GATEWAY))}", "cert-uri"),
        (f"Cert={url_encoded(certificate(AGENT_A + 'b'))}", "cert-uri"),
        (f"Cert={WITHOUT}", "svid-no-uri"),
        (f"Cert={url_encoded(certificate(AGENT_A, ATTACKER))}", "svid-several-uris"),
        (f"Cert={url_encoded(certificate(AGENT_A + chr(0) + '.evil'))}", "spiffe-path-character"),
        (f"Cert={url_encoded(certificate('SPIFFE' + AGENT_A[6:]))}", "spiffe-scheme-case"),
        (f"Cert={url_encoded(certificate(AGENT_A), signer())}", "cert-count"),
        ('Cert=""', "svid-certificate"),
        ("Cert=", "svid-certificate"),
        ('Cert="agent-a"', "svid-certificate"),
        (f'Cert={MINE[:400].rpartition("%")[0]}"', "svid-certificate"),
        ('Cert="%"', "cert-encoding"),
        ('Cert="%4"', "cert-encoding"),
        ('Cert="%zz"', "cert-encoding"),
        ('Cert="% 4"', "cert-encoding"),
        ('Cert="\\C3\\BC"', "cert-encoding"),
        (f"Cert={url_encoded(*[certificate(AGENT_A)] * 9)}", "svid-certificates"),
    ],
)
def test_a_certificate_that_says_otherwise_refuses_the_element(pairs: str, rule: str) -> None:
    assert RULE.identify([shown(pairs)]).refused == rule


def test_a_regex_refuses_a_proven_contradiction_and_nothing_else() -> None:
    regex = parse_rule(SEED_RULE)
    assert regex.identify([shown(f"Cert={MINE}")]).agent == "agent-a"
    assert regex.identify([shown(f"Cert={url_encoded(certificate(ATTACKER))}")]).refused == "cert-uri"
    assert regex.identify([shown('Cert="agent-a"')]).agent == "agent-a"


def test_neither_steps_nor_messages_repeat_a_certificate() -> None:
    for value in (shown(f"Cert={MINE};Chain={MINE}"), shown(f"Cert={url_encoded(certificate(ATTACKER))}")):
        verdict = RULE.identify([value])
        assert "CERTIFICATE" not in str(verdict)
        assert "Cert=(present)" in str(verdict)
    assert "certificate" not in [step.what for step in RULE.identify([element(AGENT_A)]).steps]


def test_text_is_url_decoded() -> None:
    assert url_decoded("a%20b%0Ac%2b+/") == b"a b\nc++/"
    assert url_decoded("") == b""
    assert url_decoded("%FF%00") == b"\xff\x00"


@given(any_text | st.text("%0aF ", max_size=20))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        decoded = url_decoded(text)
    except ProofError as refused:
        assert refused.rule == "cert-encoding"  # noqa: PT017 - either outcome is right here
    else:
        assert len(decoded) == len(text) - 2 * text.count("%")
