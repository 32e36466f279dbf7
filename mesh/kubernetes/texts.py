"""Where Kubernetes takes text only, and YAML makes something else of what is written."""

from collections.abc import Iterator
from typing import Final

from mesh.bundle import Field, Item, workloads
from mesh.configuration.settings import meant
from mesh.findings import Finding
from mesh.world import Check, World

MAPPED: Final = (("metadata", "labels"), ("metadata", "annotations"))
"""Mappings of texts that every object may have, and every pod."""


def texts(world: World) -> Iterator[Finding]:
    """MT1819: arguments, variables, settings, labels and annotations that are no texts."""
    for item in world.bundle.items:
        yield from _odd(item, _mapped(item.root))
    for item in world.bundle.of("", "ConfigMap"):
        yield from _odd(item, _others(item.at("data")))
    for workload in workloads(world.bundle):
        if workload.item.kind != "Pod":
            yield from _odd(workload.item, _mapped(workload.pod))
        for container in (*workload.containers(), *workload.pod.at("spec", "initContainers").items()):
            words = (*container.at("command").items(), *container.at("args").items())
            yield from _odd(workload.item, words, listed=True)
            yield from _odd(workload.item, (each.at("value") for each in container.at("env").items()))


def _mapped(root: Field) -> Iterator[Field]:
    for steps in MAPPED:
        yield from _others(root.at(*steps))


def _others(pairs: Field) -> Iterator[Field]:
    """The values of a mapping that are no texts: hardly ever one, so that the others cost nothing."""
    return (pairs.at(key) for key, value in pairs.mapping.items() if not isinstance(value, str))


def _odd(item: Item, places: Iterator[Field] | tuple[Field, ...], *, listed: bool = False) -> Iterator[Finding]:
    """The places without text; nothing at all is none, but in a list."""
    for place in places:
        if place.text is None and (place.exists or listed):
            message = f"{place.name} is {place.shown}, not text, in {item.ref}."
            name = "-" if listed else f"{place.path[-1]}:"
            yield place.finding("MT1819", message, remedy=f'Write it in quotes: {name} "{meant(place) or ""}".')


CHECKS: Final[tuple[Check, ...]] = (texts,)
"""The check of this file."""
