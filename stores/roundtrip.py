"""The second way of editing a document: ruamel.yaml's round trip, which keeps comments, order and anchors.

It takes flow style, anchors and merge keys, but may move white space, and is slow; so it comes after editing.py.
"""

import io
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from mesh.manifests import needs_quotes
from stores.editing import DeclinedError
from stores.values import same

LINE_WIDTH: Final = 2**20
"""Characters before a line is folded: never, in effect."""

_FAILURES: Final = (
    YAMLError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What ruamel.yaml raises on texts that it does not take; the text may be fit for Kubernetes all the same."""


def round_trip(text: str, old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return the text of one document, whose data is `old`, changed so that it says `new`; DeclinedError."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = LINE_WIDTH
    yaml.indent(mapping=2, sequence=_sequence_indent(text), offset=_sequence_indent(text) - 2)
    out = io.StringIO()
    try:
        tree = yaml.load(text)
        _merge(tree, old, new)
        yaml.dump(tree, out)
    except _FAILURES as error:
        raise DeclinedError from error
    written = out.getvalue()
    return written.replace("\n", "\r\n") if "\r\n" in text else written


def _sequence_indent(text: str) -> int:
    """How far the first list of the text stands behind its key: 4 when its dashes are indented, else 2."""
    before = ""
    for line in text.split("\n"):
        stripped = line.lstrip(" ")
        if stripped.startswith("- ") and before.rstrip().endswith(":"):
            return 4 if len(line) - len(stripped) > len(before) - len(before.lstrip(" ")) else 2
        if stripped:
            before = line
    return 2


def _merge(tree: Any, old: dict[str, Any], new: dict[str, Any]) -> None:
    for key in [key for key in old if key not in new]:
        del tree[key]
    for key, value in new.items():
        if key in old and same(old[key], value):
            continue
        if key in old and isinstance(old[key], dict) and isinstance(value, dict) and old[key] and value:
            _merge(tree[key], old[key], value)
        elif key in old and _is_same_shape(old[key], value):
            for position, (before, after) in enumerate(zip(old[key], value, strict=True)):
                if not same(before, after):
                    _merge(tree[key][position], before, after)
        else:
            tree[key] = _fresh(value)


def _is_same_shape(old: Any, new: Any) -> bool:
    if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
        return False
    return all(
        same(before, after) or (isinstance(before, dict) and isinstance(after, dict))
        for before, after in zip(old, new, strict=True)
    )


def _fresh(value: Any) -> Any:
    if isinstance(value, dict):
        return {_fresh(key): _fresh(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_fresh(item) for item in value]
    if isinstance(value, str):
        if "\n" in value:
            return LiteralScalarString(value)
        return DoubleQuotedScalarString(value) if needs_quotes(value) else value
    return value
