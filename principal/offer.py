"""What the principal's own door negotiates about when it speaks TLS. Pure."""

from dataclasses import dataclass
from typing import Final

CIPHER_SUITES: Final = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
"""Suites of TLS 1.2 that HTTP/2 permits (RFC 9113, appendix A forbids the rest), with OpenSSL's names for them."""

TLS13_SUITES: Final = frozenset({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"})
"""Suites of TLS 1.3 that Go names; nobody can choose among them, in Go or here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is negotiated about. gRPC's server has its own offer, and no argument for another."""

    min_version: str = "tls1.3"
    """`tls1.2` or `tls1.3`."""
    max_version: str = ""
    """The same; empty is the newest."""
    suites: tuple[str, ...] = ()
    """Keys of `CIPHER_SUITES`, for TLS 1.2; empty offers all. The suites of TLS 1.3 can't be chosen."""


DEFAULT_OFFER: Final = Offer()
