"""Manifests that the tests of this folder share."""

from pathlib import Path

from stores.model import ObjectKey

APP = """\
# the application {name}
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {name}   # its name
  namespace: {namespace}
spec:
  project: {project}
"""

UID = "00000000-0000-4000-8000-{number:012d}"


def app(
    name: str = "web", namespace: str = "agent-a", *, project: str = "default", uid: str = "", more: str = ""
) -> str:
    """Return the text of an Application."""
    text = APP.format(name=name, namespace=namespace, project=project)
    if uid:
        text = text.replace("spec:\n", f"  uid: {uid}\nspec:\n")
    return text + more


def key(name: str = "web", namespace: str = "agent-a", kind: str = "Application") -> ObjectKey:
    """Return the key of an Application."""
    return ObjectKey(kind, namespace, name)


def put(path: Path, text: str) -> None:
    """Write a file as careful editors do: beside, then renamed over."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.edit")
    beside.write_text(text)
    beside.replace(path)


def names_in(folder: Path) -> list[str]:
    """Return the names in a folder, hidden ones too, sorted."""
    return sorted(path.name for path in folder.iterdir())
