"""Whom would a regex take for somebody else? A check for the start of the principal.

An expected caller is guessed from the regex (or given), and varied in a listed set of ways; each variation describes
another caller, or a header whose reading is in doubt. Those that the rule still takes for the expected agent are
confusions. The list is finite: an empty answer proves nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mesh.identity.header import LINKERD, XFCC
from mesh.identity.linkerd import LinkerdId
from mesh.identity.regex_rule import RegexRule
from mesh.identity.rules import IdentityRule
from mesh.identity.sketch import AGENTS, linkerd_guesses, sketch, spiffe_guesses
from mesh.identity.spiffe import SCHEME, SpiffeId
from mesh.identity.template_rule import TemplateRule

OTHER = "somebody"
"""The service account, namespace or agent of another caller."""

_HASH = "ab" * 32
_OWN = "spiffe://cluster.local/ns/argocd/sa/principal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """A header that the rule takes for the expected agent although it describes somebody else, or is in doubt."""

    perturbation: str
    """What was varied, in words."""
    value: str
    """The header's value."""
    agent: str
    """The name that the rule gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A caller that the rule takes for an agent."""

    value: str
    agent: str
    identity: SpiffeId | LinkerdId | None
    """None when the header holds a bare name."""


def confusions(rule: IdentityRule, expected: SpiffeId | LinkerdId | None = None) -> list[Confusion]:
    """The variations of an expected caller that `rule` takes for it; empty when none does, or no caller was found.

    A template compares the whole identity, so that none of these is a confusion for it. An allow list is left aside:
    it says which names may come, not who bears them.
    """
    rule = _without_allow_list(rule)
    base = find_expected(rule, expected)
    if base is None:
        return []
    return [
        Confusion(perturbation=perturbation, value=value, agent=base.agent)
        for perturbation, value in _variations(rule.header, base, own=_own(rule))
        if rule.identify([value]).agent == base.agent
    ]


def find_expected(rule: IdentityRule, expected: SpiffeId | LinkerdId | None = None) -> Expected | None:
    """A caller that `rule` accepts: `expected` when it does, else a guess from the regex's own text; None without."""
    rule = _without_allow_list(rule)
    for identity in (expected,) if expected is not None else _guesses(rule):
        value = AGENTS[0] if identity is None else _header_value(rule.header, identity, own=_own(rule))
        agent = rule.identify([value]).agent
        if agent is not None:
            return Expected(value=value, agent=agent, identity=identity)
    return None


def _guesses(rule: IdentityRule) -> Iterator[SpiffeId | LinkerdId | None]:
    """Callers for whom `rule` may have been written; None is a bare name."""
    if isinstance(rule, RegexRule):
        text = rule.pattern
    elif isinstance(rule, TemplateRule):
        text = str(rule.template)
    else:
        return
    if rule.header == LINKERD:
        yield from linkerd_guesses(text)
    elif rule.header != XFCC and SCHEME not in sketch(text):
        yield None
        yield from linkerd_guesses(text)
    yield from spiffe_guesses(text)


def _without_allow_list(rule: IdentityRule) -> IdentityRule:
    if isinstance(rule, RegexRule | TemplateRule):
        return replace(rule, options=replace(rule.options, allowed_agents=()))
    return rule


def _own(rule: IdentityRule) -> str:
    """Who the principal's sidecar is, as the rule expects it in By."""
    pinned = rule.options.own_identity if isinstance(rule, RegexRule | TemplateRule) else None
    return str(pinned or _OWN)


def _header_value(header: str, identity: SpiffeId | LinkerdId, *, own: str) -> str:
    return _element(uri=str(identity), by=own) if header == XFCC else str(identity)


def _element(*, uri: str, by: str, subject: str = "", more: str = "") -> str:
    """An element as Istio's sidecar writes it, the values raw."""
    return f'By={by};Hash={_HASH};Subject="{subject}";URI={uri}{more}'


def _variations(header: str, base: Expected, *, own: str) -> Iterator[tuple[str, str]]:
    """Every perturbation with its header value; `own` is the principal's sidecar, which wrote the last element."""
    if isinstance(base.identity, LinkerdId):
        yield from _other_linkerd(base.identity)
    elif base.identity is None:
        yield from _other_names(base.value)
    elif header != XFCC:
        yield from _other_spiffe(base.identity)
    else:
        yield from ((what, _element(uri=text, by=own)) for what, text in _other_spiffe(base.identity))
        yield from _other_headers(str(base.identity), own)


def _other_spiffe(identity: SpiffeId) -> Iterator[tuple[str, str]]:
    """Texts of other SPIFFE IDs (and of texts like one) than `identity`."""
    domain, path = identity.trust_domain.name, identity.path
    yield "another trust domain", f"{SCHEME}other.example{path}"
    yield "a trust domain that begins like the expected one", f"{SCHEME}{domain}.other.example{path}"
    yield "a trust domain that ends like the expected one", f"{SCHEME}other-{domain}{path}"
    if "." in domain:
        yield "another character for the trust domain's dot", f"{SCHEME}{domain.replace('.', 'x', 1)}{path}"
    for place, (name, segment) in enumerate(zip(_segment_names(identity), identity.segments, strict=True)):
        for what, text in (
            (f"another {name}", OTHER),
            (f"a {name} that begins like the expected one", f"{segment}-{OTHER}"),
            (f"a {name} that goes on after a dot", f"{segment}.{OTHER}"),
            (f"a {name} that ends like the expected one", f"{OTHER}-{segment}"),
        ):
            changed = [*identity.segments[:place], text, *identity.segments[place + 1 :]]
            yield what, f"{SCHEME}{domain}/{'/'.join(changed)}"
    yield "more path behind", f"{SCHEME}{domain}{path}/{OTHER}"
    yield "more path in front", f"{SCHEME}{domain}/{OTHER}{path}"


def _segment_names(identity: SpiffeId) -> list[str]:
    segments = identity.segments
    if len(segments) == 4 and (segments[0], segments[2]) == ("ns", "sa"):
        return ["first path segment", "namespace", "third path segment", "service account"]
    return [f"path segment {place}" for place in range(1, len(segments) + 1)]


def _other_headers(expected: str, own: str) -> Iterator[tuple[str, str]]:
    """XFCC headers of another caller that hold the text of the expected one somewhere."""
    other = f"spiffe://cluster.local/ns/{OTHER}/sa/{OTHER}"

    def element(uri: str, *, by: str = own, subject: str = "", more: str = "") -> str:
        return _element(uri=uri, by=by, subject=subject, more=more)

    spoof = element(expected)
    yield "an element of the caller's own in front of the sidecar's", f"{spoof},{element(other)}"
    yield "an element of the caller's own in front of a sidecar's with an empty URI", f"{spoof},{element('')}"
    yield "an element of the caller's own in front of a sidecar's without a URI", f"{spoof},By={own};Hash={_HASH}"
    yield "a gateway of the expected identity, another caller behind it", f"{element(other)},{spoof}"
    yield "text in the quoted Subject", element(other, subject=f"O=URI={expected},CN=x")
    yield "text in the quoted Subject, and an empty URI", element("", subject=f"O=URI={expected},CN=x")
    yield "text in the quoted Subject, behind an escaped semicolon", element("", subject=f"CN=x\\;URI={expected}")
    yield "the expected identity as By, another as URI", element(other, by=expected)
    yield "two URI names, the expected one last", element(other, more=f";URI={expected}")
    yield "two URI names, the expected one first", element(expected, more=f";URI={other}")
    yield "text in a DNS name", element(other, more=f";DNS=URI={expected}")
    yield "text in a DNS name, and an empty URI", element("", more=f";DNS=x;URI={expected}")


def _other_linkerd(identity: LinkerdId) -> Iterator[tuple[str, str]]:
    """Texts of other Linkerd workloads than `identity`."""
    account, namespace = identity.service_account, identity.namespace
    marked = str(identity).removeprefix(f"{account}.{namespace}")
    mesh = f".serviceaccount.identity.{identity.control_plane}"
    yield "another namespace", f"{account}.{OTHER}{marked}"
    yield "a namespace that begins like the expected one", f"{account}.{namespace}-{OTHER}{marked}"
    yield "a namespace that ends like the expected one", f"{account}.{OTHER}-{namespace}{marked}"
    yield "another service account", f"{OTHER}.{namespace}{marked}"
    yield "a service account that goes on after a dot", f"{account}.{OTHER}.{namespace}{marked}"
    yield "a service account that ends like the expected one", f"{OTHER}.{account}.{namespace}{marked}"
    yield (
        "another control plane",
        f"{account}.{namespace}.serviceaccount.identity.{OTHER}.{identity.trust_domain}",
    )
    yield "another trust domain", f"{account}.{namespace}{mesh}.other.example"
    yield (
        "a trust domain that begins like the expected one",
        f"{account}.{namespace}{mesh}.{identity.trust_domain}.other",
    )
    yield "the agent's name alone", account
    yield "a SPIFFE ID with that last segment", f"spiffe://other.example/{account}"


def _other_names(value: str) -> Iterator[tuple[str, str]]:
    """Other texts around a bare name."""
    yield "text in front", f"{OTHER},{value}"
    yield "text behind", f"{value},{OTHER}"
    yield "text behind a dot", f"{value}.{OTHER}"
    yield "text behind a space", f"{value} {OTHER}"
