"""One element of the header `x-forwarded-client-cert`: its keys, its rules, and the value that holds it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self, final

from mesh.identity.errors import IdentityError, shown

MAX_XFCC_BYTES = 32 * 1024
"""Bytes of header that are read. One Cert and Chain of three RSA certificates takes 8 KiB, two such hops 16 KiB; Envoy
lets 50 kB and more through, so the limit has to be ours. gRPC's metadata limits must be set above it."""

MAX_ELEMENTS = 16
"""Elements (hops) that are read: real paths have one to three."""

KEYS = ("By", "Hash", "Cert", "Chain", "Subject", "URI", "DNS")
"""The keys, spelled and ordered as Envoy writes them."""

REPEATABLE = frozenset({"By", "URI", "DNS"})
"""Keys that Envoy writes once for every such name in the certificate; the others stand once at most."""


RULES: Mapping[str, str] = MappingProxyType(
    {
        "xfcc-empty": "at least one element",
        "xfcc-length": f"at most {MAX_XFCC_BYTES} bytes",
        "xfcc-character": "printable ASCII",
        "xfcc-elements": f"at most {MAX_ELEMENTS} elements",
        "xfcc-empty-element": "text on both sides of each ','",
        "xfcc-empty-pair": "text on both sides of each ';'",
        "xfcc-unknown-key": f"one of {', '.join(f'{key}=' for key in KEYS)} (in any case)",
        "xfcc-repeated-key": "Hash, Cert, Chain and Subject once in an element",
        "xfcc-unquoted-character": "a value in double quotes when it holds ',', ';', '=', a space, '\"' or a backslash",
        "xfcc-unterminated-quote": "a closing quote for each opening one",
        "xfcc-text-after-quote": "',' or ';' or the end after a closing quote",
        "xfcc-escape": 'inside quotes, a backslash before one of "\\,;+<>#= or a space, or before two hex digits',
        "xfcc-unprintable": "quoted values of printable characters in UTF-8",
    }
)
"""Each rule that refuses an XFCC header, with what would be accepted."""


class XfccError(IdentityError):
    """A text that is no XFCC header, or one with more than one reading; `rule` is one of RULES."""


@final
@dataclass(frozen=True, slots=True)
class XfccElement:
    """One hop's element: what a proxy says about the client certificate it has verified.

    Built only of known keys, the single-valued ones once, and printable values (XfccError otherwise).
    """

    pairs: tuple[tuple[str, str], ...]
    """Key (as in KEYS) and value (unquoted), in the order of the header."""

    def __post_init__(self) -> None:
        if not self.pairs:
            raise refusal("xfcc-empty-element", "an element is empty")
        seen: set[str] = set()
        for key, value in self.pairs:
            if key not in KEYS:
                raise refusal("xfcc-unknown-key", f"{shown(key)} is no key")
            if key in seen and key not in REPEATABLE:
                raise refusal("xfcc-repeated-key", f"{key} stands more than once in an element")
            if not value.isprintable():
                raise refusal("xfcc-unprintable", f"the value of {key} is {shown(value)}")
            seen.add(key)

    @classmethod
    def of(
        cls,
        *,
        by: Iterable[str] = (),
        hash: str | None = None,  # noqa: A002 - the key's own name
        cert: str | None = None,
        chain: str | None = None,
        subject: str | None = None,
        uri: Iterable[str] = (),
        dns: Iterable[str] = (),
    ) -> Self:
        """An element with these values, in Envoy's order."""
        single = (("Hash", hash), ("Cert", cert), ("Chain", chain), ("Subject", subject))
        return cls(
            (
                *(("By", value) for value in by),
                *((key, value) for key, value in single if value is not None),
                *(("URI", value) for value in uri),
                *(("DNS", value) for value in dns),
            )
        )

    @property
    def by(self) -> tuple[str, ...]:
        """The URI names of the proxy that wrote the element (its own certificate)."""
        return self._all("By")

    @property
    def hash(self) -> str | None:
        """The client certificate's SHA-256 in hex."""
        return self._one("Hash")

    @property
    def cert(self) -> str | None:
        """The client certificate, URL-encoded PEM."""
        return self._one("Cert")

    @property
    def chain(self) -> str | None:
        """The client certificate with its chain, URL-encoded PEM."""
        return self._one("Chain")

    @property
    def subject(self) -> str | None:
        """The client certificate's subject, with the header's escapes taken off. Never proof of anything."""
        return self._one("Subject")

    @property
    def uri(self) -> tuple[str, ...]:
        """The client certificate's URI names; Envoy writes one empty value when there are none."""
        return self._all("URI")

    @property
    def dns(self) -> tuple[str, ...]:
        """The client certificate's DNS names."""
        return self._all("DNS")

    def _all(self, key: str) -> tuple[str, ...]:
        return tuple(value for each, value in self.pairs if each == key)

    def _one(self, key: str) -> str | None:
        return next((value for each, value in self.pairs if each == key), None)


def refusal(rule: str, fault: str) -> XfccError:
    """The error of `rule`, saying what was wrong (`fault`) and what would be accepted."""
    return XfccError(rule, f"{fault}; accepted: {RULES[rule]}")
