"""Lists: a document of `kind: List`, or of a typed list such as `ApplicationList`, stands for its items."""

from collections.abc import Iterable
from typing import Any, Final

from mesh.manifests.model import Fault, Manifest

LIST_SUFFIX: Final = "List"
"""How the kind of every list ends in Kubernetes."""


def expand_lists(manifests: Iterable[Manifest]) -> tuple[list[Manifest], list[Fault]]:
    """Return the manifests with each list replaced by its items, and a fault for each item that is no mapping.

    The items of a typed list need no kind and apiVersion of their own in Kubernetes; they get the list's.
    """
    found: list[Manifest] = []
    faults: list[Fault] = []
    for manifest in manifests:
        if not is_list(manifest.data):
            found.append(manifest)
            continue
        for position, item in enumerate(manifest.data["items"]):
            if isinstance(item, dict):
                found.append(_item(manifest, position, item))
            else:
                line = manifest.lines.of(("items", position))
                faults.append(Fault(manifest.source, line, f"items[{position}] of a List is a manifest, so a mapping"))
    return found, faults


def is_list(data: Any) -> bool:
    """Whether `data` is a list in the sense of Kubernetes: a kind that ends in `List`, and items."""
    kind = data.get("kind")
    return isinstance(kind, str) and kind.endswith(LIST_SUFFIX) and isinstance(data.get("items"), list)


def _item(manifest: Manifest, position: int, item: dict[str, Any]) -> Manifest:
    kind = manifest.data["kind"].removesuffix(LIST_SUFFIX)
    defaults = {"apiVersion": manifest.data.get("apiVersion"), "kind": kind} if kind else {}
    missing = {key: value for key, value in defaults.items() if key not in item and value is not None}
    within = (*manifest.within, "items", position)
    return Manifest(
        missing | item,
        manifest.source,
        manifest.lines.of(("items", position)),
        manifest.lines.below("items", position),
        manifest.start,
        manifest.end,
        manifest.outer_start,
        manifest.outer_end,
        within,
    )
