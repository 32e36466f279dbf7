"""Linkerd's names for workloads, as its inbound proxy writes them into `l5d-client-id`.

Two forms: a DNS-like name made of the Kubernetes service account
(`SA.NAMESPACE.serviceaccount.identity.CONTROL-PLANE-NAMESPACE.TRUST-DOMAIN`), and, for workloads outside Kubernetes, a
SPIFFE ID. The DNS-like form is read from the right, since a service account's name may contain dots and a namespace
cannot: `agent-a.evil.argocd.serviceaccount...` is the account `agent-a.evil` in `argocd`, never `agent-a` in `evil`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self, final

from mesh.identity.errors import IdentityError, shown
from mesh.identity.spiffe import SpiffeId
from mesh.names import LABEL_RULE, SUBDOMAIN_RULE, is_dns1123_label, is_dns1123_subdomain

MARKER = ".serviceaccount.identity."
"""What separates the workload from the mesh in the DNS-like form."""

MAX_LINKERD_BYTES = 253
"""Bytes in the DNS-like form: it stands in a certificate as a DNS name (RFC 1035 section 2.3.4)."""

RULES: Mapping[str, str] = MappingProxyType(
    {
        "linkerd-length": f"at most {MAX_LINKERD_BYTES} bytes",
        "linkerd-shape": f"SERVICE-ACCOUNT.NAMESPACE{MARKER}CONTROL-PLANE-NAMESPACE.TRUST-DOMAIN, or a SPIFFE ID",
        "linkerd-service-account": f"a service account's name: {SUBDOMAIN_RULE}",
        "linkerd-namespace": f"a namespace: {LABEL_RULE}",
        "linkerd-control-plane": f"the control plane's namespace: {LABEL_RULE}",
        "linkerd-trust-domain": f"a trust domain: {SUBDOMAIN_RULE}; without '{MARKER}'",
    }
)
"""Each rule that refuses the DNS-like form, with what would be accepted."""


class LinkerdIdError(IdentityError):
    """A text that is not a Linkerd workload's name; `rule` is one of RULES."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LinkerdId:
    """A Linkerd workload's DNS-like name; `str()` gives the one text. An invalid one cannot be built."""

    service_account: str
    namespace: str
    control_plane: str
    """The namespace of Linkerd's control plane, `linkerd` by default."""
    trust_domain: str

    def __post_init__(self) -> None:
        _check("linkerd-service-account", self.service_account, valid=is_dns1123_subdomain(self.service_account))
        _check("linkerd-namespace", self.namespace, valid=is_dns1123_label(self.namespace))
        _check("linkerd-control-plane", self.control_plane, valid=is_dns1123_label(self.control_plane))
        # Read from the right, a marker inside the trust domain would turn the text into somebody else's name.
        unambiguous = str(self).rfind(MARKER) == len(self.service_account) + 1 + len(self.namespace)
        valid = unambiguous and is_dns1123_subdomain(self.trust_domain)
        _check("linkerd-trust-domain", self.trust_domain, valid=valid)
        _check_length(str(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name that `text` spells, read from the right; LinkerdIdError otherwise."""
        _check_length(text)
        workload, marker, mesh = text.rpartition(MARKER)
        service_account, dot, namespace = workload.rpartition(".")
        control_plane, mesh_dot, trust_domain = mesh.partition(".")
        if not (marker and dot and mesh_dot):
            raise _refusal("linkerd-shape", f"{shown(text)} has another shape")
        return cls(
            service_account=service_account,
            namespace=namespace,
            control_plane=control_plane,
            trust_domain=trust_domain,
        )

    def __str__(self) -> str:
        return f"{self.service_account}.{self.namespace}{MARKER}{self.control_plane}.{self.trust_domain}"


def parse_client_id(text: str) -> LinkerdId | SpiffeId:
    """What `l5d-client-id` names, in either form; LinkerdIdError or SpiffeIdError otherwise."""
    # No DNS-like name holds ":/", so whoever wrote it meant a URI.
    return SpiffeId.parse(text) if ":/" in text else LinkerdId.parse(text)


def _check_length(text: str) -> None:
    if len(text) > MAX_LINKERD_BYTES:
        raise _refusal("linkerd-length", f"the name has {len(text)} bytes")


def _check(rule: str, text: str, *, valid: bool) -> None:
    if not valid:
        raise _refusal(rule, f"{shown(text)} stands in its place")


def _refusal(rule: str, fault: str) -> LinkerdIdError:
    return LinkerdIdError(rule, f"{fault}; accepted: {RULES[rule]}")
