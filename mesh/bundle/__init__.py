"""Reading the manifests of one verification: fields with their places, objects by kind, pods wherever they are."""

from mesh.bundle.fields import ABSENT, Field, shown
from mesh.bundle.index import Bundle, Item, label_selector_takes, selects
from mesh.bundle.workloads import Workload, same_namespace, workloads

__all__ = [
    "ABSENT",
    "Bundle",
    "Field",
    "Item",
    "Workload",
    "label_selector_takes",
    "same_namespace",
    "selects",
    "shown",
    "workloads",
]
