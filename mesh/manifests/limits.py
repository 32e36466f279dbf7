"""The bounds of reading. Each is far above what real manifests need and far below what would hurt the process."""

from typing import Final

MAX_TEXT: Final = 16 * 1024 * 1024
"""Characters in one text. The largest bundle of CRDs met so far has 1.2 million; etcd takes objects of 1.5 MiB."""

MAX_DOCUMENTS: Final = 10_000
"""Documents in one text, empty ones included. Reading as many takes about a second and a half."""

MAX_NODES: Final = 1_000_000
"""Keys, scalars, lists and mappings in one text, aliases counted as often as they are used. Bounds what an alias bomb
can make of a few lines ("billion laughs"): about 150 MB and two seconds. The CRDs of Istio 1.31 together have
40,000."""

MAX_DEPTH: Final = 100
"""Lists and mappings inside one another. The deepest CRD schema met so far has 48; and whatever walks the data by
recursion stays far from Python's own limit of 1,000 frames."""

MAX_FAULTS: Final = 100
"""Faults kept for one text; a text that has more is not a manifest, and nobody reads on."""
