"""Kubernetes' rules for names: DNS-1123 labels and subdomains.

Source of the rules: Kubernetes, "Object Names and IDs". A namespace is a label, a service account's name a subdomain,
and an agent's name must be a label, since it is the name of its namespace on the principal.
"""

import string

MAX_LABEL = 63
"""Characters in a label (RFC 1123 section 2.1, by way of RFC 1035)."""

MAX_SUBDOMAIN = 253
"""Characters in a subdomain. Kubernetes limits the whole only: a part between dots may be longer than a label."""

LABEL_RULE = f"1 to {MAX_LABEL} of a-z, 0-9 and '-', beginning and ending with a letter or digit"
"""What a label is, in words for messages."""

SUBDOMAIN_RULE = (
    f"1 to {MAX_SUBDOMAIN} of a-z, 0-9, '-' and '.', each part between dots beginning and ending with a letter or digit"
)
"""What a subdomain is, in words for messages."""

_ALPHANUMERIC = frozenset(string.ascii_lowercase + string.digits)
_INNER = _ALPHANUMERIC | {"-"}


def is_dns1123_label(text: str) -> bool:
    """Whether Kubernetes takes `text` as a DNS-1123 label, as in the name of a namespace."""
    return len(text) <= MAX_LABEL and _is_part(text)


def is_dns1123_subdomain(text: str) -> bool:
    """Whether Kubernetes takes `text` as a DNS-1123 subdomain, as in the name of a service account."""
    return len(text) <= MAX_SUBDOMAIN and all(map(_is_part, text.split(".")))


def _is_part(text: str) -> bool:
    return text != "" and text[0] in _ALPHANUMERIC and text[-1] in _ALPHANUMERIC and _INNER.issuperset(text)
