import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.xfcc import MAX_ELEMENTS, MAX_XFCC_BYTES, RULES, XfccElement, XfccError, format_xfcc, parse_xfcc
from tests.mesh.identity.outcome import outcome
from tests.mesh.identity.samples import AGENT_A, ATTACKER, GATEWAY, HASH, OWN, element
from tests.mesh.identity.strategies import any_text, elements, shards

HOSTILE_SUBJECT = r"CN=agent \"b\"\; URI=spiffe://cluster.local/ns/argocd/sa/ceo,O=Acme\, Inc"
"""The subject of a real certificate, as Envoy 1.40 wrote it."""


def test_an_istio_sidecars_element_is_read() -> None:
    assert parse_xfcc(element(AGENT_A)) == (XfccElement.of(by=[OWN], hash=HASH, subject="", uri=[AGENT_A]),)


def test_the_shortest_element_that_envoy_writes_has_by_and_hash() -> None:
    (only,) = parse_xfcc(f"By={OWN};Hash={HASH}")
    assert (only.by, only.hash, only.subject, only.uri, only.dns) == ((OWN,), HASH, None, (), ())
    assert (only.cert, only.chain) == (None, None)


def test_a_subject_is_unescaped_and_its_delimiters_delimit_nothing() -> None:
    (only,) = parse_xfcc(
        f'By={OWN};Hash={HASH};Subject="{HOSTILE_SUBJECT}";URI={AGENT_A};DNS=b.argocd.svc;DNS=b.example'
    )
    assert only.subject == 'CN=agent "b"; URI=spiffe://cluster.local/ns/argocd/sa/ceo,O=Acme, Inc'
    assert only.uri == (AGENT_A,)
    assert only.dns == ("b.argocd.svc", "b.example")


def test_certificates_are_kept_as_they_stand() -> None:
    pem = "-----BEGIN%20CERTIFICATE-----%0AMIIB%2Bw%3D%3D%0A-----END%20CERTIFICATE-----%0A"
    (only,) = parse_xfcc(f'By={OWN};Hash={HASH};Cert="{pem}";Chain="{pem}{pem}";Subject="";URI={AGENT_A}')
    assert (only.cert, only.chain) == (pem, pem + pem)


def test_several_uri_names_and_an_empty_one_are_all_told() -> None:
    (two,) = parse_xfcc(f'By={OWN};Hash={HASH};Subject="";URI={AGENT_A};URI={ATTACKER}')
    assert two.uri == (AGENT_A, ATTACKER)
    (none,) = parse_xfcc(f'By={OWN};Hash={HASH};Subject="";URI=;DNS=nouri.example')
    assert none.uri == ("",)


def test_elements_come_in_the_headers_order() -> None:
    first, second = parse_xfcc(f"{element(AGENT_A, by=GATEWAY)},{element(GATEWAY)}")
    assert (first.by, first.uri) == ((GATEWAY,), (AGENT_A,))
    assert (second.by, second.uri) == ((OWN,), (GATEWAY,))


def test_keys_come_in_any_case_and_any_value_may_be_quoted() -> None:
    assert parse_xfcc(f'bY={OWN};HASH={HASH};SUBJECT="";uri="{AGENT_A}"') == parse_xfcc(element(AGENT_A))


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        (r"\"", '"'),
        (r"\\", "\\"),
        (r"\;\,\+\<\>\#\=\ ", ";,+<># ".replace("# ", "#= ")),
        (r"O=Z\C3\BCrich", "O=Zürich"),
        (r"\e2\82\ac", "€"),
        (r"\\\"", '\\"'),
        (r"a\41b", "aAb"),
        ("a,b;c=d e", "a,b;c=d e"),
        # As Envoy 1.40 wrote them for certificates with these subjects.
        (r"OU=trail\ ,O=\ lead,CN=\#lead", "OU=trail ,O= lead,CN=#lead"),
        (r"CN=a\"b\;c\,d\+e\<f\>g\\h=i", 'CN=a"b;c,d+e<f>g\\h=i'),
        (r"O=Gr\C3\B6\C3\9Fe,CN=Z\C3\BCrich \E2\82\AC", "O=Größe,CN=Zürich €"),
        (r"CN=\F0\9F\98\80", "CN=😀"),
        ("", ""),
    ],
)
def test_escapes_inside_quotes(inner: str, value: str) -> None:
    assert parse_xfcc(f'Subject="{inner}"')[0].subject == value


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "xfcc-empty"),
        (",", "xfcc-empty-element"),
        (f",{element(AGENT_A)}", "xfcc-empty-element"),
        (f"{element(AGENT_A)},", "xfcc-empty-element"),
        (f"{element(AGENT_A)},,{element(AGENT_A)}", "xfcc-empty-element"),
        (";", "xfcc-empty-pair"),
        (f";{element(AGENT_A)}", "xfcc-empty-pair"),
        (f"{element(AGENT_A)};", "xfcc-empty-pair"),
        (f"By={OWN};;URI={AGENT_A}", "xfcc-empty-pair"),
        (f"By={OWN};,URI={AGENT_A}", "xfcc-empty-pair"),
        ("garbage", "xfcc-unknown-key"),
        ("=x", "xfcc-unknown-key"),
        (f"By={OWN};=x", "xfcc-unknown-key"),
        (f"By={OWN}; URI={AGENT_A}", "xfcc-unknown-key"),
        (f"URI ={AGENT_A}", "xfcc-unknown-key"),
        (f"Key=1;URI={AGENT_A}", "xfcc-unknown-key"),
        (f"Hash=aa;hash=bb;URI={AGENT_A}", "xfcc-repeated-key"),
        (f'Subject="";URI={AGENT_A};Subject=""', "xfcc-repeated-key"),
        ("URI=a b", "xfcc-unquoted-character"),
        ("URI=a=b", "xfcc-unquoted-character"),
        ("URI=a\\,b", "xfcc-unquoted-character"),
        ('URI=a"b"', "xfcc-unquoted-character"),
        ('Subject="', "xfcc-unterminated-quote"),
        ('Subject="a', "xfcc-unterminated-quote"),
        ('Subject="a\\', "xfcc-unterminated-quote"),
        ('Subject="a\\"', "xfcc-unterminated-quote"),
        ('Subject="a"b', "xfcc-text-after-quote"),
        ('Subject="" ;URI=x', "xfcc-text-after-quote"),
        ('Subject=""""', "xfcc-text-after-quote"),
        (f'URI={AGENT_A};Subject=",{element(ATTACKER)}', "xfcc-text-after-quote"),
        (f'URI={AGENT_A};Subject=",By={OWN};Hash={HASH};URI={ATTACKER}', "xfcc-unterminated-quote"),
        (r'Subject="\n"', "xfcc-escape"),
        (r'Subject="\4"', "xfcc-escape"),
        (r'Subject="\4g"', "xfcc-escape"),
        (r'Subject="a\00b"', "xfcc-unprintable"),
        (r'Subject="\0A"', "xfcc-unprintable"),
        (r'Subject="\C3"', "xfcc-unprintable"),
        (r'Subject="\E2\80\A8"', "xfcc-unprintable"),
        ("URI=spiffe://td/a\n", "xfcc-character"),
        ("URI=spiffe://td/a\x00", "xfcc-character"),
        ("\ufeffURI=spiffe://td/a", "xfcc-character"),
        (",".join(["By=a"] * (MAX_ELEMENTS + 1)), "xfcc-elements"),
        (f'Cert="{"a" * MAX_XFCC_BYTES}"', "xfcc-length"),
    ],
)
def test_a_text_with_no_reading_or_two_is_refused_by_its_rule(text: str, rule: str) -> None:
    assert outcome(parse_xfcc, text) == (None, rule)


def test_the_limits_themselves_are_accepted() -> None:
    assert len(parse_xfcc(",".join(["By=a"] * MAX_ELEMENTS))) == MAX_ELEMENTS
    room = MAX_XFCC_BYTES - len(f'Cert="";URI={AGENT_A}')
    text = f'Cert="{"a" * room}";URI={AGENT_A}'
    assert len(text) == MAX_XFCC_BYTES
    assert parse_xfcc(text)[0].uri == (AGENT_A,)


@pytest.mark.parametrize(
    "text",
    [
        ";".join(["By="] * 8000),
        ";".join(["DNS=a"] * 5000),
        f'Subject="{chr(92) * 32000}"',
        f'Subject="{chr(92) * 2}{"a" * 32000}',
        "By=" + "a" * 32000,
        '"' * 32000,
    ],
    ids=["pairs", "names", "backslashes", "open quote", "one value", "quotes"],
)
def test_the_longest_headers_are_answered(text: str) -> None:
    assert len(text) <= MAX_XFCC_BYTES
    value, rule = outcome(parse_xfcc, text)
    assert (value is None) is (rule is not None)


def test_no_element_is_built_that_could_not_have_been_read() -> None:
    for pairs, rule in (
        ((), "xfcc-empty-element"),
        ((("uri", "x"),), "xfcc-unknown-key"),
        ((("Hash", "a"), ("Hash", "b")), "xfcc-repeated-key"),
        ((("Subject", "a\nb"),), "xfcc-unprintable"),
    ):
        with pytest.raises(XfccError) as refused:
            XfccElement(pairs)
        assert refused.value.rule == rule


def test_what_a_sidecar_writes_is_written_back_to_the_byte() -> None:
    subject = r"CN=agent \"b\"\; URI=spiffe://cluster.local/ns/argocd/sa/ceo\, Z\C3\BCrich"
    text = f'By={OWN};Hash={HASH};Subject="{subject}";URI={AGENT_A};DNS=b.example,{element(GATEWAY)}'
    assert format_xfcc(parse_xfcc(text)) == text


def test_values_that_would_delimit_are_quoted_when_written() -> None:
    assert format_xfcc([XfccElement.of(uri=["a;URI=b"])]) == 'URI="a\\;URI=b"'
    assert format_xfcc([XfccElement.of(uri=["ü"])]) == 'URI="\\C3\\BC"'


@given(st.lists(elements(), min_size=1, max_size=4))
def test_parsing_what_was_written_gives_the_same_elements(written: list[XfccElement]) -> None:
    assert parse_xfcc(format_xfcc(written)) == tuple(written)


@given(any_text | shards)
def test_any_text_is_read_or_refused_by_a_listed_rule(text: str) -> None:
    read, rule = outcome(parse_xfcc, text)
    if read is None:
        assert rule in RULES
    else:
        assert parse_xfcc(format_xfcc(read)) == read


@given(elements(), st.text('\\",;= aB', max_size=12))
def test_no_forged_front_makes_the_sidecars_element_vanish(spoof: XfccElement, tail: str) -> None:
    genuine = element(ATTACKER)
    read, _ = outcome(parse_xfcc, f"{format_xfcc([spoof])}{tail},{genuine}")
    assert read is None or format_xfcc(read[-1:]) == genuine
