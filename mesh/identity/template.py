"""Templates: the one identity that every agent has, but for the segment `{agent}`.

`spiffe://cluster.local/ns/argocd-agents/sa/{agent}` or
`{agent}.argocd-agents.serviceaccount.identity.linkerd.cluster.local`. A template is compared with a parsed identity,
part by part; nothing is searched for, so there is nothing that a longer or stranger text could match by accident.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self, TypeVar, final

from mesh.identity.errors import IdentityError, RuleError, shown
from mesh.identity.linkerd import MARKER, LinkerdId
from mesh.identity.spiffe import SCHEME, SpiffeId, TrustDomain

AGENT = "{agent}"

SAMPLE = "agent"
"""What stands in for `{agent}` while a template's other parts are checked."""

_Identity = TypeVar("_Identity", SpiffeId, LinkerdId)

RULES: Mapping[str, str] = MappingProxyType(
    {
        "other-form": "an identity of the template's form (SPIFFE ID or Linkerd name)",
        "other-trust-domain": "the template's trust domain",
        "other-control-plane": "the namespace of the template's control plane",
        "other-namespace": "the template's namespace",
        "other-path": "the template's path, with one segment for {agent}",
    }
)
"""Each rule that refuses a valid identity for not being the template's, with what would be accepted."""


class TemplateMismatchError(IdentityError):
    """A valid identity, but of somebody else than an agent of this template; `rule` is one of RULES."""


@final
@dataclass(frozen=True, slots=True)
class SpiffeTemplate:
    """A SPIFFE ID with `{agent}` for one segment of its path."""

    trust_domain: TrustDomain
    segments: tuple[str, ...]
    place: int
    """Index of the agent's segment in `segments`."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The template that `text` spells; RuleError otherwise."""
        host, *segments = text.removeprefix(SCHEME).split("/")
        if AGENT in host:
            raise RuleError(
                "agent-in-trust-domain", f"{AGENT} stands for a segment of the path, never for the trust domain"
            )
        if AGENT not in segments:
            raise _partial_segment("/")
        sample = _sample(SpiffeId.parse, text)
        return cls(sample.trust_domain, tuple(segments), segments.index(AGENT))

    def agent_of(self, identity: SpiffeId | LinkerdId) -> str:
        """The text that stands for `{agent}` in `identity`; TemplateMismatchError when anything else differs."""
        if not isinstance(identity, SpiffeId):
            raise _mismatch("other-form", str(identity), str(self))
        if identity.trust_domain != self.trust_domain:
            raise _mismatch("other-trust-domain", identity.trust_domain.name, self.trust_domain.name)
        theirs = identity.segments
        if len(theirs) != len(self.segments):
            raise _mismatch("other-path", identity.path, self.path)
        for place, (their, ours) in enumerate(zip(theirs, self.segments, strict=True)):
            if their != ours and place != self.place:
                # Istio's form: the segment after `ns` is the namespace.
                namespace = place == 1 and self.segments[0] == "ns"
                raise _mismatch("other-namespace" if namespace else "other-path", identity.path, self.path)
        return theirs[self.place]

    @property
    def path(self) -> str:
        """The template's path, with `{agent}` in it."""
        return "".join(f"/{segment}" for segment in self.segments)

    def __str__(self) -> str:
        return f"{SCHEME}{self.trust_domain}{self.path}"


@final
@dataclass(frozen=True, slots=True)
class LinkerdTemplate:
    """A Linkerd name with `{agent}` for the service account: the text before the first fixed part."""

    sample: LinkerdId

    @classmethod
    def parse(cls, text: str) -> Self:
        """The template that `text` spells; RuleError otherwise."""
        account, _, rest = text.partition(".")
        if account != AGENT:
            if AGENT in account:
                raise _partial_segment(".")
            raise RuleError("agent-not-first", f"in a Linkerd name, {AGENT} stands first: {AGENT}.NAMESPACE{MARKER}...")
        return cls(_sample(LinkerdId.parse, f"{account}.{rest}"))

    def agent_of(self, identity: SpiffeId | LinkerdId) -> str:
        """The text that stands for `{agent}` in `identity`; TemplateMismatchError when anything else differs."""
        if not isinstance(identity, LinkerdId):
            raise _mismatch("other-form", str(identity), str(self))
        for rule, theirs, ours in (
            ("other-trust-domain", identity.trust_domain, self.sample.trust_domain),
            ("other-control-plane", identity.control_plane, self.sample.control_plane),
            ("other-namespace", identity.namespace, self.sample.namespace),
        ):
            if theirs != ours:
                raise _mismatch(rule, theirs, ours)
        return identity.service_account

    def __str__(self) -> str:
        return AGENT + str(self.sample).removeprefix(SAMPLE)


Template = SpiffeTemplate | LinkerdTemplate


def parse_template(text: str) -> Template:
    """The template that `text` spells: SPIFFE form when it begins with `spiffe://`, Linkerd's otherwise."""
    if (times := text.count(AGENT)) != 1:
        raise RuleError("agent-count", f"{AGENT} stands {times} times in {shown(text)}; it must stand exactly once")
    return SpiffeTemplate.parse(text) if ":/" in text else LinkerdTemplate.parse(text)


def _sample(parse: Callable[[str], _Identity], text: str) -> _Identity:
    """`text` as an identity with SAMPLE for the agent: what else is wrong with it shows here."""
    try:
        return parse(text.replace(AGENT, SAMPLE))
    except IdentityError as error:
        raise RuleError(error.rule, f"the template {shown(text)}, with {SAMPLE!r} for {AGENT}: {error}") from None


def _partial_segment(separator: str) -> RuleError:
    return RuleError(
        "agent-part-of-segment", f"{AGENT} stands for the whole text between {separator!r} and {separator!r}"
    )


def _mismatch(rule: str, theirs: str, ours: str) -> TemplateMismatchError:
    return TemplateMismatchError(rule, f"{shown(theirs)} is not {ours}; accepted: {RULES[rule]}")
