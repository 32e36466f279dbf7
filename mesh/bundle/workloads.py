"""Pods, wherever they are written: Pods themselves, and the templates of Deployments and the like."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mesh.bundle.fields import Field
from mesh.bundle.index import Bundle, Item

TEMPLATED: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
"""Kinds of the group `apps` with a pod template."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What makes pods: a Deployment or the like, or one Pod."""

    item: Item
    pod: Field
    """The pod's own `metadata` and `spec`: the template, or the whole Pod."""

    @property
    def namespace(self) -> str:
        """The namespace of its pods."""
        return self.item.namespace

    @property
    def labels(self) -> dict[str, str]:
        """The pods' labels."""
        return self.pod.at("metadata", "labels").strings

    @property
    def annotations(self) -> dict[str, str]:
        """The pods' annotations."""
        return self.pod.at("metadata", "annotations").strings

    @property
    def service_account(self) -> str:
        """The service account that the pods run as: Kubernetes' `default` when none is written."""
        spec = self.pod.at("spec")
        return spec.at("serviceAccountName").text or spec.at("serviceAccount").text or "default"

    def containers(self) -> Iterator[Field]:
        """The containers, without those that run before the others."""
        yield from self.pod.at("spec", "containers").items()

    def ports(self) -> Iterator[tuple[str, int, Field]]:
        """Every declared container port: its name (or nothing), its number, its place."""
        for container in self.containers():
            for port in container.at("ports").items():
                number = port.at("containerPort").number
                if number is not None:
                    yield port.at("name").text or "", number, port


def workloads(bundle: Bundle) -> Sequence[Workload]:
    """Everything in `bundle` that makes pods."""
    return bundle.once(_workloads)


def _workloads(bundle: Bundle) -> Sequence[Workload]:
    templated = [Workload(each, each.at("spec", "template")) for each in bundle.of("apps", *TEMPLATED)]
    return templated + [Workload(each, each.root) for each in bundle.of("", "Pod")]
