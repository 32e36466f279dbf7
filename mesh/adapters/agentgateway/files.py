"""agentgateway's own files among manifests: its configuration without a controller, and what a running one says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mesh.adapters.common.embedded import embedded
from mesh.bundle import Bundle, Field
from mesh.foreign import STANDALONE, is_dump, is_dumped_policy, is_standalone


@dataclass(frozen=True)
class File:
    """One such file: a document of its own, or a text in a ConfigMap."""

    root: Field

    @property
    def routes(self) -> Iterator[Field]:
        """Its routes, wherever they are written."""
        yield from self.root.at("routes").items()
        for bind in self.root.at("binds").items():
            for listener in bind.at("listeners").items():
                yield from listener.at("routes").items()


def standalones(bundle: Bundle) -> Sequence[File]:
    """Configurations without a controller."""
    return bundle.once(_standalones)


def _standalones(bundle: Bundle) -> Sequence[File]:
    own = [File(item.root) for item in bundle.items if is_standalone(item.root.mapping)]
    inner = embedded(bundle, [f"{each}:" for each in STANDALONE])
    return own + [File(Field.root(each)) for each in inner if is_standalone(each.data)]


def dumps(bundle: Bundle) -> Sequence[File]:
    """What running proxies say of themselves (`/config_dump`), whole or one policy of it."""
    return bundle.once(_dumps)


def _dumps(bundle: Bundle) -> Sequence[File]:
    return [File(item.root) for item in bundle.items if is_dump(item.root.mapping)]


def is_whole(dump: File) -> bool:
    """Whether a dump is all that the proxy says, not one policy of it."""
    return not is_dumped_policy(dump.root.mapping)


def dumped_policies(dump: File) -> Iterator[Field]:
    """The policies that a proxy has in memory."""
    if not is_whole(dump):
        yield dump.root
    for each in dump.root.at("policies").items():
        if is_dumped_policy(each.value):
            yield each


def part(policy: Field, name: str, kind: str) -> Field:
    """`frontend` or `backend` of a policy in memory, and there its `tcp` or `http`.

    Up to 1.2 these are spelt `tCP` and `hTTP`.
    """
    parent = policy.at("policy", name)
    now = parent.at(kind)
    return now if now.exists else parent.at(kind[0] + kind[1:].upper())


def listeners(dump: File) -> frozenset[tuple[str, str]]:
    """The Gateways for which a proxy listens: name and namespace; none when the dump does not say it."""
    found = set()
    for bind in dump.root.at("binds").items():
        inner = bind.at("listeners")
        for each in (*inner.items(), *(value for _, value in inner.entries())):
            for at in (each, each.at("name")):
                name, namespace = at.at("gatewayName").text, at.at("gatewayNamespace").text
                if name and namespace:
                    found.add((name, namespace))
    return frozenset(found)


def former(dump: File) -> Field | None:
    """A part of a policy in memory that is spelt as up to 1.2; None when there is none."""
    for policy in dumped_policies(dump):
        for name in ("frontend", "backend"):
            for kind in ("tCP", "hTTP"):
                at = policy.at("policy", name, kind)
                if at.exists:
                    return at
    return None
