"""Manifests against the ones that the intent would give: which object is missing, and which field says something else.

For systems whose objects are few and fixed. What is wrong with a field in itself is for checks of its own.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from mesh.adapters.base import Generated
from mesh.bundle import Field, Item, same_namespace
from mesh.bundle.fields import shown
from mesh.findings import Finding, Level, missing
from mesh.intent import Intent
from mesh.world import Check, World

ELSEWHERE: Final = frozenset({"tcpKeepalive", "keepalive", "keepalives", "socketOptions"})
"""Fields that mesh.configuration.keepalive compares with the intent."""

_TARGETS: Final = ("spec", "targetRefs")


def intended(
    generate: Callable[[Intent], Iterable[Generated]],
    *,
    optional: Collection[str] = (),
    skip: Collection[str] = ELSEWHERE,
) -> Check:
    """A check for MT1816 and MT1817 about the objects of `generate`; `optional` are kinds of which less is made."""

    def check(world: World) -> Iterator[Finding]:
        if world.intent is None:
            return
        for wanted in generate(world.intent):
            item = counterpart(world, wanted)
            if item is None:
                level = Level.INFO if wanted.ref.kind in optional else None
                yield missing("MT1816", wanted.ref, f"{wanted.ref} is not among the manifests.", level=level)
                continue
            yield from _compared(item.root, {k: v for k, v in wanted.data.items() if k != "metadata"}, skip)

    return check


def counterpart(world: World, wanted: Generated) -> Item | None:
    """The object that stands for `wanted`: of its name, or a policy of its kind with the same targets."""
    group = wanted.ref.api_version.rpartition("/")[0]
    kind, namespace = wanted.ref.kind, wanted.ref.namespace
    named = world.bundle.get(group, kind, namespace=namespace, name=wanted.ref.name)
    targets = wanted.data.get("spec", {}).get("targetRefs")
    if named is not None or targets is None:
        return named
    for item in world.bundle.of(group, kind):
        if same_namespace(item.namespace, namespace) and item.at(*_TARGETS).value == targets:
            return item
    return None


def _compared(at: Field, wanted: Any, skip: Collection[str]) -> Iterator[Finding]:
    if isinstance(wanted, Mapping) and wanted:
        for key, value in wanted.items():
            if key not in skip:
                yield from _compared(at.at(key), value, skip)
    elif isinstance(wanted, list) and wanted:
        for position, value in enumerate(wanted):
            yield from _compared(_member(at, value, position), value, skip)
    elif not _same(at, wanted):
        name = at.path[-1] if at.path and isinstance(at.path[-1], str) else at.name
        message = f"{at.name} is {at.shown}; the intent has {shown(wanted)}."
        yield at.finding("MT1817", message, remedy=f"Write {name}: {shown(wanted)}.")


def _member(at: Field, wanted: Any, position: int) -> Field:
    """The member of a list that stands for `wanted`: the same, or one of its name, or the one in its place."""
    members = list(at.items())
    for member in members:
        if member.value == wanted:
            return member
    name = wanted.get("name") if isinstance(wanted, Mapping) else None
    for member in members:
        if name is not None and member.at("name").value == name:
            return member
    return at.at(position)


def _same(at: Field, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return at.boolean == wanted
    if isinstance(wanted, int):
        # Some fields take numbers as text too.
        return at.number == wanted or at.value == str(wanted)
    if isinstance(wanted, str):
        duration = Field(at.document, at.path, wanted).duration
        return at.text == wanted or (duration is not None and at.duration == duration)
    return bool(at.exists and at.value == wanted)
