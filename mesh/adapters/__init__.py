"""The adapters, by name: Istio, Linkerd, Envoy, kgateway, Gloo Gateway, agentgateway.

`ADAPTERS["istio"].generate(intent)` and `.verify(intent, manifests)`. An adapter is a module here, of its own name,
with an `ADAPTER`; it is imported when it is first asked for, since some need libraries that take half a second.
"""

import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from typing import Final

from mesh.adapters.base import Adapter

__all__ = ["ADAPTERS", "NAMES", "Adapter"]

NAMES: Final = ("istio", "linkerd", "envoy", "kgateway", "gloo", "agentgateway")
"""Every adapter there is, in the order in which they are listed to people."""


class _Adapters(Mapping[str, Adapter]):
    """The adapters by name."""

    def __getitem__(self, name: str) -> Adapter:
        if name not in NAMES:
            raise KeyError(name)
        adapter: Adapter = importlib.import_module(f"mesh.adapters.{name}").ADAPTER
        return adapter

    def __iter__(self) -> Iterator[str]:
        return (name for name in NAMES if _is_there(name))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _is_there(name: str) -> bool:
    spec = importlib.util.find_spec(f"mesh.adapters.{name}")
    return spec is not None and spec.origin is not None


ADAPTERS: Final[Mapping[str, Adapter]] = _Adapters()
"""Every adapter by name."""
