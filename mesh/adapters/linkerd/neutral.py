"""Generated fields of Linkerd's objects that may be changed without a finding."""

from typing import Final

from mesh.adapters.base import Neutral

NEUTRAL: Final[tuple[Neutral, ...]] = (
    Neutral(
        kind="AuthorizationPolicy",
        path=("metadata", "name"),
        reason="nothing refers to the object by its name",
        changes=frozenset({"change"}),
    ),
    Neutral(
        kind="Server",
        path=("spec", "podSelector", "matchLabels", "*"),
        reason="pods may be selected by fewer labels than they have",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="Server",
        path=("spec", "proxyProtocol"),
        reason="without it the protocol is told by the first bytes, which HTTP/2 makes plain",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="Server",
        path=("spec", "accessPolicy"),
        reason="without it deny holds",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="Service",
        path=("spec", "ports", "*", "appProtocol"),
        reason="Linkerd tells HTTP/2 by its first bytes; the protocols that it would forward as bytes are found",
    ),
)
"""All of them."""
