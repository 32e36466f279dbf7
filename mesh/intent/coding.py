"""Intents as YAML, both ways: camelCase keys, a line for every fault."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from mesh.bundle import Field
from mesh.findings import Document
from mesh.intent.kinds import KindError
from mesh.intent.model import Agents, Gateway, Intent, IntentError, Keepalive, Mesh, Principal, Tcp, camel
from mesh.manifests import write_document

MAX_GATEWAYS: Final = 16
"""Gateways in one path; each is a hop."""

_SECTIONS: Final[Mapping[type, Mapping[str, type]]] = {
    Intent: {"principal": Principal, "agents": Agents, "keepalive": Keepalive, "mesh": Mesh},
    Keepalive: {"tcp": Tcp},
}
"""Fields that are mappings of their own."""


def read_intent(document: Document) -> Intent:
    """The intent that `document` describes; what it leaves out has its default.

    IntentError, with file and line, for an unknown field or a value that is not accepted.
    """
    root = Field.root(document)
    values = _section(root, Intent, also=("gateways",))
    values["gateways"] = _gateways(root.at("gateways"))
    return _made(root, Intent, values)  # type: ignore[no-any-return]  # _made makes what it is given


def intent_data(intent: Intent) -> dict[str, Any]:
    """`intent` as YAML and JSON take it, every field written."""
    data = _data(intent)
    data["gateways"] = [_data(gateway) for gateway in intent.gateways]
    return data


def write_intent(intent: Intent) -> str:
    """`intent` as a YAML document, every field written."""
    return write_document(intent_data(intent))


def _section(place: Field, made: type, also: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values of one mapping's fields, by attribute."""
    if place.exists and not isinstance(place.value, Mapping):
        raise _error(place, "accepted: a mapping")
    sections = _SECTIONS.get(made, {})
    known = {camel(each.name): each for each in fields(made)}
    values: dict[str, Any] = {}
    for key, at in place.entries():
        if key in also:
            continue
        if key not in known:
            raise _error(at, f"no such field; accepted: {', '.join(known)}", shown=False)
        attribute = known[key].name
        if attribute in sections:
            values[attribute] = _made(at, sections[attribute], _section(at, sections[attribute]))
        elif at.exists:
            values[attribute] = _value(at, known[key].metadata["kind"])
    return values


def _value(at: Field, kind: Any) -> Any:
    try:
        return kind.parse(at.value)
    except KindError as error:
        reason = f"{error}; " if str(error) else ""
        raise _error(at, f"{reason}accepted: {kind.accepted}") from None


def _gateways(place: Field) -> tuple[Gateway, ...]:
    if not place.exists:
        return ()
    members = list(place.items())
    if not isinstance(place.value, list) or len(members) > MAX_GATEWAYS:
        raise _error(place, f"accepted: a list of at most {MAX_GATEWAYS} gateways")
    return tuple(_made(each, Gateway, _section(each, Gateway)) for each in members)


def _made(place: Field, made: type, values: dict[str, Any]) -> Any:
    """The object of these values; a fault of their combination gets its place here."""
    try:
        return made(**values)
    except IntentError as error:
        where = f"{place.document.source}:{place.document.lines.of(place.path)}"
        raise IntentError(f"{where}: {f'{place.name}.' if place.path else ''}{error}") from None


def _error(at: Field, message: str, *, shown: bool = True) -> IntentError:
    where = f"{at.document.source}:{at.document.lines.of(at.path)}"
    return IntentError(f"{where}: {at.name}: {f'{at.shown} is not accepted; ' if shown else ''}{message}")


def _data(value: Any) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for each in fields(value):
        if each.name == "gateways":
            continue
        kind = each.metadata.get("kind")
        inner = getattr(value, each.name)
        written[camel(each.name)] = _data(inner) if kind is None else kind.show(inner)
    return written
