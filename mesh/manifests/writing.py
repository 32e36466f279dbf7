"""Writing a manifest as YAML that this reader and Kubernetes read back as the same data."""

from collections.abc import Mapping
from typing import Any, Final

import yaml

from mesh.manifests.scalars import HINTS, MERGE, ScalarError, resolve

_BASE: Final[Any] = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper

LINE_WIDTH: Final = 2**20
"""Characters before a line is folded: never, in effect, since folded text is hard to compare and to search."""


class _Dumper(_BASE):  # type: ignore[misc]  # the base is chosen at import
    """PyYAML's dumper with the strings of scalars.py in quotes, and without anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # PyYAML's signature
        return True


def needs_quotes(text: str) -> bool:
    """Whether `text`, written plainly, would be read as something else than this string."""
    if text == MERGE or not text:
        return True
    if text[0] not in HINTS:
        return False
    try:
        return not isinstance(resolve(text), str)
    except ScalarError:
        return True


def write_document(data: Mapping[str, Any]) -> str:
    """Return `data` as one YAML document in block style, keys in their own order, ending with a line break.

    Values are dict, list, str, int, float, bool and None; anything else raises yaml.YAMLError.
    """
    text: str = yaml.dump(
        data, Dumper=_Dumper, default_flow_style=False, sort_keys=False, allow_unicode=True, width=LINE_WIDTH
    )
    return text


def write_inline(value: Any) -> str:
    """Return `value` as YAML in one line, fit to stand between braces; values as above."""
    text: str = yaml.dump({"k": value}, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=LINE_WIDTH)
    return text.rstrip("\n").removeprefix("{k: ").removesuffix("}")


def _represent_text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else '"' if needs_quotes(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
