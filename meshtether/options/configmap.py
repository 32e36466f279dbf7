"""Reads settings from a file: a ConfigMap manifest, alone or among other documents, or plain YAML with flat keys."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mesh.manifests import MAX_TEXT, Manifest, decode_text, expand_lists, read_documents
from meshtether.options.model import Component, Notice, Option, Problem
from meshtether.options.nearest import nearest
from meshtether.options.table import KEYS

PREFIXES: Final = ("principal.", "agent.", "meshtether.")
"""What our keys begin with; of several ConfigMaps in one file, those with such a key are ours."""

MAX_BYTES: Final = 4 * MAX_TEXT
"""Bytes that are read of a file: as many as the longest text that mesh.manifests takes can have in UTF-8."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key that an option answers to."""

    option: Option
    key: str
    text: str
    place: str
    """`file:line`"""


@dataclass(slots=True)
class ConfigFile:
    """What a file says."""

    entries: dict[str, Entry] = field(default_factory=dict)
    """By option name."""
    problems: list[Problem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def read_config_file(component: Component, path: Path) -> ConfigFile:
    """Read the file at `path`; what cannot be used is in the result's problems, never raised."""
    found = ConfigFile()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        found.problems.append(Problem(str(path), error.strerror or "cannot be read", "give a file that can be read"))
        return found
    text, faults = decode_text(data, str(path))
    if not faults:
        return read_config(component, text, str(path))
    found.problems += [Problem(str(path), fault.message, "save it as UTF-8") for fault in faults]
    return found


def read_config(component: Component, text: str, source: str) -> ConfigFile:
    """Read `text`, which came from `source`."""
    found = ConfigFile()
    manifests, faults = read_documents(text, source)
    documents, item_faults = expand_lists(manifests)
    faults += item_faults
    if faults:
        found.problems = [Problem(f"{fault.source}:{fault.line}", fault.message, "") for fault in faults]
        return found
    chosen = _settings(documents)
    if not chosen and documents:
        reason = "neither a ConfigMap nor plain `key: value` lines"
        found.problems.append(Problem(source, reason, _described(documents)))
    for manifest, path in chosen:
        _read_mapping(component, manifest, path, found)
    return found


def _settings(documents: list[Manifest]) -> list[tuple[Manifest, tuple[str, ...]]]:
    """Which documents hold settings, and the path of the mapping that they are in."""
    maps = [(each, ("data",)) for each in documents if each.data.get("kind") == "ConfigMap"]
    ours = [(each, path) for each, path in maps if any(map(_is_ours, _mapping(each.data.get("data"))))]
    plain = [(each, ()) for each in documents if "kind" not in each.data and "apiVersion" not in each.data]
    return [*(ours or maps), *plain]


def _is_ours(key: str) -> bool:
    return key.startswith(PREFIXES)


def _described(documents: Iterable[Manifest]) -> str:
    kinds = sorted({str(document.data.get("kind"))[:80] for document in documents})
    return f"it holds {', '.join(kinds)}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _read_mapping(component: Component, manifest: Manifest, path: tuple[str, ...], found: ConfigFile) -> None:
    data = manifest.data.get("data") if path else manifest.data
    if not isinstance(data, dict | None):
        found.problems.append(Problem(manifest.where_of(path), "the data of a ConfigMap is a mapping", ""))
    options = component.by_key()
    for key, value in _mapping(data).items():
        place = manifest.where_of((*path, key))
        option = options.get(key)
        if option is not None:
            _read_entry(option, key, value, place, found)
        elif key not in KEYS:
            found.notices.append(_unknown(key, place))


def _unknown(key: str, place: str) -> Notice:
    near = nearest(key, KEYS)
    facts = {"key": key, "at": place}
    return Notice("unknown ConfigMap key ignored", facts | ({"nearest": near} if near else {}))


def _read_entry(option: Option, key: str, value: Any, place: str, found: ConfigFile) -> None:
    what = f"ConfigMap key {key} at {place} (option {option.title})"
    text = _text(option, value)
    if text is None:
        kind = "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a fraction"
        found.problems.append(Problem(what, f"{kind} where a text is needed", f"accepted: {option.kind.accepted}"))
        return
    earlier = found.entries.get(option.name)
    if earlier is not None and earlier.text != text:
        reason = f"{option.shown(text)}, and the other way in {earlier.key} at {earlier.place}"
        found.problems.append(Problem(what, reason, "keep one of the two"))
        return
    found.entries.setdefault(option.name, Entry(option, key, text, place))


def _text(option: Option, value: Any) -> str | None:
    """The text of a YAML value; None for one that has none. ConfigMaps hold texts only, plain YAML may hold others."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case None:
            return ""
        case list() if option.kind.many and all(isinstance(item, str) for item in value):
            return option.kind.show(tuple(value))
        case _:
            return None
