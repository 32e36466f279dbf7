"""The users of `userpass:`: lines of `name:bcrypt-hash`, read and compared (spec hub-protocol §2.2).

Blank lines and lines that begin with `#` or `//` are nothing. A line that is neither that nor a user is named by its
number and left out; its text is not repeated, since it may be a password. Pure, but for bcrypt's own time.
"""

import hmac
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Final

import bcrypt

from mesh.names import is_dns1123_label

MAX_SECRET_BYTES: Final = 72
"""Bytes of a password that bcrypt looks at; what follows never counted, in argocd-agent or htpasswd either."""

MAX_COST: Final = 15
"""bcrypt's cost above which a line is refused: one login would take a core for more than three seconds, and agents
wait ten for their login."""

MIN_COST: Final = 4
"""bcrypt's own least cost."""

DECOY_COST: Final = 10
"""Cost of the hash that everybody is compared with when there are no users: Go's and htpasswd's usual one."""

COMMENTS: Final = ("#", "//")

_VERSIONS: Final = ("$2a$", "$2b$", "$2x$", "$2y$")
_DIGEST: Final = frozenset(string.ascii_letters + string.digits + "./")
_HASH_LENGTH: Final = 60
"""Characters of a hash: version and cost 7, salt 22, digest 31."""


@cache
def _decoy() -> bytes:
    return bcrypt.hashpw(secrets.token_bytes(16), bcrypt.gensalt(DECOY_COST))


@dataclass(frozen=True, slots=True)
class Users:
    """Who may come in. Comparing takes as long for a name that is not there as for one that is."""

    hashes: Mapping[str, bytes] = field(repr=False)
    """bcrypt hashes by agent's name."""
    faults: tuple[str, ...] = ()
    """Lines that were left out, each as `file:line: why`."""
    _order: tuple[bytes, ...] = field(default=(), repr=False)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @classmethod
    def read(cls, content: bytes, source: str) -> "Users":
        """The users of a file's content; `source` is its name."""
        hashes: dict[str, bytes] = {}
        faults: list[str] = []
        for number, raw in enumerate(content.split(b"\n"), start=1):
            line = raw.decode("utf-8", "replace").strip()
            if not line or line.startswith(COMMENTS):
                continue
            fault = _fault(line)
            name, _, text = line.partition(":")
            if not fault and name in hashes:
                faults.append(f"{source}:{number}: {name} stands here again: this line counts; give each name once")
            if fault:
                faults.append(f"{source}:{number}: {fault}")
            else:
                hashes[name] = text.encode("ascii")
        return cls(MappingProxyType(hashes), tuple(faults), tuple(hashes.values()))

    def check(self, name: str, secret: str) -> bool:
        """Whether `secret` is the password of `name`. Takes bcrypt's time, whoever asks."""
        stored = self.hashes.get(name)
        given = secret.encode("utf-8", "surrogatepass")[:MAX_SECRET_BYTES]
        right = bcrypt.checkpw(given, stored or self._stand_in(name))
        return right and stored is not None

    def _stand_in(self, name: str) -> bytes:
        """A hash to compare an unknown name with: always the same one for a name, chosen as if it were a user's.

        Where hashes have different costs, one fixed stand-in would tell unknown names from known ones by time.
        """
        if not self._order:
            return _decoy()
        digest = hmac.digest(self._key, name.encode("utf-8", "surrogatepass"), "sha256")
        return self._order[int.from_bytes(digest[:8], "big") % len(self._order)]


def _fault(line: str) -> str:
    """What is wrong with a line; empty for a user."""
    name, colon, text = line.partition(":")
    if not colon or not is_dns1123_label(name):
        return "the text before ':' is not an agent's name; accepted: name:bcrypt-hash, the name a DNS-1123 label"
    if not text.startswith(_VERSIONS):
        return f"the password of {name} is no bcrypt hash; accepted: $2a$, $2b$, $2x$ or $2y$, as `htpasswd -B` writes"
    cost, mark, rest = text[4:6], text[6:7], text[7:]
    if not (cost.isascii() and cost.isdigit() and mark == "$"):
        return f"the bcrypt hash of {name} has no cost of two digits"
    if len(text) != _HASH_LENGTH or not _DIGEST.issuperset(rest):
        return f"the bcrypt hash of {name} is not {_HASH_LENGTH} characters of its alphabet"
    if not MIN_COST <= int(cost) <= MAX_COST:
        return f"the bcrypt hash of {name} has cost {cost}; accepted: {MIN_COST} to {MAX_COST}"
    return ""
