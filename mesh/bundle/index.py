"""The manifests of one verification, found by kind, by name and by labels."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, overload

from mesh.bundle.fields import Field
from mesh.findings import Document, ObjectRef

_T = TypeVar("_T")

DEFAULT_NAMESPACE = ""
"""How an object's namespace is told when none is written."""


@dataclass(frozen=True, slots=True)
class Item:
    """One object: its document, and what it is called."""

    document: Document
    ref: ObjectRef

    @property
    def root(self) -> Field:
        """The whole document."""
        return Field.root(self.document)

    @property
    def group(self) -> str:
        """The API group; empty for Kubernetes' core."""
        group, slash, _ = self.ref.api_version.rpartition("/")
        return group if slash else ""

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.ref.api_version.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """The kind."""
        return self.ref.kind

    @property
    def namespace(self) -> str:
        """The namespace as it is written; empty when it isn't."""
        return self.ref.namespace

    @property
    def name(self) -> str:
        """The name; empty when it isn't written."""
        return self.ref.name

    def at(self, *steps: str | int) -> Field:
        """The field at `steps` from the root."""
        return self.root.at(*steps)

    @property
    def labels(self) -> dict[str, str]:
        """The object's own labels."""
        return self.at("metadata", "labels").strings

    @property
    def annotations(self) -> dict[str, str]:
        """The object's own annotations."""
        return self.at("metadata", "annotations").strings


class Bundle(Sequence[Document]):
    """All objects of one verification, in the order in which they were given; also a sequence of their documents.

    What is worked out of all of them is worked out once: see `once`.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        self.items: Sequence[Item] = [Item(each, ObjectRef.of(each)) for each in documents]
        self._made: dict[Any, Any] = {}

    @classmethod
    def made_of(cls, documents: Sequence[Document]) -> "Bundle":
        """The bundle of `documents`, which may be one already."""
        return documents if isinstance(documents, Bundle) else cls(documents)

    @overload
    def __getitem__(self, index: int) -> Document: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Document]: ...

    def __getitem__(self, index: int | slice) -> Document | Sequence[Document]:
        if isinstance(index, slice):
            return [each.document for each in self.items[index]]
        return self.items[index].document

    def __iter__(self) -> Iterator[Document]:
        return (each.document for each in self.items)

    def __len__(self) -> int:
        return len(self.items)

    def once(self, make: "Callable[[Bundle], _T]") -> _T:
        """What `make` gives for this bundle, made at most once; `make` must be a module's function."""
        if make not in self._made:
            self._made[make] = make(self)
        made: _T = self._made[make]
        return made

    @cached_property
    def _by_kind(self) -> Mapping[tuple[str, str], list[Item]]:
        found: dict[tuple[str, str], list[Item]] = {}
        for item in self.items:
            found.setdefault((item.group, item.kind), []).append(item)
        return found

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str, str, str], Item]:
        found: dict[tuple[str, str, str, str], Item] = {}
        for item in self.items:
            found.setdefault((item.group, item.kind, item.namespace, item.name), item)
        return found

    @cached_property
    def _by_name_alone(self) -> Mapping[tuple[str, str, str], Item]:
        found: dict[tuple[str, str, str], Item] = {}
        for item in self.items:
            found.setdefault((item.group, item.kind, item.name), item)
        return found

    @cached_property
    def groups(self) -> frozenset[str]:
        """Every API group that an object here is of."""
        return frozenset(group for group, _ in self._by_kind)

    def of(self, group: str, *kinds: str, versions: Iterable[str] = ()) -> list[Item]:
        """Objects of these kinds of `group`, kind by kind; of these versions only, when any are given."""
        wanted = frozenset(versions)
        return [
            item
            for kind in kinds
            for item in self._by_kind.get((group, kind), ())
            if not wanted or item.version in wanted
        ]

    def get(self, group: str, kind: str, *, namespace: str, name: str) -> Item | None:
        """The object of that name; one without a written namespace counts as being in `namespace`."""
        written = self._by_name.get((group, kind, namespace, name))
        return written or self._by_name.get((group, kind, DEFAULT_NAMESPACE, name))

    def nearest(self, group: str, kind: str, *, namespace: str, name: str) -> Item | None:
        """The object of that name that may be in `namespace`, else the first of that name in any."""
        return self.get(group, kind, namespace=namespace, name=name) or self._by_name_alone.get((group, kind, name))
