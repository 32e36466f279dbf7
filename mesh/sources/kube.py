"""Manifests and CRDs from a live cluster, through the official client. Nothing is ever written there.

Which kinds are read is in kinds.py. A kind that may not be listed is a finding, and the others are read; a cluster that
cannot be reached is one finding and no manifest.
"""

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp
import yaml
from kubernetes.aio import client, config

from mesh.manifests import Lines, Manifest
from mesh.schema.definitions import Definition, definitions_of
from mesh.sources.files import MAX_DOCUMENTS, MAX_NODES
from mesh.sources.kinds import Resource, is_ours, wanted_groups, wanted_resources
from mesh.sources.loaded import Loaded, count_nodes

PAGE: Final = 500
"""Objects that are asked for at once; kubectl's own number."""

MAX_PAGES: Final = 200
"""Pages of one list; more is a server that goes in circles."""

MAX_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of one answer. A page of objects of 1.5 MiB, the most that etcd takes, would be more; none is like that."""

TIMEOUT: Final = 30.0
"""Seconds for one answer."""

AT_ONCE: Final = 8
"""Lists that are read at the same time; API servers queue more than some tens of one user."""

_REASONS: Final = {
    401: "the API server does not accept the credentials",
    403: "the API server forbids it",
    404: "the API server does not know it",
    429: "the API server is too busy",
}


class ClusterError(Exception):
    """The cluster, or something in it, cannot be read."""


class Api(Protocol):
    """What is needed of an API server."""

    name: str
    """What messages call it."""

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """The JSON object at `path`; ClusterError."""


@dataclass(slots=True)
class Cluster:
    """What was read of a cluster."""

    loaded: Loaded = field(default_factory=Loaded)
    definitions: list[Definition] = field(default_factory=list)
    """CRDs of the kinds of which there are objects."""


def read_cluster(*, kubeconfig: Path | None, context: str | None, namespaces: Sequence[str]) -> Cluster:
    """Read the current cluster, or the one that `kubeconfig` and `context` name; all namespaces if none is given."""
    return asyncio.run(_read(kubeconfig, context, namespaces))


async def _read(kubeconfig: Path | None, context: str | None, namespaces: Sequence[str]) -> Cluster:
    async with AsyncExitStack() as stack:
        try:
            api = await open_api(kubeconfig, context, stack)
            return await read_objects(api, namespaces)
        except ClusterError as error:
            failed = Cluster()
            failed.loaded.say("MT1007", "", str(error))
            return failed


async def open_api(kubeconfig: Path | None, context: str | None, stack: AsyncExitStack) -> Api:
    """Return the API server that is configured, closed with `stack`; ClusterError."""
    settings = client.Configuration()
    settings.retries = False
    try:
        if kubeconfig is not None:
            # The client would tell of a file that it cannot read on stderr, and then miss what is not in it.
            kubeconfig.open("rb").close()
        if kubeconfig is None and context is None and not _has_default():
            config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        else:
            path = None if kubeconfig is None else str(kubeconfig)
            await config.load_kube_config(path, context, settings, persist_config=False)  # type: ignore[no-untyped-call]
    except _UNUSABLE as error:
        raise ClusterError(f"no cluster is configured: {_words(error)}") from None
    return _KubeApi(await stack.enter_async_context(client.ApiClient(settings)), str(settings.host))


_UNUSABLE: Final = (config.ConfigException, yaml.YAMLError, OSError, ValueError, TypeError, AttributeError, KeyError)
"""What loading a kubeconfig may raise: the client's loader takes the shape of what it reads for granted."""


def _has_default() -> bool:
    places = str(config.KUBE_CONFIG_DEFAULT_LOCATION).split(":")
    return any(Path(place).expanduser().is_file() for place in places if place)


class _KubeApi:
    """The official client, with a bound on time and size."""

    def __init__(self, api: client.ApiClient, host: str) -> None:
        self.name = host
        self._api = api

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """The JSON object at `path`; ClusterError."""
        request = await self._api.param_serialize(
            "GET",
            path,
            query_params=list(query.items()),
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
        )
        try:
            answer = await self._api.call_api(*request, _request_timeout=TIMEOUT)
            data = await _bounded(answer.response)
        except TimeoutError:
            raise ClusterError(f"{self.name} did not answer within {TIMEOUT:.0f} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ClusterError(f"{self.name} cannot be reached: {_words(error)}") from None
        if answer.status != 200:
            raise ClusterError(f"{_REASONS.get(answer.status, f'status {answer.status}')}: {_status(data)}")
        return _object(data, path)


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > MAX_ANSWER:
            response.close()
            raise ClusterError(f"an answer of more than {MAX_ANSWER} bytes")
    return bytes(data)


def _object(data: bytes, path: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ClusterError(f"the answer at {path} is no JSON object: this is no Kubernetes API server")
    return found


def _status(data: bytes) -> str:
    """What an API server says about a failure: the message of its Status, or the beginning of whatever came."""
    try:
        status = json.loads(data)
    except (ValueError, RecursionError):
        status = None
    if isinstance(status, dict) and isinstance(status.get("message"), str):
        return str(status["message"])
    return data[:200].decode("utf-8", "replace").strip() or "no reason given"


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error).strip() or type(error).__name__


async def read_objects(api: Api, namespaces: Sequence[str]) -> Cluster:
    """Read the kinds that the checks are about; ClusterError when the API server does not even list its groups."""
    cluster = Cluster()
    groups = [("", "v1"), *wanted_groups(await api.get("/apis"))]
    gate = asyncio.Semaphore(AT_ONCE)
    listings = await asyncio.gather(*(_resources(api, group, version, cluster, gate) for group, version in groups))
    resources = [resource for listing in listings for resource in listing]
    lists = await asyncio.gather(*(_objects(api, each, namespaces, cluster, gate) for each in resources))
    nodes = 0
    for resource, objects in zip(resources, lists, strict=True):
        for data in objects:
            nodes += count_nodes(data)
            if len(cluster.loaded.manifests) >= MAX_DOCUMENTS or nodes > MAX_NODES:
                message = f"more than {MAX_DOCUMENTS} objects or {MAX_NODES} values; the rest is not looked at"
                cluster.loaded.say("MT1006", api.name, message)
                return cluster
            cluster.loaded.manifests.append(_manifest(resource, data))
    defined = [each for each, objects in zip(resources, lists, strict=True) if objects and each.definition]
    found = await asyncio.gather(*(_definition(api, each, cluster, gate) for each in defined))
    cluster.definitions = [definition for definitions in found for definition in definitions]
    if not cluster.loaded.manifests and not cluster.loaded.findings:
        cluster.loaded.say("MT1008", api.name, "none of the kinds that the checks are about has an object there")
    return cluster


async def _resources(api: Api, group: str, version: str, cluster: Cluster, gate: asyncio.Semaphore) -> list[Resource]:
    base = f"/apis/{group}/{version}" if group else f"/api/{version}"
    try:
        async with gate:
            listing = await api.get(base)
    except ClusterError as error:
        cluster.loaded.say("MT1007", api.name, f"the kinds of {base} cannot be listed: {error}")
        return []
    return wanted_resources(group, version, listing)


async def _objects(
    api: Api, resource: Resource, namespaces: Sequence[str], cluster: Cluster, gate: asyncio.Semaphore
) -> list[dict[str, Any]]:
    scopes = namespaces if namespaces and resource.namespaced else ("",)
    found: list[dict[str, Any]] = []
    for namespace in scopes:
        try:
            async with gate:
                found += await _pages(api, resource.path(namespace))
        except ClusterError as error:
            where = f" of the namespace {namespace}" if namespace else ""
            cluster.loaded.say("MT1007", api.name, f"{resource.plural}.{resource.group or 'core'}{where}: {error}")
    chosen = set(namespaces)
    return [each for each in found if is_ours(resource.kind, each) and _is_chosen(resource, each, chosen)]


def _is_chosen(resource: Resource, data: dict[str, Any], chosen: set[str]) -> bool:
    """Whether an object is of the namespaces that the user chose; of namespaces themselves, those."""
    if resource.kind != "Namespace" or not chosen:
        return True
    metadata = data.get("metadata")
    return isinstance(metadata, dict) and metadata.get("name") in chosen


async def _pages(api: Api, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    position: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        page = await api.get(path, limit=str(PAGE), **position)
        items = page.get("items")
        found += [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []
        metadata = page.get("metadata")
        following = metadata.get("continue") if isinstance(metadata, dict) else None
        if not isinstance(following, str) or not following:
            return found
        position = {"continue": following}
    raise ClusterError(f"more than {MAX_PAGES} pages")


async def _definition(api: Api, resource: Resource, cluster: Cluster, gate: asyncio.Semaphore) -> list[Definition]:
    try:
        async with gate:
            data = await api.get(resource.definition)
    except ClusterError as error:
        cluster.loaded.say("MT1711", api.name, f"the CRD of {resource.plural}.{resource.group} cannot be read: {error}")
        return []
    return definitions_of([_document(data, f"{api.name}{resource.definition}")])


def _manifest(resource: Resource, data: dict[str, Any]) -> Manifest:
    """Return an object of a list, which lacks kind and apiVersion, as a manifest."""
    metadata = data.get("metadata")
    named: dict[str, Any] = metadata if isinstance(metadata, dict) else {}
    # Who set which field when is as long as all the rest, and no check asks for it.
    kept = {key: value for key, value in named.items() if key != "managedFields"}
    whole = {"apiVersion": resource.api_version, "kind": resource.kind, **data, "metadata": kept}
    namespace = f"{kept['namespace']}/" if isinstance(kept.get("namespace"), str) else ""
    return _document(whole, f"cluster:{namespace}{resource.plural}/{kept.get('name', '')}")


def _document(data: dict[str, Any], source: str) -> Manifest:
    """Return what has no text, and so no lines, as a manifest."""
    return Manifest(data, source, 0, Lines("", first=0), 0, 0, 0, 0)
