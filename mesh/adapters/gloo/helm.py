"""Values of Gloo's Helm chart: what reaches which connection."""

from collections.abc import Iterator
from typing import Final

from mesh.adapters.common.embedded import Lift, embedded, lifting
from mesh.bundle import Field
from mesh.configuration.keepalive import KeepaliveFields, keepalive_findings
from mesh.findings import Finding
from mesh.foreign import PROXIES, is_gloo_values
from mesh.manifests import read_documents
from mesh.world import Check, World

CHARTS: Final = ((PROXIES,), ("gloo", PROXIES))
"""Where the proxies are: in the values of Gloo's own chart, and of one that has it within."""


def static(world: World) -> Iterator[Finding]:
    """MT1507 and MT1916 to MT1920: static clusters that the chart's value does not reach (T27)."""
    for values, lift in _values(world):
        for steps in CHARTS:
            for name, proxy in values.at(*steps).entries():
                for cluster in proxy.at("envoyStaticClusters").items():
                    yield from map(lift, _probed(world, name, cluster))


def _probed(world: World, proxy: str, cluster: Field) -> Iterator[Finding]:
    block = cluster.at("upstream_connection_options", "tcp_keepalive")
    if block.exists:
        times = (block.at(f"keepalive_{each}") for each in ("time", "interval", "probes"))
        time, interval, probes = times
        yield from keepalive_findings(
            world, KeepaliveFields(time=time, interval=interval, probes=probes, unit="seconds")
        )
    else:
        message = f"tcpKeepaliveTimeSeconds does not reach {cluster.at('name').shown} of {proxy}."
        yield cluster.finding("MT1507", message)


def _values(world: World) -> Iterator[tuple[Field, Lift]]:
    for values in _placed(world):
        yield values, lifting(values)
    for source in _sources(world):
        yield from _text(source.at("helm", "values"))


def _placed(world: World) -> Iterator[Field]:
    """Values in files of their own, in Flux's HelmReleases, in Argo CD's Applications, and as text in ConfigMaps."""
    for item in world.bundle.items:
        if is_gloo_values(item.root.mapping):
            yield item.root
    for item in world.bundle.of("helm.toolkit.fluxcd.io", "HelmRelease"):
        yield item.at("spec", "values")
    for source in _sources(world):
        yield source.at("helm", "valuesObject")
    yield from map(Field.root, embedded(world.bundle, [f"{PROXIES}:"]))


def _sources(world: World) -> Iterator[Field]:
    """The sources of Argo CD's Applications."""
    for item in world.bundle.of("argoproj.io", "Application"):
        yield from (item.at("spec", "source"), *item.at("spec", "sources").items())


def _text(place: Field) -> Iterator[tuple[Field, Lift]]:
    """Values in a text that is no ConfigMap's: findings belong to the text as a whole."""
    if place.text is None or f"{PROXIES}:" not in place.text:
        return
    for document in read_documents(place.text, place.document.source)[0]:
        yield Field.root(document), lambda found: place.finding(found.code, found.message, remedy=found.remedy)


CHECKS: Final[tuple[Check, ...]] = (static,)
"""The check of this file."""
