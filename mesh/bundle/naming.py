"""Names: of objects in namespaces that may not be written, and of Services as they are dialled."""

from collections.abc import Iterable
from typing import Final

CLUSTER_SUFFIX: Final = ".svc.cluster.local"
"""How a Service's whole name ends, in a cluster with the usual DNS domain."""


def same_namespace(one: str, other: str) -> bool:
    """Whether two objects may be in one namespace; where one has none written, they may."""
    return one == other or not one or not other


def service_names(name: str, namespace: str, *, seen_from: str) -> frozenset[str]:
    """Every name under which the Service `name` in `namespace` can be dialled by a pod in `seen_from`."""
    long = f"{name}.{namespace}"
    names = {long, f"{long}.svc", f"{long}{CLUSTER_SUFFIX}", f"{long}{CLUSTER_SUFFIX}."}
    return frozenset(names | {name} if same_namespace(namespace, seen_from) else names)


def split_host(host: str, namespace: str) -> tuple[str, str]:
    """Name and namespace of the Service that `host` can be the name of, when it is dialled in `namespace`.

    The inverse of `service_names`. A host of any other form gives a namespace with dots, which none is called.
    """
    name, _, rest = host.removesuffix(".").removesuffix(CLUSTER_SUFFIX).removesuffix(".svc").partition(".")
    return name, rest or namespace


class Names:
    """Names in namespaces, asked by `same_namespace`'s rule without a look at each."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """`pairs` are names with their namespaces; empty when none is written."""
        self._pairs = frozenset(pairs)
        self._names = frozenset(name for name, _ in self._pairs)

    def __bool__(self) -> bool:
        return bool(self._pairs)

    def has(self, name: str, namespace: str) -> bool:
        """Whether `name` may be one of them, in `namespace`."""
        if not namespace:
            return name in self._names
        return (name, namespace) in self._pairs or (name, "") in self._pairs
