"""From the principal's and an agent's ConfigMaps to an intent. Pure.

Each setting that an intent has a field for is taken over if the intent accepts it there; what it does not accept is
left at its default, and said. ConfigMaps do not say who the agents are: `agents.names` stays empty, which means every
service account of the agents' namespace.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mesh.identity.errors import RuleError
from mesh.identity.rules import parse_rule
from mesh.identity.template import LinkerdTemplate, SpiffeTemplate
from mesh.identity.template_rule import TemplateRule
from mesh.intent import Intent, IntentError, read_intent
from mesh.manifests import Lines, Manifest
from meshtether.options.configmap import Entry

Path = tuple[str, ...]
Entries = Mapping[str, Entry]
"""What a ConfigMap says, by option name."""

SERVICE_MARK: Final = "svc"
"""The part of a Service's DNS name behind its namespace."""


@dataclass(frozen=True, slots=True)
class Derived:
    """An intent and how it came about."""

    intent: Intent
    notes: tuple[str, ...]
    """What was taken from where, and what could not be taken."""


@dataclass(frozen=True, slots=True)
class _Value:
    """One field of the intent, and the setting that it comes from."""

    path: Path
    value: Any
    entry: Entry


def derive(principal: Entries, agent: Entries) -> Derived:
    """Return the intent that the settings come to."""
    data: dict[str, Any] = {"agents": {"names": []}}
    notes: list[str] = []
    for each in (*_principal(principal), *_agent(agent), *_keepalive(principal, agent)):
        name = ".".join(each.path)
        tried = _with(data, each.path, each.value)
        try:
            _read(tried)
        except IntentError as error:
            notes.append(f"{each.entry.key} at {each.entry.place} is left out: {error}")
            continue
        data = tried
        notes.append(f"{name}: {each.value} from {each.entry.key} at {each.entry.place}")
    return Derived(_read(data), tuple(notes))


def _read(data: Mapping[str, Any]) -> Intent:
    return read_intent(Manifest(data, "the ConfigMaps", 0, Lines("", first=0), 0, 0, 0, 0))


def _with(data: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return `data` with `value` at `path`."""
    first, *rest = path
    inner = data.get(first, {})
    return {**data, first: _with(inner, tuple(rest), value) if rest else value}


def _taken(entries: Entries, fields: Mapping[str, tuple[Path, Callable[[str], Any]]]) -> Iterator[_Value]:
    """The fields that are settings as they stand."""
    for option, (path, convert) in fields.items():
        entry = entries.get(option)
        if entry is not None and entry.text:
            yield _Value(path, convert(entry.text), entry)


def _number(text: str) -> Any:
    """The number that `text` is, or the text, which the intent will refuse."""
    return int(text) if text.isascii() and text.isdecimal() else text


_PRINCIPAL: Final[dict[str, tuple[Path, Callable[[str], Any]]]] = {
    "namespace": (("principal", "namespace"), str),
    "listen-host": (("principal", "listenHost"), str),
    "listen-port": (("principal", "port"), _number),
}
_AGENT: Final[dict[str, tuple[Path, Callable[[str], Any]]]] = {
    "agent-mode": (("agents", "mode"), str),
    "server-port": (("principal", "servicePort"), _number),
}
_KEEPALIVE: Final[dict[str, tuple[Path, Callable[[str], Any]]]] = {
    "heartbeat-interval": (("keepalive", "heartbeat"), str),
    "keep-alive-ping-interval": (("keepalive", "ping"), str),
    "keepalive-min-interval": (("keepalive", "minInterval"), str),
}
"""In this order, since the least interval is compared with the ping."""


def _principal(entries: Entries) -> Iterator[_Value]:
    yield from _taken(entries, _PRINCIPAL)
    auth = entries.get("auth")
    if auth is not None:
        for path, value in _identity(auth.text):
            yield _Value(path, value, auth)


def _agent(entries: Entries) -> Iterator[_Value]:
    address = entries.get("server-address")
    if address is not None and _is_loopback(address.text):
        # The agent's own proxy, whose port is no Service's.
        entries = {name: each for name, each in entries.items() if name != "server-port"}
    yield from _taken(entries, _AGENT)
    if address is not None and not _is_loopback(address.text):
        for path, value in _service(address.text):
            yield _Value(path, value, address)


def _keepalive(principal: Entries, agent: Entries) -> Iterator[_Value]:
    yield from _taken({**principal, **agent}, _KEEPALIVE)


def _is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _service(address: str) -> Iterator[tuple[Path, str]]:
    """The Service that an agent dials, when its address is a Service's name in the cluster's DNS; else the host."""
    name, *rest = address.split(".")
    if rest and (len(rest) == 1 or rest[1] == SERVICE_MARK):
        yield ("principal", "name"), name
        yield ("principal", "namespace"), rest[0]
    elif rest:
        yield ("principal", "hostname"), address
    elif name:
        yield ("principal", "name"), name


def _identity(auth: str) -> Iterator[tuple[Path, str]]:
    """Who may be an agent, when the rule is a template; a regular expression does not say it."""
    try:
        rule = parse_rule(auth)
    except RuleError:
        return
    template = rule.template if isinstance(rule, TemplateRule) else None
    match template:
        case SpiffeTemplate(trust_domain=domain, segments=("ns", namespace, "sa", _)):
            yield ("agents", "trustDomain"), str(domain)
            yield ("agents", "namespace"), namespace
        case LinkerdTemplate(sample=sample):
            yield ("agents", "trustDomain"), sample.trust_domain
            yield ("agents", "namespace"), sample.namespace
            yield ("mesh", "linkerdNamespace"), sample.control_plane
