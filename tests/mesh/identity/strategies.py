"""Values of this room for hypothesis, and the text that tries hardest to break its parsers."""

import string

from hypothesis import strategies as st

from mesh.identity.linkerd import LinkerdId
from mesh.identity.spiffe import SpiffeId, TrustDomain
from mesh.identity.xfcc import KEYS, REPEATABLE, XfccElement

_LOWER = string.ascii_lowercase + string.digits

segments = st.text(string.ascii_letters + string.digits + ".-_", min_size=1, max_size=30).filter(
    lambda text: text not in {".", ".."}
)
trust_domains = st.builds(TrustDomain, st.text(_LOWER + ".-_", min_size=1, max_size=255))
spiffe_ids = st.builds(SpiffeId.from_segments, trust_domains, st.lists(segments, max_size=8))

labels = st.builds(
    lambda first, inner, last: first + inner + last,
    st.sampled_from(_LOWER),
    st.text(_LOWER + "-", max_size=20),
    st.sampled_from(_LOWER),
)
linkerd_ids = st.builds(
    LinkerdId,
    service_account=st.lists(labels, min_size=1, max_size=3).map(".".join),
    namespace=labels,
    control_plane=labels,
    trust_domain=st.lists(labels, min_size=1, max_size=3).map(".".join),
)

printable = st.text(max_size=40).filter(str.isprintable)
"""Any printable text, mostly far beyond what a proxy writes."""


@st.composite
def elements(draw: st.DrawFn) -> XfccElement:
    """An XFCC element of any printable values, its pairs in any order."""
    pairs: list[tuple[str, str]] = []
    for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=8)):
        if key in REPEATABLE or key not in dict(pairs):
            pairs.append((key, draw(printable)))
    return XfccElement(tuple(pairs))


_SHARDS = (
    *(f"{key}=" for key in KEYS), *",;=\"\\ \t\n\x00%", '"', '\\"', "\\,", "\\C3\\BC", "\\80", "uri=", "spiffe://",
    "/ns/", "/sa/", "cluster.local", "argocd-agents", "agent-a", ".serviceaccount.identity.", "linkerd", ".", "..", "A",
    "é", "\ud800",
)  # fmt: skip

shards = st.lists(st.sampled_from(_SHARDS), max_size=40).map("".join)
"""Text made of the pieces that these parsers look for, in any order."""

any_text = st.text(st.characters(exclude_categories=()), max_size=200) | shards
"""Any text at all, lone surrogates included."""
