"""The codes about reading, and about manifests of any kind: MT10xx."""

from typing import Final

from mesh.findings.model import Code, Level

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1001",
        level=Level.ERROR,
        title="unreadable text",
        why="What cannot be read cannot be checked, and kubectl would refuse it as well.",
        remedy="Correct the text at this place. Reading stops here: what follows in the same text is not checked. A "
        "template with {{ }} is verified as what it becomes: helm template CHART | meshtether mesh verify -",
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
    Code(
        code="MT1005",
        level=Level.ERROR,
        title="API version that Kubernetes does not serve",
        why="The API server knows a kind by its group and version; with another it knows no such kind.",
        remedy="Write the apiVersion that the kind has today.",
    ),
    Code(
        code="MT1006",
        level=Level.ERROR,
        title="more than is read",
        why="There are bounds to what is read, so that no input can exhaust the machine; what lies beyond is not "
        "checked.",
        remedy="Verify fewer files at a time.",
    ),
    Code(
        code="MT1007",
        level=Level.ERROR,
        title="source that cannot be read",
        why="What cannot be read cannot be checked.",
        remedy="Name files and folders that are there and can be read; with --from-cluster, use a kubeconfig that may "
        "list the kinds.",
    ),
    Code(
        code="MT1008",
        level=Level.ERROR,
        title="nothing to verify",
        why="A check of nothing finds nothing: a misspelt path in a pipeline would pass for ever.",
        remedy="Name the files or folders of the manifests; kustomize's output goes in as `-`.",
    ),
    Code(
        code="MT1009",
        level=Level.INFO,
        title="document passed over",
        why="Folders hold values files, configuration and the like beside manifests. What has no apiVersion and kind "
        "is not looked at there.",
        remedy="Nothing, if it is no manifest. Name the file itself if it should be one.",
    ),
    Code(
        code="MT1010",
        level=Level.INFO,
        title="kustomization read as files",
        why="Patches and generators change what is applied: the files alone may lack what a patch adds.",
        remedy="Verify what kustomize makes: kubectl kustomize FOLDER | meshtether mesh verify -",
    ),
)
