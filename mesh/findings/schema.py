"""The codes about schema validation (CRDs, CEL rules): MT17xx. Their messages are the API server's."""

from typing import Final

from mesh.findings.model import Code, Level

_REFUSED = "The API server refuses the object: nothing of it takes effect."

CODES: Final[tuple[Code, ...]] = (
    Code(
        code="MT1701",
        level=Level.ERROR,
        title="value of the wrong type",
        why=f"{_REFUSED} Numbers where the schema wants text are the usual slip: a duration is text with a unit.",
        remedy="Write the value in the type that the message names; text that looks like a number needs quotes.",
    ),
    Code(
        code="MT1702",
        level=Level.ERROR,
        title="required field missing",
        why=_REFUSED,
        remedy="Write the field.",
    ),
    Code(
        code="MT1703",
        level=Level.ERROR,
        title="value that is not offered",
        why=f"{_REFUSED} The field takes a few fixed words, in this spelling.",
        remedy="Write one of the supported values.",
    ),
    Code(
        code="MT1704",
        level=Level.ERROR,
        title="value out of bounds",
        why=_REFUSED,
        remedy="Stay within the bounds that the message names.",
    ),
    Code(
        code="MT1705",
        level=Level.ERROR,
        title="text in another form",
        why=f"{_REFUSED} The field has a pattern or a format that the text does not have.",
        remedy="Write the text in the form that the message names.",
    ),
    Code(
        code="MT1706",
        level=Level.ERROR,
        title="fields that do not go together",
        why=f"{_REFUSED} Of several fields the schema wants exactly one, at least one, or not these together.",
        remedy="Keep one of the alternatives; the page of the kind's API names them.",
    ),
    Code(
        code="MT1707",
        level=Level.ERROR,
        title="entry twice in a list",
        why=f"{_REFUSED} The list is a set, or a map by some of its fields, and an entry is in it twice.",
        remedy="Remove one of the two, or give it another key.",
    ),
    Code(
        code="MT1708",
        level=Level.ERROR,
        title="rule of the CRD broken",
        why=f"{_REFUSED} The CRD has rules in CEL that look at several fields together; the message is the rule's own.",
        remedy="Change the fields that the message names.",
    ),
    Code(
        code="MT1709",
        level=Level.WARNING,
        title="unknown field",
        why="kubectl refuses the object unless it is told not to look, and other clients drop the field in silence: "
        "what it says has no effect. A misspelt name and a field of another release look like this.",
        remedy="Correct the name or its place, or use CRDs of the release that has the field.",
    ),
    Code(
        code="MT1710",
        level=Level.ERROR,
        title="version not served",
        why="The cluster has the kind, but not in this version: the API server answers that there is no such kind.",
        remedy="Write an apiVersion that the CRD serves.",
    ),
    Code(
        code="MT1711",
        level=Level.INFO,
        title="kind without a schema",
        why="Without the kind's CRD nothing can be said about its fields.",
        remedy="Add the system's CRDs to --crds, or read them from the cluster with --from-cluster.",
    ),
    Code(
        code="MT1712",
        level=Level.INFO,
        title="rules not checked",
        why="A rule of the CRD was not run: it would take too long on this object, or it is not understood. The API "
        "server has limits of its own and may refuse such an object.",
        remedy="Ask the API server: kubectl apply --dry-run=server.",
    ),
    Code(
        code="MT1713",
        level=Level.WARNING,
        title="deprecated version",
        why="The version still works, and goes away in a later release of the system.",
        remedy="Write a newer apiVersion of the same kind.",
    ),
    Code(
        code="MT1714",
        level=Level.ERROR,
        title="metadata that Kubernetes refuses",
        why=f"{_REFUSED} Names are DNS names, and the values of labels and annotations are texts.",
        remedy="Write the name or label as the message says.",
    ),
)
