"""A small API server: discovery, lists with pages, get, create and delete, and the statuses of failures.

It is no model of Kubernetes; test_apiserver.py holds it to what the official client and the real kubectl need, and runs
the same checks against a real API server when there is one.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

CRDS = "apiextensions.k8s.io/v1"


@dataclass
class Resource:
    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def base(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


BUILT_IN = (
    Resource("", "v1", "namespaces", "Namespace", False),
    Resource("", "v1", "services", "Service"),
    Resource("", "v1", "configmaps", "ConfigMap"),
    Resource("", "v1", "secrets", "Secret"),
    Resource("", "v1", "serviceaccounts", "ServiceAccount"),
    Resource("apps", "v1", "deployments", "Deployment"),
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
    Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", False),
)


@dataclass
class FakeApiServer:
    """What is in the cluster, and what goes wrong."""

    objects: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    """By base path and plural, namespace, name."""
    resources: list[Resource] = field(default_factory=lambda: list(BUILT_IN))
    token: str = ""
    """Asked for when there is one."""
    failures: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Status and reason, by the plural of what is asked for."""
    requests: list[str] = field(default_factory=list)
    address: str = ""
    version: int = 0

    def put(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Keep an object; a CRD makes its kind known."""
        stored = json.loads(json.dumps(data))
        self.version += 1
        stored["metadata"] |= {"uid": f"uid-{self.version}", "resourceVersion": str(self.version)}
        if data["kind"] == "CustomResourceDefinition":
            spec = data["spec"]
            names = spec["names"]
            self.resources += [
                Resource(spec["group"], each["name"], names["plural"], names["kind"], spec["scope"] == "Namespaced")
                for each in spec["versions"]
                if each["served"]
            ]
        resource = next(
            each for each in self.resources if each.kind == data["kind"] and each.api_version == data["apiVersion"]
        )
        stored["metadata"].setdefault("namespace", "default" if resource.namespaced else "")
        key = (f"{resource.base}/{resource.plural}", stored["metadata"]["namespace"], stored["metadata"]["name"])
        self.objects[key] = stored
        return stored

    def kubeconfig(self, path: Path) -> Path:
        """Write a configuration that leads here."""
        user = {"token": self.token} if self.token else {}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
            "clusters": [{"name": "fake", "cluster": {"server": self.address}}],
            "users": [{"name": "fake", "user": user}],
        }
        path.write_text(yaml.safe_dump(config))
        return path

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["FakeApiServer"]:
        app = web.Application(middlewares=[self._guard])
        app.add_routes([web.route("*", "/{path:.*}", self._handle)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(request.path_qs)
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized", "Unauthorized")
        for plural, (status, reason) in self.failures.items():
            if plural in request.path.split("/"):
                return _status(
                    status, reason, f'{plural} is {reason.lower()}: User "x" cannot list resource "{plural}"'
                )
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        found = self._discover(request.path)
        if found is not None:
            return web.json_response(found)
        for resource in self.resources:
            rest = request.path.removeprefix(resource.base + "/").split("/")
            if rest == request.path.split("/"):
                continue
            namespace = ""
            if rest[0] == "namespaces" and len(rest) > 2:
                namespace, rest = rest[1], rest[2:]
            if rest[0] == resource.plural:
                return await self._serve(request, resource, namespace, rest[1] if len(rest) > 1 else "")
        return web.Response(status=404, text="404 page not found\n")

    def _discover(self, path: str) -> dict[str, Any] | None:
        versions = sorted({(each.group, each.version) for each in self.resources})
        if path == "/version":
            return {"major": "1", "minor": "37", "gitVersion": "v1.37.0"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            groups = sorted({group for group, _ in versions if group})
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(each, versions) for each in groups]}
        for group, version in versions:
            if path == (f"/apis/{group}/{version}" if group else f"/api/{version}"):
                return {
                    "kind": "APIResourceList",
                    "apiVersion": "v1",
                    "groupVersion": f"{group}/{version}" if group else version,
                    "resources": [
                        _resource(each) for each in self.resources if (each.group, each.version) == (group, version)
                    ],
                }
        return None

    async def _serve(self, request: web.Request, resource: Resource, namespace: str, name: str) -> web.StreamResponse:
        place = f"{resource.base}/{resource.plural}"
        if request.method == "POST":
            data = await request.json()
            data["metadata"].setdefault("namespace", namespace)
            key = (place, data["metadata"]["namespace"], data["metadata"]["name"])
            if key in self.objects:
                return _status(409, "AlreadyExists", f'{resource.plural} "{key[2]}" already exists')
            return web.json_response(self.put(data), status=201)
        if name:
            found = self.objects.get((place, namespace, name))
            if found is None:
                qualified = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
                return _status(404, "NotFound", f'{qualified} "{name}" not found')
            if request.method == "DELETE":
                del self.objects[(place, namespace, name)]
            return web.json_response(found)
        return web.json_response(self._list(request, resource, place, namespace))

    def _list(self, request: web.Request, resource: Resource, place: str, namespace: str) -> dict[str, Any]:
        keys = sorted(key for key in self.objects if key[0] == place and namespace in ("", key[1]))
        start = int(request.query.get("continue", "0"))
        end = start + int(request.query.get("limit", "0") or len(keys) or 1)
        metadata: dict[str, Any] = {"resourceVersion": str(self.version)}
        if end < len(keys):
            metadata |= {"continue": str(end), "remainingItemCount": len(keys) - end}
        items = [
            {key: value for key, value in self.objects[each].items() if key not in ("apiVersion", "kind")}
            for each in keys[start:end]
        ]
        return {
            "apiVersion": resource.api_version,
            "kind": f"{resource.kind}List",
            "metadata": metadata,
            "items": items,
        }


def _group(name: str, versions: list[tuple[str, str]]) -> dict[str, Any]:
    found = [{"groupVersion": f"{group}/{version}", "version": version} for group, version in versions if group == name]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def _resource(resource: Resource) -> dict[str, Any]:
    return {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": ["create", "delete", "get", "list"],
    }


def _status(code: int, reason: str, message: str) -> web.Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return web.json_response(body, status=code)
