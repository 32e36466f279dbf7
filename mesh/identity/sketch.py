"""What a caller that a regex was written for looks like: a guess from the regex's own literal text.

A start-up check needs one expected identity to vary. Whoever pins a trust domain or a namespace has written it in the
regex; what stands there as a class or a wildcard is free, and gets a default. The guess is then asked of the regex
itself, so a wrong one costs nothing but the check.
"""

import itertools
from collections.abc import Iterator

from mesh.identity.errors import IdentityError
from mesh.identity.linkerd import MARKER, LinkerdId
from mesh.identity.spiffe import SCHEME, SpiffeId

FREE = "*"
"""Stands in a sketch for whatever is not literal."""

AGENTS = ("agent-a", "agent-1", "agenta", "agent1")
"""Names to try for an agent: with letters, with digits, without a dash."""

TRUST_DOMAIN = "cluster.local"
NAMESPACE = "argocd"

_WILD = frozenset("*+?|{}")
_WIDTHLESS = frozenset("^$()")
"""Operators that match no text of their own."""


def sketch(pattern: str) -> str:
    """The regex `pattern` with everything but its literal text as FREE, runs of it as one."""
    pieces = [FREE if len(token) > 1 or token in _WILD else token for token in _tokens(pattern)]
    runs = (FREE if piece == FREE else "".join(run) for piece, run in itertools.groupby(pieces))
    return "".join(runs)


def spiffe_guesses(pattern: str) -> Iterator[SpiffeId]:
    """SPIFFE IDs for which `pattern` may have been written, the likeliest first."""
    _, scheme, rest = sketch(pattern).partition(SCHEME)
    literal = rest if scheme else ""
    for end in ";,\"'@":
        literal = literal.partition(end)[0]
    trust_domain, *segments = literal.split("/")
    for agent, fill in itertools.product(AGENTS, ("", "a")):
        path = [
            _filled(each, fill, NAMESPACE if before == "ns" else agent)
            for before, each in itertools.pairwise(["", *segments])
        ]
        yield from _valid_spiffe(f"{SCHEME}{_filled(trust_domain, fill, TRUST_DOMAIN)}/{'/'.join(path)}")
        yield from _valid_spiffe(f"{SCHEME}{TRUST_DOMAIN}/ns/{NAMESPACE}/sa/{agent}")


def linkerd_guesses(pattern: str) -> Iterator[LinkerdId]:
    """Linkerd names for which `pattern` may have been written, the likeliest first."""
    workload, _, mesh = sketch(pattern).partition(MARKER)
    _, dot, namespace = workload.strip(FREE).rpartition(".")
    control_plane, _, trust_domain = mesh.strip(FREE).partition(".")
    for agent in AGENTS:
        for parts in (
            (namespace if dot else "", control_plane, trust_domain),
            (namespace if dot else "", "", ""),
            ("", "", ""),
        ):
            defaults = (NAMESPACE, "linkerd", TRUST_DOMAIN)
            ns, plane, domain = (_filled(part, "", default) for part, default in zip(parts, defaults, strict=True))
            yield from _valid_linkerd(f"{agent}.{ns}{MARKER}{plane}.{domain}")


def _tokens(pattern: str) -> Iterator[str]:
    """The regex's pieces: a character for itself or for an operator, a word for a class, nothing for a group's ends."""
    at = 0
    while at < len(pattern):
        end = at + 1
        if pattern[at] == "\\":
            escaped = pattern[at + 1 : at + 2]
            end = at + 2
            # A backslash before a letter or digit is a class or an anchor; before anything else, that character.
            yield escaped if escaped and not escaped.isalnum() and escaped not in _WILD else "class"
        elif pattern[at] == "[":
            # A bracket right after the opening (or its ^) is a member of the class.
            close = pattern.find("]", at + 3 if pattern[at + 1 : at + 2] == "^" else at + 2)
            end = close + 1 if close > 0 else len(pattern)
            yield "class"
        elif pattern[at : at + 2] == "(?":
            # Flags or a group's name: up to what ends them.
            end = min((place for place in (pattern.find(each, at) for each in ">:)") if place > 0), default=at) + 1
            yield ""
        elif pattern[at] == "." and pattern[at + 1 : at + 2] in {"*", "+", "?", "{"}:
            yield "class"
        elif pattern[at] == "{":
            close = pattern.find("}", at)
            end = close + 1 if close > 0 else len(pattern)
            yield "count"
        elif pattern[at] in _WIDTHLESS:
            yield ""
        else:
            # A lone dot is most often meant for itself (`cluster.local`).
            yield pattern[at]
        at = end


def _filled(text: str, fill: str, default: str) -> str:
    """`text` with `fill` for what is free in it, or `default` when all of it is."""
    return text.replace(FREE, fill) if text.replace(FREE, "") else default


def _valid_spiffe(text: str) -> Iterator[SpiffeId]:
    try:
        yield SpiffeId.parse(text)
    except IdentityError:
        return


def _valid_linkerd(text: str) -> Iterator[LinkerdId]:
    try:
        yield LinkerdId.parse(text)
    except IdentityError:
        return
