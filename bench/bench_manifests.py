"""What bounded reading costs against PyYAML's own loaders, and what a small edit saves against a round trip."""

import io
import json
import time
from collections.abc import Callable

import yaml
from ruamel.yaml import YAML

from mesh.manifests import read_documents
from stores.content import content_of
from stores.splicing import Place, replace_objects
from stores.values import copy_of

DOCUMENTS = 2000
RESOURCES = 100
ROUNDS = 5

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: app-{number}
  namespace: agent-a
  labels: {{team: red, tier: web}}
  annotations:
    argocd.argoproj.io/sync-wave: "3"
spec:
  project: default
  source:
    repoURL: https://git.example.com/apps.git
    targetRevision: HEAD
    path: apps/guestbook
    helm:
      parameters:
      - name: replicas
        value: "3"
      - {{name: image.tag, value: v1.2.{number}}}
  destination:
    server: https://kubernetes.default.svc
    namespace: guestbook
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
"""
RESOURCE = (
    "  - {{kind: Deployment, name: web-{number}, namespace: guestbook, status: Synced, health: {{status: Healthy}}}}\n"
)


def run() -> list[tuple[str, float, str]]:
    return [_yaml(), _json(), _edit()]


def _yaml() -> tuple[str, float, str]:
    text = "---\n".join(APPLICATION.format(number=number) for number in range(DOCUMENTS))
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    ours = _microseconds(lambda: read_documents(text, "bench"))
    theirs = _microseconds(lambda: list(yaml.load_all(text, Loader=loader)))
    note = f"{ours / DOCUMENTS:.0f} µs against {theirs / DOCUMENTS:.0f} µs a document"
    return (f"reading YAML within bounds / {loader.__name__}", ours / theirs, note)


def _json() -> tuple[str, float, str]:
    items = [yaml.safe_load(APPLICATION.format(number=number)) for number in range(DOCUMENTS // 10)]
    text = json.dumps({"kind": "List", "apiVersion": "v1", "items": items}, indent=2)
    ours = _microseconds(lambda: read_documents(text, "bench"))
    theirs = _microseconds(lambda: json.loads(text))
    return (
        "reading JSON within bounds / json.loads",
        ours / theirs,
        f"{ours / 1000:.1f} ms against {theirs / 1000:.1f} ms",
    )


def _edit() -> tuple[str, float, str]:
    status = "status:\n  sync: {status: OutOfSync}\n  resources:\n"
    text = APPLICATION.format(number=1) + status + "".join(RESOURCE.format(number=n) for n in range(RESOURCES))
    content = content_of(text, "bench")
    (found,) = content.objects.values()
    wanted = copy_of(found.data)
    wanted["status"]["sync"]["status"] = "Synced"

    def edit() -> None:
        assert "{status: Synced}" in replace_objects(content, {Place.of(found.manifest): wanted}).text

    def round_trip() -> None:
        ruamel = YAML(typ="rt")
        tree = ruamel.load(text)
        tree["status"]["sync"]["status"] = "Synced"
        ruamel.dump(tree, io.StringIO())

    ours, theirs = _microseconds(edit), _microseconds(round_trip)
    note = f"{ours / 1000:.1f} ms, read back twice, against {theirs / 1000:.1f} ms; {RESOURCES} resources in the status"
    return ("a new sync status in place / ruamel.yaml round trip", ours / theirs, note)


def _microseconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best * 1e6
