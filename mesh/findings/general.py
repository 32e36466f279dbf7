"""The codes about reading, and about manifests of any kind: MT10xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1001",
        level=Level.ERROR,
        title="unreadable text",
        why="What cannot be read cannot be checked, and kubectl would refuse it as well.",
        remedy="Correct the text at this place. Reading stops here: what follows in the same text is not checked.",
    ),
    Code(
        code="MT1002",
        level=Level.ERROR,
        title="no Kubernetes object",
        why="Every manifest has an apiVersion, a kind and a metadata.name (or metadata.generateName); the API server "
        "refuses anything else.",
        remedy="Write apiVersion, kind and metadata.name.",
    ),
    Code(
        code="MT1003",
        level=Level.ERROR,
        title="one object twice",
        why="The second manifest of an object replaces the first when both are applied, so that which one holds "
        "depends on the order.",
        remedy="Keep one of the two.",
    ),
    Code(
        code="MT1004",
        level=Level.WARNING,
        title="no namespace",
        why="An object without a namespace goes wherever the current context points, and policies that select by "
        "namespace may miss it.",
        remedy="Write metadata.namespace.",
    ),
)
