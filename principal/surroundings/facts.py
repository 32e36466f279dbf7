"""What a principal sees of its surroundings. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from principal.surroundings.listeners import PROXIES

ISTIO_STATUS: Final = "sidecar.istio.io/status"
LINKERD_STATUS: Final = "linkerd.io/proxy-version"
"""Annotations that the injectors write into pods that got a sidecar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a principal sees of its surroundings."""

    said: Mapping[str, str]
    """The options that somebody has set, by name, as users write them."""
    namespace: str
    name: str
    """The pod's name, which is the host's."""
    uid: int | None
    """The user that the principal runs as; None where there are none."""
    labels: Mapping[str, str] | None
    annotations: Mapping[str, str] | None
    """Of the pod; None where the downward API tells nothing."""
    ports: frozenset[int] | None
    """Where others listen in our network namespace; None where nobody tells."""
    faults: tuple[str, ...] = ()
    """What could not be read of all this."""

    @property
    def sees_pod(self) -> bool:
        """Whether the pod's labels or annotations are known."""
        return self.labels is not None or self.annotations is not None

    @property
    def sidecar(self) -> str:
        """The sidecar that is to be seen, by who injected it or by where it listens: a mesh, `some`, or `none`."""
        annotations = self.annotations or {}
        if ISTIO_STATUS in annotations:
            return "istio"
        if LINKERD_STATUS in annotations:
            return "linkerd"
        known = [PROXIES[port] for port in sorted(self.ports or ()) if port in PROXIES]
        return known[0] if known else "some" if self.ports else "none"
