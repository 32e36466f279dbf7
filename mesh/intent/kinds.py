"""The kinds of values in an intent: how each is read from YAML, checked, and written back."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mesh import networks
from mesh.durations import ACCEPTED, SECOND, DurationError, format_duration, parse_duration
from mesh.identity.errors import IdentityError
from mesh.identity.spiffe import TrustDomain
from mesh.names import LABEL_RULE, SUBDOMAIN_RULE, is_dns1123_label, is_dns1123_subdomain

MAX_TEXT: Final = 512
"""Characters in a free text, such as an image's name."""

MAX_LIST: Final = 1000
"""Members of a list, such as agents; each may become a Deployment."""

MAX_SHOWN: Final = 80
"""Characters of a value that a message repeats."""


class KindError(ValueError):
    """A value that is not of the kind; the message says what would be accepted."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one field is read and written."""

    accepted: str
    """What a person may write, for messages."""
    parse: Callable[[Any], Any]
    """From what YAML gives; KindError otherwise."""
    check: Callable[[Any], bool]
    """Whether a value, however it was made, may stand in an intent."""
    show: Callable[[Any], Any] = lambda value: value
    """To what YAML takes."""


def _same(check: Callable[[Any], bool]) -> Callable[[Any], Any]:
    def parse(value: Any) -> Any:
        if not check(value):
            raise KindError
        return value

    return parse


def plain(accepted: str, check: Callable[[Any], bool]) -> Kind:
    """A kind whose values are written as they are."""
    return Kind(accepted, _same(check), check)


def one_of(*words: str) -> Kind:
    """One of a few words."""
    return plain(" or ".join(words), lambda value: value in words)


def whole(least: int, most: int) -> Kind:
    """A whole number."""
    return plain(
        f"a whole number from {least} to {most}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most,
    )


def duration(*, least: int, most: int, step: int, zero: str = "") -> Kind:
    """A duration in nanoseconds, written as Go writes it, of whole `step`s; `zero` says what 0 means, if it may be."""

    def check(value: Any) -> bool:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        return (bool(zero) and value == 0) or (least <= value <= most and value % step == 0)

    def parse(value: Any) -> int:
        try:
            ns = parse_duration(value) if isinstance(value, str) else 0 if value == 0 and value is not False else None
        except DurationError as error:
            raise KindError(f"{error}; a duration is {ACCEPTED}") from None
        if not check(ns):
            raise KindError
        return int(ns or 0)

    steps = "whole seconds" if step == SECOND else "whole milliseconds"
    accepted = f"{format_duration(least)} to {format_duration(most)} in {steps}"
    return Kind(f"{accepted}, or 0 ({zero})" if zero else accepted, parse, check, format_duration)


def texts(each: Kind) -> Kind:
    """A list of texts without repetition."""

    def check(value: Any) -> bool:
        return (
            isinstance(value, tuple)
            and len(value) <= MAX_LIST
            and len(frozenset(value)) == len(value)
            and all(map(each.check, value))
        )

    def parse(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > MAX_LIST:
            raise KindError
        members: dict[str, None] = {}
        for item in value:
            if not isinstance(item, str) or not each.check(item):
                raise KindError(f"{item!r:.{MAX_SHOWN}} cannot stand in it")
            if item in members:
                raise KindError(f"{item!r:.{MAX_SHOWN}} stands in it twice")
            members[item] = None
        return tuple(members)

    return Kind(f"a list of at most {MAX_LIST} different values, each {each.accepted}", parse, check, list)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable() and " " not in value


def _is_loopback_or_any(value: Any) -> bool:
    try:
        address = ipaddress.ip_address(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return address is not None and str(address) == value and value in {"127.0.0.1", "::1", "0.0.0.0", "::"}  # noqa: S104


def _is_trust_domain(value: Any) -> bool:
    try:
        return isinstance(value, str) and TrustDomain.parse(value).name == value
    except IdentityError:
        return False


def is_label_value(text: str) -> bool:
    """Whether Kubernetes takes `text` as a label's value."""
    inner = text.replace("-", "").replace("_", "").replace(".", "")
    return text == "" or (
        len(text) <= 63 and text.isascii() and text[0].isalnum() and text[-1].isalnum() and inner.isalnum()
    )


def is_label_key(text: str) -> bool:
    """Whether Kubernetes takes `text` as a label's key: a name, with a prefix before a slash if it likes."""
    prefix, slash, name = text.rpartition("/")
    return name != "" and is_label_value(name) and (not slash or is_dns1123_subdomain(prefix))


def _is_labels(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and 0 < len(value) <= 20
        and all(isinstance(k, str) and isinstance(v, str) for k, v in value.items())
        and all(is_label_key(k) and v != "" and is_label_value(v) for k, v in value.items())
    )


LABEL: Final = plain(LABEL_RULE, lambda value: isinstance(value, str) and is_dns1123_label(value))
SUBDOMAIN: Final = plain(SUBDOMAIN_RULE, lambda value: isinstance(value, str) and is_dns1123_subdomain(value))
TEXT: Final = plain(f"1 to {MAX_TEXT} printable characters without spaces", _is_text)
SWITCH: Final = plain("true or false", lambda value: isinstance(value, bool))


def _parse_pod_networks(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise KindError
    if len(value) > networks.MAX_NETWORKS:
        raise KindError(f"{len(value)} networks")
    return tuple(dict.fromkeys(map(_parse_network, value)))


def _parse_network(text: str) -> str:
    try:
        return str(networks.parse_network(text))
    except ValueError as error:
        raise KindError(f"{text[: networks.MAX_TEXT]!r}: {error}") from None


def _are_networks(value: Any) -> bool:
    try:
        return isinstance(value, tuple) and _parse_pod_networks(list(value)) == value
    except KindError:
        return False


NETWORKS: Final = Kind(
    f"a list of at most {networks.MAX_NETWORKS} networks as ADDRESS/BITS, such as [10.42.0.0/16], each of at least 8 "
    "bits in IPv4 and 7 in IPv6",
    _parse_pod_networks,
    _are_networks,
    list,
)
PORT: Final = whole(1, 65535)
TRUST_DOMAIN: Final = plain("a SPIFFE trust domain: a-z, 0-9, '.', '-' and '_'", _is_trust_domain)
LISTEN_HOST: Final = plain("127.0.0.1, ::1, 0.0.0.0 or ::", _is_loopback_or_any)
LABELS: Final = Kind("1 to 20 Kubernetes labels with values, as a mapping", _same(_is_labels), _is_labels, dict)
OPTIONAL_LABEL: Final = plain(
    f"{LABEL_RULE}; or nothing", lambda value: value == "" or (isinstance(value, str) and is_dns1123_label(value))
)
HOSTNAME: Final = plain(
    "a host's name in lower case, or nothing",
    lambda value: value == "" or (isinstance(value, str) and is_dns1123_subdomain(value)),
)
