"""Our readers of SPIFFE IDs and X.509-SVIDs beside those of PyPI's `spiffe` package (0.3).

Where the two differ, the difference must be one of those listed here, each with its reason; and each listed difference
must still be there, so that this list stays true.
"""

import warnings
from collections import Counter
from collections.abc import Callable, Iterator

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from mesh.identity.errors import IdentityError
from mesh.identity.spiffe import MAX_ID_BYTES, MAX_TRUST_DOMAIN_BYTES, SpiffeId, TrustDomain
from mesh.identity.svid import X509Svid
from tests.mesh.identity import hostile
from tests.mesh.identity.certificates import certificate, key, pem, signer
from tests.mesh.identity.samples import AGENT_A, ATTACKER
from tests.mesh.identity.strategies import any_text
from tests.mesh.identity.test_spiffe import vectors
from tests.mesh.identity.test_svid import WRONG

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own dependencies' business
    import spiffe
    from spiffe.errors import PySpiffeError

LOWERED = (
    "It lowers scheme and trust domain. One identity would have many spellings, and whoever compares texts, as proxies "
    "and policies do, would see strangers. Lowering also makes a k of the Kelvin sign (U+212A)."
)
LINE_FEED = (
    "Its regexes end in $, which matches in front of a last line feed: a name and the same with a line feed are two "
    "identities to whoever compares, and one to whoever prints."
)
NO_LIMIT = "It has no limits; the standard has (sections 2.1 and 2.3)."

DIFFERENCES: dict[str, tuple[Callable[[str], bool], str]] = {
    "case": (lambda text: head(text) != head(text).lower(), LOWERED),
    "line feed": (lambda text: text.endswith("\n") or "\n/" in text, LINE_FEED),
    "length": (
        lambda text: len(text) > MAX_ID_BYTES or len(trust_domain_of(text)) > MAX_TRUST_DOMAIN_BYTES,
        NO_LIMIT,
    ),
}
"""What `spiffe` accepts and we refuse: how to tell such a text, and why we refuse it."""

DOMAIN_DIFFERENCE = "path"
"""As a trust domain it takes an ID without looking at its path: what is no ID names no trust domain here."""


def trust_domain_of(text: str) -> str:
    return text.partition("://")[2].partition("/")[0] if "://" in text else text


def head(text: str) -> str:
    """Scheme and trust domain."""
    scheme, _, rest = text.partition("://")
    return scheme + rest.partition("/")[0]


def ours(text: str) -> str | None:
    try:
        return str(SpiffeId.parse(text))
    except IdentityError:
        return None


def theirs(text: str) -> str | None:
    try:
        return str(spiffe.SpiffeId(text))
    except PySpiffeError:
        return None


def difference(text: str) -> str | None:
    """The name of the listed difference that this text shows; None when both agree."""
    mine, other = ours(text), theirs(text)
    if mine == other:
        return None
    assert mine is None, f"we alone accept {text!a}"
    named = [name for name, (applies, _) in DIFFERENCES.items() if applies(text)]
    assert named, f"spiffe alone accepts {text!a}, as {other!a}"
    return named[0]


def sweep() -> Iterator[str]:
    """Every byte, and characters that look like one, in every place of an ID."""
    for odd in (*map(chr, range(0x100)), "\u212a", "\u0131", "\uff0e", "\u200b", "\ud800", "\u0430"):
        yield from (f"spiffe://td{odd}/a", f"spiffe://{odd}td/a", f"spiffe://td/a{odd}", f"spiffe://td/{odd}/a")
        yield from (f"spiffe{odd}//td/a", f"{odd}spiffe://td/a", f"spiffe://td{odd}", f"spiffe:/{odd}td/a")
    for size in (255, 256, 2000, 3000):
        yield from (f"spiffe://{'a' * size}", f"spiffe://td/{'a' * size}", f"spiffe://{'a' * size}/b")


def test_the_readers_of_ids_differ_only_as_listed_and_in_all_that_is_listed() -> None:
    texts = {*sweep(), *(text for _, text in hostile.spiffe())}
    texts |= {row["input"] for row in vectors() if row["kind"] == "id"}
    assert len(texts) > 2500
    met = Counter(difference(text) for text in texts)
    assert set(met) == {None, *DIFFERENCES}


@given(any_text)
def test_the_readers_of_ids_differ_only_as_listed_on_any_text(text: str) -> None:
    assert difference(text) in {None, *DIFFERENCES}


@given(st.text("spife:/tdTD.-_aA\n%", max_size=12))
def test_the_readers_of_ids_differ_only_as_listed_on_texts_like_ids(text: str) -> None:
    assert difference(f"spiffe://{text}") in {None, *DIFFERENCES}


def test_the_readers_of_trust_domains_differ_only_as_listed() -> None:
    texts = {*sweep(), *(text.removeprefix("spiffe://") for text in sweep())}
    texts |= {row["input"] for row in vectors() if row["kind"] == "trust_domain"}
    met: Counter[str | None] = Counter()
    for text in texts:
        try:
            mine: str | None = str(TrustDomain.parse(text))
        except IdentityError:
            mine = None
        try:
            other: str | None = spiffe.TrustDomain(text).name
        except PySpiffeError:
            other = None
        if mine == other:
            met[None] += 1
            continue
        assert mine is None, f"we alone accept {text!a}"
        assert other is not None
        domain = trust_domain_of(text)
        named = [
            name for name, (applies, _) in DIFFERENCES.items() if applies(domain) or applies(text.partition("/")[0])
        ]
        met[named[0] if named else DOMAIN_DIFFERENCE] += 1
        assert named or SpiffeId.parse(f"spiffe://{domain}") is not None
    assert set(met) == {None, DOMAIN_DIFFERENCE, *DIFFERENCES}


SVID_DIFFERENCES = {
    "svid-key-usage-critical": "It does not ask that the key usage be critical; the standard does.",
    "svid-extended-key-usage": "It does not look at extended key usages; the standard wants both or none.",
    "svid-signer-path": "It does not look at an authority's SPIFFE ID; the standard allows it no path.",
    "svid-several-uris": "Nor at how many URI names an authority has.",
    "spiffe-scheme": "Nor at what they are.",
}
"""Rules of ours that refuse what `spiffe` accepts."""


def svid_of_theirs(chain: bytes) -> str | None:
    private = key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        return str(spiffe.X509Svid.parse(chain, private).spiffe_id)
    except PySpiffeError:
        return None


def chains() -> Iterator[tuple[x509.Certificate, ...]]:
    """Right and wrong ones."""
    leaf = certificate(AGENT_A)
    yield from ((leaf,), (leaf, signer()), (leaf, signer("spiffe://cluster.local"), signer()))
    for flaws in WRONG.values():
        for flaw in flaws:
            arguments = {"uris": (AGENT_A,), **flaw}
            yield (certificate(*arguments.pop("uris"), **arguments),)
    wrong = [signer(ca=False), signer(ca=None), signer(usage=None), signer(usage=["crl_sign"]), signer(AGENT_A)]
    for each in (*wrong, signer("spiffe://a", "spiffe://b"), signer("https://a")):
        yield leaf, each
    for text in (AGENT_A + "/", AGENT_A.upper(), "spiffe://cluster.local", ATTACKER + "%20"):
        yield (certificate(text),)


def test_the_readers_of_svids_differ_only_as_listed_and_in_all_that_is_listed() -> None:
    met = set()
    for chain in chains():
        data = pem(*chain)
        other = svid_of_theirs(data)
        try:
            assert str(X509Svid.parse(data).spiffe_id) == other
        except IdentityError as refused:
            if other is not None:
                met.add(refused.rule)
    assert met == set(SVID_DIFFERENCES)


def test_without_basic_constraints_a_leaf_is_no_authority() -> None:
    """The one thing that we accept and `spiffe` does not: absence means `cA` is false (RFC 5280 section 4.2.1.9)."""
    leaf = pem(certificate(AGENT_A, ca=None))
    assert str(X509Svid.parse(leaf).spiffe_id) == AGENT_A
    assert svid_of_theirs(leaf) is None
