"""What a lab shall be: who takes part, what its certificates say, and how its sidecars treat headers and silence.

Plain values, checked when they are made. The names on certificates follow the flavour: Istio's are one SPIFFE ID in a
URI SAN, Linkerd's one name in a DNS SAN; a workload may carry others, so that tests can be the attacker.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from mesh.lab.timers import Timers
from mesh.names import LABEL_RULE, is_dns1123_label

DAY = 86_400.0
"""Seconds; how long an SVID lives unless its workload says otherwise, as in Istio."""

MAX_COMMON_NAME = 64
"""Bytes (ub-common-name, RFC 5280 appendix A)."""

LINKERD_NAMESPACE = "linkerd"
"""The namespace of Linkerd's control plane; part of every Linkerd name."""

OWN_AUTHORITY = ""
"""The name of the lab's own certificate authority, which every sidecar trusts."""


class LabConfigError(ValueError):
    """The lab cannot be as asked; the message names the field, the value and what would be accepted."""


class Flavour(StrEnum):
    """Whose habits the sidecars have."""

    ISTIO = "istio"
    """Identities in URI SANs, told to the application in `x-forwarded-client-cert`."""
    LINKERD = "linkerd"
    """Identities in DNS SANs, told in `l5d-client-id`. `x-forwarded-client-cert` passes as it came: Linkerd's proxy
    does not know the header."""


class XfccMode(StrEnum):
    """What an Envoy does with `x-forwarded-client-cert`; values as Envoy spells them."""

    SANITIZE = "SANITIZE"
    SANITIZE_SET = "SANITIZE_SET"
    APPEND_FORWARD = "APPEND_FORWARD"
    FORWARD_ONLY = "FORWARD_ONLY"
    ALWAYS_FORWARD_ONLY = "ALWAYS_FORWARD_ONLY"


@dataclass(frozen=True, slots=True, kw_only=True)
class XfccDetails:
    """What the inbound sidecar writes of the client's certificate beside By and Hash; Istio's choice by default."""

    subject: bool = True
    uri: bool = True
    dns: bool = True
    cert: bool = False
    chain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A further certificate authority: of another trust domain, or an impostor of the lab's own."""

    name: str
    trust_domain: str
    trusted: bool = False
    """Whether the principal's sidecar believes it, as after a federation of trust domains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One workload and its sidecar. What is left empty follows from the lab's flavour, trust domain and namespace."""

    name: str
    """Its name in the lab, its folder, and its service account: a DNS label."""
    namespace: str = ""
    spiffe_id: str = ""
    """A SPIFFE ID instead of the one that follows from trust domain, namespace and name."""
    uri_sans: tuple[str, ...] | None = None
    """All URI SANs, where one SPIFFE ID is not what is wanted: several, or `()` for none."""
    dns_sans: tuple[str, ...] | None = None
    """All DNS SANs; `()` for none."""
    common_name: str = ""
    """The certificate's subject; empty, as in a mesh, unless a test wants a hostile one."""
    lifetime: float = DAY
    """Seconds until its SVID expires; zero or less makes one that has expired."""
    authority: str = OWN_AUTHORITY
    """The name of the `Authority` that signs its SVID."""
    timers: Timers | None = None
    """Timers of its own sidecar instead of the lab's outbound ones."""
    forward_client_cert: XfccMode = XfccMode.SANITIZE
    """What its own sidecar does with a header that the application sends; ALWAYS_FORWARD_ONLY is an attacker's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabConfig:
    """A mesh on loopback: one principal behind its sidecar, and agents behind theirs."""

    principal_port: int
    """Where the principal listens in plaintext, on 127.0.0.1."""
    agents: tuple[str | Workload, ...] = ()
    flavour: Flavour = Flavour.ISTIO
    trust_domain: str = "cluster.local"
    namespace: str = "argocd-agents"
    """The agents' namespace."""
    principal: Workload = field(default_factory=lambda: Workload(name="principal", namespace="argocd"))
    inbound: Timers = field(default_factory=Timers)
    """Timers of the principal's sidecar."""
    outbound: Timers = field(default_factory=Timers)
    """Timers of the agents' sidecars."""
    xfcc_mode: XfccMode = XfccMode.SANITIZE_SET
    """How the principal's sidecar treats the header; APPEND_FORWARD is Istio's choice. Without effect in the Linkerd
    flavour."""
    details: XfccDetails = field(default_factory=XfccDetails)
    require_client_certificate: bool = True
    """The principal's sidecar wants a certificate of everybody. Off, Envoy still does while `match_clients` is on."""
    match_clients: bool = True
    """The principal's sidecar lets in only identities of the trust domains it believes."""
    pin_server: bool = True
    """The agents' sidecars talk only to the principal's identity."""
    permissive: bool = False
    """The principal's sidecar takes plaintext too, on the same port, as Istio's PERMISSIVE mode does."""
    opaque: bool = False
    """Both sidecars carry bytes and do not read HTTP: what happens to a port that is not declared as HTTP or gRPC."""
    authorities: tuple[Authority, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.principal_port <= 65_535:
            raise LabConfigError(f"principal_port: {self.principal_port} is not a TCP port; 1 to 65535 is accepted")
        seen: set[str] = set()
        for workload in (self.principal, *self.workloads()):
            self.check(workload)
            if workload.name in seen:
                raise LabConfigError(f"workload {workload.name!r}: there are two of this name; each needs its own")
            seen.add(workload.name)

    def workloads(self) -> Iterator[Workload]:
        """The agents; a bare name stands for a workload with nothing special."""
        for agent in self.agents:
            yield Workload(name=agent) if isinstance(agent, str) else agent

    def check(self, workload: Workload) -> None:
        """Raise LabConfigError if `workload` cannot take part in this lab."""
        name = workload.name
        if not is_dns1123_label(name):
            raise LabConfigError(f"workload {name!r}: its name must be {LABEL_RULE}")
        if len(workload.common_name.encode()) > MAX_COMMON_NAME:
            raise LabConfigError(f"workload {name!r}: its common name is longer than {MAX_COMMON_NAME} bytes")
        known = [OWN_AUTHORITY, *(authority.name for authority in self.authorities)]
        if workload.authority not in known:
            raise LabConfigError(f"workload {name!r}: no authority {workload.authority!r}; there are {known}")
        if self.flavour is Flavour.LINKERD and len(self.dns_sans(workload)) > 1:
            raise LabConfigError(
                f"workload {name!r}: Linkerd's certificates carry one DNS SAN, not {workload.dns_sans}"
            )

    def trust_domain_of(self, workload: Workload) -> str:
        """The trust domain of the authority that signs its certificate."""
        domains = {authority.name: authority.trust_domain for authority in self.authorities}
        return domains.get(workload.authority, self.trust_domain)

    def spiffe_id(self, workload: Workload) -> str:
        """The SPIFFE ID as Istio forms it, or the workload's own."""
        namespace = workload.namespace or self.namespace
        return workload.spiffe_id or f"spiffe://{self.trust_domain_of(workload)}/ns/{namespace}/sa/{workload.name}"

    def linkerd_name(self, workload: Workload) -> str:
        """The name as Linkerd forms it."""
        namespace = workload.namespace or self.namespace
        return f"{workload.name}.{namespace}{linkerd_suffix(self.trust_domain_of(workload))}"

    def uri_sans(self, workload: Workload) -> tuple[str, ...]:
        """The URI SANs of its certificate."""
        if workload.uri_sans is not None:
            return workload.uri_sans
        if self.flavour is Flavour.ISTIO or workload.spiffe_id:
            return (self.spiffe_id(workload),)
        return ()

    def dns_sans(self, workload: Workload) -> tuple[str, ...]:
        """The DNS SANs of its certificate."""
        if workload.dns_sans is not None:
            return workload.dns_sans
        return (self.linkerd_name(workload),) if self.flavour is Flavour.LINKERD else ()

    def identity(self, workload: Workload) -> str | None:
        """Who it is to the principal: its first SAN of the flavour's kind; None when its certificate names nobody."""
        names = self.dns_sans(workload) if self.flavour is Flavour.LINKERD else self.uri_sans(workload)
        return names[0] if names else None

    def believed_domains(self) -> list[str]:
        """The trust domains whose clients the principal's sidecar lets in."""
        return [self.trust_domain, *(authority.trust_domain for authority in self.authorities if authority.trusted)]


def linkerd_suffix(trust_domain: str) -> str:
    """What every Linkerd name of a trust domain ends with, its dot included."""
    return f".serviceaccount.identity.{LINKERD_NAMESPACE}.{trust_domain}"
