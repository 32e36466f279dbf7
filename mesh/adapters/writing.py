"""Generated manifests as YAML with comments, the same bytes every time.

A small writer of its own, since PyYAML's knows no comments: block style, keys in their own order, a comment above the
field that it is about. The test reads everything back.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mesh.manifests import write_document, write_inline

Path = tuple[str | int, ...]
"""Keys, and positions in lists, from the document's root."""

COMMENT_WIDTH: Final = 100
"""Columns that a comment fills, its indentation apart."""

_STEP: Final = "  "


def write_commented(data: Mapping[str, Any], comments: Mapping[Path, str]) -> str:
    """`data` as a YAML document in block style, ending with a line break, with comments above fields.

    `comments` holds them by the path of the field; that of `()` stands at the top. Values are dict, list, tuple, str,
    int, float, bool and None. KeyError for a comment on a path that is not in `data`.
    """
    pending = dict(comments)
    lines = [*_comment(pending.pop((), None), ""), *_mapping(data, (), "", pending)]
    if pending:
        raise KeyError(f"comments on fields that are not there: {sorted(map(str, pending))}")
    return "\n".join(lines) + "\n"


def fitting(comments: Mapping[Path, str], data: Mapping[str, Any]) -> dict[Path, str]:
    """Those of `comments` whose fields are in `data`: some fields are written for some intents only."""
    return {path: text for path, text in comments.items() if _has(data, path)}


def _has(data: Any, path: Path) -> bool:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError):
            return False
    return True


def _mapping(data: Mapping[str, Any], path: Path, indent: str, comments: dict[Path, str]) -> Iterator[str]:
    for key, value in data.items():
        at = (*path, key)
        yield from _comment(comments.pop(at, None), indent)
        yield from _entry(f"{indent}{_scalar(key)}:", value, at, indent, comments)


def _sequence(data: list[Any], path: Path, indent: str, comments: dict[Path, str]) -> Iterator[str]:
    for position, value in enumerate(data):
        at = (*path, position)
        yield from _comment(comments.pop(at, None), indent)
        if isinstance(value, Mapping) and value:
            # The first key stands on the dash's line; a comment on it stands above the dash.
            yield from _comment(comments.pop((*at, next(iter(value))), None), indent)
            inner = list(_mapping(value, at, indent + _STEP, comments))
            yield f"{indent}- {inner[0][len(indent) + len(_STEP) :]}"
            yield from inner[1:]
        elif isinstance(value, list | tuple) and value:
            # A list in a list stands deeper, unlike one under a key.
            yield f"{indent}-"
            yield from _sequence(list(value), at, indent + _STEP, comments)
        else:
            yield from _entry(f"{indent}-", value, at, indent, comments)


def _entry(start: str, value: Any, path: Path, indent: str, comments: dict[Path, str]) -> Iterator[str]:
    """The value behind `start`: in its line when it is a scalar, below it otherwise."""
    if isinstance(value, Mapping) and value:
        yield start
        yield from _mapping(value, path, indent + _STEP, comments)
    elif isinstance(value, list | tuple) and value:
        yield start
        yield from _sequence(list(value), path, indent, comments)
    elif isinstance(value, str) and _fits_block(value):
        yield f"{start} |{'' if value.endswith(chr(10)) else '-'}"
        yield from (f"{indent}{_STEP}{line}" if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        plain = {} if isinstance(value, Mapping) else [] if isinstance(value, list | tuple) else value
        yield f"{start} {_scalar(plain)}"


def _scalar(value: Any) -> str:
    """`value` in one line; without the quotes that only stand in the way between braces."""
    if isinstance(value, str) and value.isprintable():
        return write_document({"k": value}).removeprefix("k: ").removesuffix("\n")
    return write_inline(value)


def _fits_block(text: str) -> bool:
    """Whether `text` can stand behind a `|` as it is: some lines, printable, no spaces or breaks at its ends."""
    body = text.removesuffix("\n")
    return "\n" in text and body == body.strip() and all(each.isprintable() for each in body.split("\n"))


def _comment(text: str | None, indent: str) -> Iterator[str]:
    if text is None:
        return
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > COMMENT_WIDTH:
            yield f"{indent}# {line}"
            line = ""
        line = f"{line} {word}" if line else word
    yield f"{indent}# {line}"
