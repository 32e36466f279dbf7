"""Generated fields of Istio's objects that may be changed without a finding."""

from typing import Final

from mesh.adapters.base import Neutral

_BY_NAME: Final = "nothing refers to the object by its name"
_FEWER: Final = "pods may be selected by fewer labels than they have"

NEUTRAL: Final[tuple[Neutral, ...]] = (
    *(
        Neutral(kind=kind, path=("metadata", "name"), reason=_BY_NAME, changes=frozenset({"change"}))
        for kind in ("DestinationRule", "PeerAuthentication", "AuthorizationPolicy", "Sidecar", "EnvoyFilter")
    ),
    *(
        Neutral(kind=kind, path=("spec", *path, "*"), reason=_FEWER, changes=frozenset({"delete"}))
        for kind, path in (
            ("PeerAuthentication", ("selector", "matchLabels")),
            ("AuthorizationPolicy", ("selector", "matchLabels")),
            ("Sidecar", ("workloadSelector", "labels")),
            ("EnvoyFilter", ("workloadSelector", "labels")),
        )
    ),
    Neutral(
        kind="Service",
        path=("spec", "ports", "*", "appProtocol"),
        reason="the port's name says the same",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="AuthorizationPolicy",
        path=("spec", "action"),
        reason="a policy without an action is of ALLOW",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="DestinationRule",
        path=("spec", "trafficPolicy", "connectionPool", "http", "idleTimeout"),
        reason="without it 1h holds, which may be what is wanted",
        changes=frozenset({"delete"}),
    ),
    Neutral(
        kind="Sidecar",
        path=("spec", "ingress", "*", "port", "name"),
        reason="the port's protocol and number say all",
    ),
)
"""All of them."""
