"""SPIFFE IDs as values that cannot be invalid.

Strict reading of the SPIFFE-ID standard (spiffe/spiffe, standards/SPIFFE-ID.md, section 2): `spiffe://`, a trust
domain, and a path of segments or none. Where implementations differ, the stricter reading holds: only the canonical
lower-case form of scheme and trust domain is taken (one identity has one spelling, so equality of texts is equality of
identities), and the standard's lengths are limits. No decoding of any kind happens: `%`, `?`, `#`, `@`, `:` and every
character beyond ASCII are outside the alphabets.
"""

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Self, final

from mesh.identity.errors import IdentityError, first_outside, shown

if TYPE_CHECKING:
    from cryptography.x509 import UniformResourceIdentifier

SCHEME = "spiffe://"

MAX_ID_BYTES = 2048
"""Bytes in an ID: section 2.3 lets nobody generate a longer one."""

MAX_TRUST_DOMAIN_BYTES = 255
"""Bytes in a trust domain's name: section 2.1 and 2.3, the limit of a host in a URI."""

_TRUST_DOMAIN = frozenset(string.ascii_lowercase + string.digits + ".-_")
_PATH = frozenset(string.ascii_letters + string.digits + ".-_")
_UPPER = frozenset(string.ascii_uppercase)

RULES: Mapping[str, str] = MappingProxyType(
    {
        "spiffe-length": f"at most {MAX_ID_BYTES} bytes in all",
        "spiffe-scheme": f"a text that begins with {SCHEME}",
        "spiffe-scheme-case": f"the scheme in lower case: {SCHEME}",
        "spiffe-trust-domain-missing": f"a trust domain after {SCHEME}",
        "spiffe-trust-domain-length": f"a trust domain of at most {MAX_TRUST_DOMAIN_BYTES} bytes",
        "spiffe-trust-domain-case": "a trust domain in lower case",
        "spiffe-trust-domain-character": "a trust domain of a-z, 0-9, '.', '-' and '_' (no port, user or percent code)",
        "spiffe-path-trailing-slash": "no slash at the end",
        "spiffe-path-empty-segment": "one slash between segments",
        "spiffe-path-dot-segment": "segments other than '.' and '..'",
        "spiffe-path-character": "segments of a-z, A-Z, 0-9, '.', '-' and '_' (no query, fragment or percent code)",
    }
)
"""Each rule that refuses a SPIFFE ID, with what would be accepted."""


class SpiffeIdError(IdentityError):
    """A text that is not a SPIFFE ID or trust domain; `rule` is one of RULES."""


@final
@dataclass(frozen=True, slots=True)
class TrustDomain:
    """The name of a trust domain, such as `cluster.local`; an invalid one cannot be built (SpiffeIdError)."""

    name: str

    def __post_init__(self) -> None:
        name = self.name
        if not name:
            raise _refusal("spiffe-trust-domain-missing", "the trust domain is missing")
        if len(name) > MAX_TRUST_DOMAIN_BYTES:
            raise _refusal("spiffe-trust-domain-length", f"the trust domain has {len(name)} bytes")
        if not _TRUST_DOMAIN.issuperset(name):
            only_case = (_TRUST_DOMAIN | _UPPER).issuperset(name)
            rule = "spiffe-trust-domain-case" if only_case else "spiffe-trust-domain-character"
            raise _refusal(rule, f"the trust domain {shown(name)} has {first_outside(name, _TRUST_DOMAIN)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The trust domain that `text` names: a bare name, or a full SPIFFE ID, whose trust domain is returned."""
        # A name cannot hold ":/", so whoever wrote it meant an ID.
        return cls(SpiffeId.parse(text).trust_domain.name if ":/" in text else text)

    def __str__(self) -> str:
        return self.name


@final
@dataclass(frozen=True, slots=True)
class SpiffeId:
    """A SPIFFE ID; `str()` gives the one canonical text. An invalid one cannot be built (SpiffeIdError)."""

    trust_domain: TrustDomain
    path: str
    """Empty, or segments each with its slash in front: `/ns/argocd/sa/agent-a`."""

    def __post_init__(self) -> None:
        if not isinstance(self.trust_domain, TrustDomain):
            raise TypeError(f"trust_domain is a TrustDomain, not {type(self.trust_domain).__name__}")
        _check_length(len(SCHEME) + len(self.trust_domain.name) + len(self.path))
        _check_path(self.path)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The SPIFFE ID that `text` spells in canonical form."""
        _check_length(len(text))
        if not text.startswith(SCHEME):
            rule = "spiffe-scheme-case" if text[: len(SCHEME)].lower() == SCHEME else "spiffe-scheme"
            raise _refusal(rule, f"{shown(text)} begins otherwise")
        end = text.find("/", len(SCHEME))
        if end < 0:
            end = len(text)
        return cls(TrustDomain(text[len(SCHEME) : end]), text[end:])

    @classmethod
    def from_segments(cls, trust_domain: TrustDomain, segments: Iterable[str]) -> Self:
        """The SPIFFE ID of `trust_domain` whose path is made of `segments`, none of which may hold a slash."""
        parts = tuple(segments)
        for part in parts:
            _check_segment(part, last=False)
        return cls(trust_domain, "".join(f"/{part}" for part in parts))

    @classmethod
    def from_uri(cls, uri: "UniformResourceIdentifier") -> Self:
        """The SPIFFE ID that a certificate's URI name spells, by the same rules as in a header."""
        return cls.parse(uri.value)

    def to_uri(self) -> "UniformResourceIdentifier":
        """The URI name of a certificate for this identity."""
        from cryptography.x509 import UniformResourceIdentifier  # noqa: PLC0415 - headers are read without it

        return UniformResourceIdentifier(str(self))

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's segments without slashes."""
        return tuple(self.path[1:].split("/")) if self.path else ()

    def __str__(self) -> str:
        return f"{SCHEME}{self.trust_domain.name}{self.path}"


def _check_length(length: int) -> None:
    # Characters are counted for bytes: a text whose two counts differ is not ASCII and fails an alphabet anyway.
    if length > MAX_ID_BYTES:
        raise _refusal("spiffe-length", f"the ID has {length} bytes")


def _check_path(path: str) -> None:
    if not path:
        return
    first, *segments = path.split("/")
    if first:
        raise _refusal("spiffe-path-character", f"the path {shown(path)} does not begin with a slash")
    for place, segment in enumerate(segments, start=1):
        _check_segment(segment, last=place == len(segments))


def _check_segment(segment: str, *, last: bool) -> None:
    if not segment:
        rule, where = ("trailing-slash", "ends in a slash") if last else ("empty-segment", "has an empty segment")
        raise _refusal(f"spiffe-path-{rule}", f"the path {where}")
    if segment in {".", ".."}:
        raise _refusal("spiffe-path-dot-segment", f"the path has the segment {segment!r}")
    if not _PATH.issuperset(segment):
        raise _refusal(
            "spiffe-path-character", f"the path's segment {shown(segment)} has {first_outside(segment, _PATH)}"
        )


def _refusal(rule: str, fault: str) -> SpiffeIdError:
    return SpiffeIdError(rule, f"{fault}; accepted: {RULES[rule]}")
