"""Reading the manifests of one verification: fields with their places, objects by kind, pods wherever they are."""

from mesh.bundle.fields import ABSENT, Field, shown
from mesh.bundle.index import Bundle, Item, label_selector_takes, selects
from mesh.bundle.workloads import CLUSTER_SUFFIX, Workload, same_namespace, service_names, workloads

__all__ = [
    "ABSENT",
    "CLUSTER_SUFFIX",
    "Bundle",
    "Field",
    "Item",
    "Workload",
    "label_selector_takes",
    "same_namespace",
    "selects",
    "service_names",
    "shown",
    "workloads",
]
