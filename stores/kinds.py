"""The kinds of object that stores keep. One row for each; other kinds in a folder of manifests are passed over."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """How Kubernetes names one kind of object."""

    name: str
    """As in `kind:`."""
    plural: str
    """As in a URL; the directory store names its folders by it."""
    group: str
    """The API group; another kind may have the same name in another group."""
    version: str
    """The version written into new objects."""

    @property
    def api_version(self) -> str:
        """As in `apiVersion:`."""
        return f"{self.group}/{self.version}"


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind("Application", "applications", "argoproj.io", "v1alpha1"),
        Kind("AppProject", "appprojects", "argoproj.io", "v1alpha1"),
    )
}
"""By name. Any version of the group is read."""


def find_kind(api_version: str, name: str) -> Kind | None:
    """Return the kind that a manifest with this `apiVersion` and `kind` is of, or None if stores do not keep it."""
    kind = KINDS.get(name)
    group, _, version = api_version.partition("/")
    return kind if kind is not None and group == kind.group and version else None
