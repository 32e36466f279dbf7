"""From the one value of an identity header to the caller: who it is, and what its proxy wrote of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from mesh.identity.chain import describe, find_caller
from mesh.identity.element import XfccElement
from mesh.identity.forwarded import behind_gateways
from mesh.identity.header import LINKERD, XFCC
from mesh.identity.linkerd import LinkerdId, parse_client_id
from mesh.identity.options import IdentityOptions
from mesh.identity.spiffe import SpiffeId
from mesh.identity.verdict import Trail
from mesh.identity.xfcc import format_xfcc, parse_xfcc


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called, and the text that says so."""

    identity: SpiffeId | LinkerdId
    source: str | XfccElement
    """Where it stands: the whole value, or the one element of several that is the caller's."""

    @property
    def text(self) -> str:
        """The header without what gateways added to it: the caller's element as Envoy writes it, or its name."""
        return self.source if isinstance(self.source, str) else format_xfcc((self.source,))


def read_caller(header: str, value: str, *, forwarded: Sequence[str], options: IdentityOptions, trail: Trail) -> Caller:
    """Who `value` of `header` is, noted on `trail`; IdentityError when nobody, by the broken rule.

    `forwarded` is every value of the header Forwarded, which counts only behind a trusted Linkerd gateway.
    """
    if header == XFCC:
        caller = _from_xfcc(value, options, trail)
    else:
        caller = _from_name(header, value, forwarded, options, trail)
    trail.identity = str(caller.identity)
    trail.note("identity", str(caller.identity))
    return caller


def _from_xfcc(value: str, options: IdentityOptions, trail: Trail) -> Caller:
    elements = parse_xfcc(value)
    for place, element in enumerate(elements, start=1):
        trail.note(f"element {place} of {len(elements)}", describe(element))
    element, identity = find_caller(elements, options, trail)
    return Caller(identity, value if len(elements) == 1 else element)


def _from_name(header: str, value: str, forwarded: Sequence[str], options: IdentityOptions, trail: Trail) -> Caller:
    identity = parse_client_id(value)
    if header == LINKERD and identity in options.trusted_gateways:
        identity = behind_gateways(identity, forwarded, options, trail)
    return Caller(identity, str(identity))
