"""Kustomizations: which files of a folder are patches and the like, no manifests of their own. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from mesh.manifests import read_documents

KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
"""What kustomize calls its file."""

_LISTS: Final = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "configurations", "openapi")
_GENERATORS: Final = ("configMapGenerator", "secretGenerator")


def parts_of(text: str, source: str) -> frozenset[str]:
    """The names of the files in its own folder that a kustomization uses as something else than resources."""
    manifests, _ = read_documents(text, source)
    return frozenset(name for manifest in manifests for name in _names(manifest.data) if "/" not in name)


def _names(data: Any) -> Iterator[str]:
    for key in _LISTS:
        value = data.get(key)
        for entry in value if isinstance(value, list) else [value]:
            path = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(path, str) and "\n" not in path:
                yield path.removeprefix("./")
    for key in _GENERATORS:
        for generator in data.get(key) if isinstance(data.get(key), list) else []:
            files = generator.get("files") if isinstance(generator, dict) else None
            for name in files if isinstance(files, list) else []:
                if isinstance(name, str):
                    yield name.rpartition("=")[2].removeprefix("./")
