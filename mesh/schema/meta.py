"""Kubernetes' rules for metadata, which no CRD writes down."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from mesh.names import LABEL_RULE, SUBDOMAIN_RULE, is_dns1123_label, is_dns1123_subdomain
from mesh.schema.checking import TYPE_NAMES
from mesh.schema.names import is_label_value, is_qualified_name
from mesh.schema.problems import MAX_PROBLEMS, Kind, Problem, show

MAX_ANNOTATIONS: Final = 256 * 1024
"""Bytes that all annotations of an object may have together (apimachinery, validation.TotalAnnotationSizeLimitB)."""

KEY_RULE: Final = (
    "up to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, perhaps behind a DNS "
    "subdomain and '/'"
)
VALUE_RULE: Final = (
    "nothing, or up to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"
)


def check_metadata(data: Mapping[str, Any]) -> list[Problem]:
    """Return what the API server has against the metadata of an object."""
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        return [] if metadata is None else [_problem(("metadata",), metadata, "accepted: a mapping")]
    found: list[Problem] = []
    for key, fits, rule in (
        ("name", is_dns1123_subdomain, SUBDOMAIN_RULE),
        ("generateName", _is_prefix, f"{SUBDOMAIN_RULE}; it may end with '-'"),
        ("namespace", is_dns1123_label, LABEL_RULE),
    ):
        value = metadata.get(key)
        if value is not None and not (isinstance(value, str) and fits(value)):
            found.append(_problem(("metadata", key), value, f"accepted: {rule}"))
    found += _check_texts(metadata, "labels", is_label_value, VALUE_RULE)
    found += _check_texts(metadata, "annotations", lambda _: True, "")
    return found[:MAX_PROBLEMS]


def _is_prefix(text: str) -> bool:
    return is_dns1123_subdomain(f"{text}a")


def _check_texts(metadata: Mapping[str, Any], key: str, fits: Callable[[str], bool], rule: str) -> list[Problem]:
    texts = metadata.get(key)
    if texts is None:
        return []
    if not isinstance(texts, dict):
        return [_problem(("metadata", key), texts, "accepted: a mapping of texts")]
    found: list[Problem] = []
    for name, value in texts.items():
        path = ("metadata", key, name)
        if not isinstance(value, str):
            kind = TYPE_NAMES.get(type(value), "null")
            remedy = f"accepted: text; {kind}s need quotes here: {show(str(show(value)))}"
            found.append(_problem(path, value, remedy))
        elif not fits(value):
            found.append(_problem(path, value, f"accepted: {rule}"))
        if not is_qualified_name(name.lower()):
            found.append(_problem(path, name, f"accepted as a key: {KEY_RULE}"))
        if len(found) >= MAX_PROBLEMS:
            break
    if key == "annotations" and not found and sum(map(len, texts)) + sum(map(len, texts.values())) > MAX_ANNOTATIONS:
        found.append(
            Problem(Kind.META, "Too long", f"may not be more than {MAX_ANNOTATIONS} bytes", steps=[key, "metadata"])
        )
    return found


def _problem(path: tuple[str, ...], value: Any, remedy: str) -> Problem:
    detail = remedy.partition("; ")[0].replace("accepted", "must be", 1).replace("must be:", "must be")
    return Problem(Kind.META, f"Invalid value: {show(value)}", detail, remedy=remedy, steps=list(reversed(path)))
