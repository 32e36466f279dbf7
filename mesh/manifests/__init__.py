"""Bounded reading of YAML and JSON manifests, as Kubernetes understands them, with a line for every field.

`read_documents` never raises and never runs away: what it cannot read is a `Fault`. limits.py has the bounds,
scalars.py what a plain scalar means. PyYAML's parser gives events; the data is built from them without recursion
(building.py), and the positions of fields only when somebody asks (positions.py).
"""

from mesh.manifests.limits import MAX_DEPTH, MAX_DOCUMENTS, MAX_NODES, MAX_TEXT
from mesh.manifests.lists import expand_lists, is_list
from mesh.manifests.model import Fault, Lines, Manifest
from mesh.manifests.reading import decode_text, read_documents
from mesh.manifests.writing import needs_quotes, write_document, write_inline

__all__ = [
    "MAX_DEPTH",
    "MAX_DOCUMENTS",
    "MAX_NODES",
    "MAX_TEXT",
    "Fault",
    "Lines",
    "Manifest",
    "decode_text",
    "expand_lists",
    "is_list",
    "needs_quotes",
    "read_documents",
    "write_document",
    "write_inline",
]
