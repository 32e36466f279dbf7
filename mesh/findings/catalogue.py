"""All codes, put together from the rooms' own files."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from mesh.findings import agentgateway, config, envoy, general, gloo, istio, kgateway, kubernetes, linkerd, schema
from mesh.findings.model import Code

RANGES: Final[tuple[tuple[str, tuple[Code, ...]], ...]] = (
    ("MT10", general.CODES),
    ("MT11", istio.CODES),
    ("MT12", linkerd.CODES),
    ("MT13", envoy.CODES),
    ("MT14", kgateway.CODES),
    ("MT15", gloo.CODES),
    ("MT16", agentgateway.CODES),
    ("MT17", schema.CODES),
    ("MT18", kubernetes.CODES),
    ("MT19", config.CODES),
)
"""How the codes of a room begin, and its codes in order."""


def assemble(ranges: tuple[tuple[str, tuple[Code, ...]], ...]) -> Mapping[str, Code]:
    """The codes by name; ValueError when one is outside its room's range, out of order, or there twice."""
    codes: dict[str, Code] = {}
    for prefix, members in ranges:
        names = [each.code for each in members]
        if names != sorted(set(names)):
            raise ValueError(f"the codes of {prefix}xx are not in order, or one is there twice")
        if any(not name.startswith(prefix) for name in names):
            raise ValueError(f"a code outside {prefix}xx is listed there")
        codes.update((each.code, each) for each in members)
    return MappingProxyType(codes)


CATALOGUE: Final[Mapping[str, Code]] = assemble(RANGES)
"""Every code there is or was."""
