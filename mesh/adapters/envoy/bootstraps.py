"""Envoy's bootstraps among manifests: files of their own, or texts in ConfigMaps; and their parts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from mesh.adapters.common.embedded import embedded
from mesh.adapters.envoy.facts import CLIENT_TLS, MANAGER, SECRET, SERVER_TLS, TCP_PROXY, UPSTREAM_HTTP
from mesh.adapters.envoy.fields import get, is_of, items, number, typed
from mesh.bundle import Bundle, Field
from mesh.configuration.tls import LOOPBACK
from mesh.findings import Document
from mesh.foreign import BOOTSTRAP, is_bootstrap, is_dumped_bootstrap, is_envoy_dump, is_secret_file


@dataclass(frozen=True)
class Bootstrap:
    """One Envoy's configuration."""

    root: Field

    @cached_property
    def node(self) -> str:
        """What the Envoy is called."""
        return get(self.root, "node", "id").text or "the Envoy"

    @cached_property
    def contexts(self) -> list[Field]:
        """Every TLS context: of chains, then of clusters."""
        found = [each.tls for each in self.chains] + [each.tls for each in self.clusters]
        return [each for each in found if each is not None]

    @cached_property
    def clusters(self) -> list["Cluster"]:
        """The clusters."""
        return [Cluster(self, each) for each in items(self.root, "static_resources", "clusters")]

    @cached_property
    def chains(self) -> list["Chain"]:
        """Every filter chain of every listener."""
        return [
            Chain(self, listener, chain)
            for listener in items(self.root, "static_resources", "listeners")
            for chain in (*items(listener, "filter_chains"), get(listener, "default_filter_chain"))
            if chain.exists
        ]


@dataclass(frozen=True)
class Cluster:
    """Where an Envoy sends what it takes."""

    bootstrap: Bootstrap
    field: Field

    @property
    def name(self) -> str | None:
        """By which routes name it."""
        return self.field.at("name").text

    @property
    def title(self) -> str:
        """The cluster, for messages."""
        return f"the cluster {self.field.at('name').shown} of {self.bootstrap.node}"

    @cached_property
    def tls(self) -> Field | None:
        """What it says in TLS to the other end; None: plaintext."""
        return typed(get(self.field, "transport_socket"), CLIENT_TLS)

    @cached_property
    def options(self) -> Field:
        """Its HTTP options."""
        return get(self.field, "typed_extension_protocol_options").at(UPSTREAM_HTTP)

    @cached_property
    def http2(self) -> Field:
        """Its HTTP/2 options, if HTTP/2 is what it speaks."""
        stated = get(self.options, "explicit_http_config", "http2_protocol_options")
        former = get(self.field, "http2_protocol_options")
        return former if former.exists and not stated.exists else stated

    @cached_property
    def endpoints(self) -> list[Field]:
        """The addresses of its endpoints."""
        return [
            get(endpoint, "endpoint", "address")
            for locality in items(self.field, "load_assignment", "endpoints")
            for endpoint in items(locality, "lb_endpoints")
        ]

    @property
    def is_near(self) -> bool:
        """Whether all of its endpoints are on the same machine."""
        return bool(self.endpoints) and all(map(is_near, self.endpoints))


@dataclass(frozen=True)
class Chain:
    """What a listener does with one kind of connection."""

    bootstrap: Bootstrap
    listener: Field
    field: Field

    @property
    def name(self) -> str:
        """The listener, for messages."""
        return f"the listener {self.listener.at('name').shown} of {self.bootstrap.node}"

    @cached_property
    def manager(self) -> Field | None:
        """Its HTTP connection manager."""
        return self._filter(MANAGER)

    @cached_property
    def proxy(self) -> Field | None:
        """Its TCP proxy."""
        return self._filter(TCP_PROXY)

    def _filter(self, name: str) -> Field | None:
        found = (typed(each, name) for each in items(self.field, "filters"))
        return next((each for each in found if each is not None), None)

    @cached_property
    def tls(self) -> Field | None:
        """What it asks in TLS of whoever connects; None: plaintext."""
        return typed(get(self.field, "transport_socket"), SERVER_TLS)

    @property
    def is_near(self) -> bool:
        """Whether only the same machine reaches it."""
        return is_near(get(self.listener, "address"))

    @cached_property
    def routes(self) -> list[Field]:
        """The routes of its connection manager."""
        if self.manager is None:
            return []
        return [
            route for host in items(self.manager, "route_config", "virtual_hosts") for route in items(host, "routes")
        ]

    @cached_property
    def clusters(self) -> list[Cluster]:
        """The clusters to which it leads."""
        names = [get(each, "route", "cluster").text for each in self.routes]
        names += [get(self.proxy, "cluster").text] if self.proxy is not None else []
        return [each for each in self.bootstrap.clusters if each.name is not None and each.name in names]

    @property
    def leads_on(self) -> bool:
        """Whether it leads to another Envoy."""
        return any(each.tls is not None for each in self.clusters)

    @property
    def role(self) -> str:
        """`principal` in front of the principal, `agent` behind the agent, `gateway` between Envoys; else nothing."""
        if self.tls is not None:
            return "gateway" if self.leads_on else "principal"
        return "agent" if self.leads_on else ""


def is_near(address: Field) -> bool:
    """Whether an address is of the same machine: loopback, or a socket in the file system."""
    if get(address, "pipe").exists:
        return True
    return get(address, "socket_address", "address").text in LOOPBACK


def port_of(address: Field) -> int | None:
    """The port of an address."""
    return number(get(address, "socket_address", "port_value"))


def dumped(file: Document) -> Iterator[Field]:
    """The bootstraps in what running Envoys say of themselves."""
    if is_envoy_dump(file.data):
        configs = Field.root(file).at("configs").items()
        yield from (each.at("bootstrap") for each in configs if is_dumped_bootstrap(each.value))


def is_controlled(bootstrap: Field) -> bool:
    """Whether an Envoy has its listeners and clusters from a control plane, so that they are not in its bootstrap."""
    resources = get(bootstrap, "dynamic_resources")
    return any(get(resources, name).exists for name in ("lds_config", "cds_config", "ads_config"))


def bootstraps(files: Iterable[Document], bundle: Bundle) -> Iterator[Bootstrap]:
    """The bootstraps in `files`, of running Envoys too, and those in ConfigMaps."""
    for file in files:
        if is_bootstrap(file.data):
            yield Bootstrap(Field.root(file))
        yield from (Bootstrap(each) for each in dumped(file) if not is_controlled(each))
    for each in embedded(bundle, BOOTSTRAP):
        if is_bootstrap(each.data):
            yield Bootstrap(Field.root(each))


def secrets(files: Iterable[Document]) -> Iterator[Field]:
    """Every secret in files of secrets."""
    for each in files:
        if is_secret_file(each.data):
            yield from (resource for resource in items(Field.root(each), "resources") if is_of(resource, SECRET))
