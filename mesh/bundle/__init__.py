"""Reading the manifests of one verification: fields with their places, objects by kind, pods wherever they are."""

from mesh.bundle.fields import ABSENT, Field, shown
from mesh.bundle.index import Bundle, Item
from mesh.bundle.naming import CLUSTER_SUFFIX, Names, same_namespace, service_names, split_host
from mesh.bundle.selectors import Selector, label_selector_takes, selects
from mesh.bundle.workloads import Workload, workloads

__all__ = [
    "ABSENT",
    "CLUSTER_SUFFIX",
    "Bundle",
    "Field",
    "Item",
    "Names",
    "Selector",
    "Workload",
    "label_selector_takes",
    "same_namespace",
    "selects",
    "service_names",
    "shown",
    "split_host",
    "workloads",
]
