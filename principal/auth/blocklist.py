"""Certificates that are turned away although their authority vouches for them: one SHA-256 a line.

argocd-agent keeps the same fingerprints as keys of a ConfigMap (spec hub-protocol §2.2). Here it is a file: 64 hex
digits in either case, with or without colons, as `openssl x509 -fingerprint -sha256` prints them; `#` begins a comment.
"""

import string
from dataclasses import dataclass
from typing import Final

import structlog

log = structlog.stdlib.get_logger(__name__)

_HEX: Final = frozenset(string.hexdigits)
_DIGITS: Final = 64
"""Hex digits of a SHA-256."""

EXPECTED: Final = f"{_DIGITS} hex digits of a certificate's SHA-256"


@dataclass(frozen=True, slots=True)
class Blocklist:
    """Fingerprints, in upper case."""

    fingerprints: frozenset[str]
    faults: tuple[str, ...] = ()
    """Lines that could not be read, each as `file:line: why`."""

    @classmethod
    def read(cls, content: bytes, source: str) -> "Blocklist":
        """The blocklist of a file's content; `source` is its name."""
        found: set[str] = set()
        faults: list[str] = []
        for number, raw in enumerate(content.split(b"\n"), start=1):
            text = raw.decode("utf-8", "replace").partition("#")[0].strip()
            digits = text.replace(":", "").upper()
            if not text:
                continue
            if len(digits) == _DIGITS and _HEX.issuperset(digits):
                found.add(digits)
            else:
                faults.append(f"{source}:{number}: not a fingerprint; accepted: {EXPECTED}")
        return cls(frozenset(found), tuple(faults))


def read_blocklist(content: bytes, source: str) -> Blocklist:
    """The same, with an error in the log for each line that can't be read; the others count."""
    blocklist = Blocklist.read(content, source)
    for fault in blocklist.faults:
        log.error("line of the blocklist not understood: what it should revoke is not revoked", reason=fault)
    return blocklist
