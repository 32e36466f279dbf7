"""Rules of AuthorizationPolicies, read once and asked for many callers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from mesh.bundle import Field

NAMESPACE_PART: Final = "/ns/"
"""What stands behind the trust domain in an identity of Istio's."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls."""

    trust_domain: str
    """Empty when it is not known; any is then taken for the caller's."""
    namespace: str
    account: str

    @property
    def identity(self) -> str:
        """The SPIFFE ID without its scheme, as policies have it."""
        return f"{self.trust_domain}{NAMESPACE_PART}{self.namespace}/sa/{self.account}"


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts of a policy: exact, `prefix*`, `*suffix`, or `*` for anything at all."""

    exact: frozenset[str]
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """The list of `texts`."""
        listed = list(texts)
        return cls(frozenset(each for each in listed if "*" not in each), tuple(each for each in listed if "*" in each))

    def __bool__(self) -> bool:
        return bool(self.exact or self.patterns)

    def takes(self, value: str) -> bool:
        """Whether any of them matches `value`."""
        return value in self.exact or any(_matches(pattern, value) for pattern in self.patterns)


def _matches(pattern: str, value: str) -> bool:
    if pattern == "*":
        return value != ""
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    return pattern.startswith("*") and value.endswith(pattern[1:])


@dataclass(frozen=True, slots=True)
class Source:
    """Who may call; None where nothing is asked."""

    principals: Texts | None
    anywhere: Texts | None
    """The principals without their trust domains, for callers whose own is not known."""
    namespaces: Texts | None
    trust_domains: Texts | None
    accounts: frozenset[str] | None
    excluded: tuple[Texts, Texts, Texts]
    """notPrincipals, notNamespaces, notTrustDomains."""

    @classmethod
    def of(cls, source: Field) -> Self:
        """What the field says."""
        principals = source.at("principals")
        return cls(
            _texts(principals),
            Texts.of(map(_without_domain, principals.texts)) if principals.exists else None,
            _texts(source.at("namespaces")),
            _texts(source.at("trustDomains")),
            frozenset(source.at("serviceAccounts").texts) if source.at("serviceAccounts").exists else None,
            (
                Texts.of(source.at("notPrincipals").texts),
                Texts.of(source.at("notNamespaces").texts),
                Texts.of(source.at("notTrustDomains").texts),
            ),
        )

    @property
    def named(self) -> frozenset[str]:
        """The identities in it, when it asks for nothing else."""
        others = (self.namespaces, self.trust_domains, self.accounts, *(each or None for each in self.excluded))
        if self.principals is None or self.anywhere is None or any(each is not None for each in others):
            return frozenset()
        return self.principals.exact | self.anywhere.exact

    @property
    def steps(self) -> int:
        """What asking once costs at most, in comparisons of a text."""
        lists = (self.principals, self.anywhere, self.namespaces, self.trust_domains, *self.excluded)
        return 5 + sum(len(each.patterns) for each in lists if each is not None)

    def takes(self, caller: Caller) -> bool:
        """Whether it is about `caller`."""
        known = caller.trust_domain != ""
        principals = self.principals if known else self.anywhere
        asked = (
            (principals, caller.identity),
            (self.namespaces, caller.namespace),
            (self.trust_domains if known else None, caller.trust_domain),
        )
        if any(texts is not None and not texts.takes(value) for texts, value in asked):
            return False
        values = (caller.identity, caller.namespace, caller.trust_domain)
        if any(texts.takes(value) for texts, value in zip(self.excluded, values, strict=True)):
            return False
        return self.accounts is None or not self.accounts.isdisjoint(
            {caller.account, f"{caller.namespace}/{caller.account}"}
        )


def _texts(place: Field) -> Texts | None:
    return Texts.of(place.texts) if place.exists else None


def _without_domain(pattern: str) -> str:
    """A principal from its namespace on; one that says nothing of a namespace is taken for anybody."""
    at = pattern.find(NAMESPACE_PART)
    if at >= 0:
        return pattern[at:]
    return pattern if pattern.startswith("*") else "*" if pattern.endswith("*") else pattern


_JUDGED: Final = frozenset({"from", "to"})
"""Parts of a rule that can be judged from manifests; `when` asks what only a request has."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    place: Field
    sources: tuple[Source, ...] | None
    """None: anybody."""
    ports: tuple[frozenset[str] | None, ...] | None
    """By operation, None being all ports; None altogether: anything."""
    steps: int
    """What asking once costs at most, in comparisons of a text."""
    plain: bool
    """Whether it asks nothing that only a request has."""
    named: frozenset[str]
    """The identities that it lets in by their whole names, and by nothing else; empty for other rules."""

    @classmethod
    def of(cls, place: Field) -> Self:
        """The rule at `place`."""
        sources, operations = place.at("from"), place.at("to")
        listed = [each.at("operation", "ports") for each in operations.items()]
        known = tuple(Source.of(each.at("source")) for each in sources.items()) if sources.exists else None
        return cls(
            place,
            known,
            tuple(frozenset(each.texts) if each.exists else None for each in listed) if operations.exists else None,
            1 + len(listed) + sum(each.steps for each in known or ()),
            set(place.mapping) <= _JUDGED,
            frozenset(name for source in known or () for name in source.named) if known else frozenset(),
        )

    def is_from(self, caller: Caller) -> bool:
        """Whether the rule is about `caller`."""
        return self.sources is None or any(source.takes(caller) for source in self.sources)

    def is_to(self, port: int) -> bool:
        """Whether the rule is about the pod's `port`."""
        return self.ports is None or any(ports is None or str(port) in ports for ports in self.ports)

    def takes(self, caller: Caller, port: int) -> bool:
        """Whether the rule is met; conditions that only a request meets count as met."""
        return self.is_from(caller) and self.is_to(port)

    @property
    def is_narrow(self) -> bool:
        """Whether it names its ports."""
        return bool(self.ports) and all(self.ports or ())
