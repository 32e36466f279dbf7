"""Whom an authentication means, read once and asked for many callers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from mesh.adapters.linkerd.authentications import Caller, entries, resolve
from mesh.bundle import Field, Item, Names
from mesh.world import World

ANY: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A set of callers."""

    everybody: bool = False
    exact: frozenset[str] = frozenset()
    """Whole names."""
    endings: tuple[str, ...] = ()
    """What names end in, from a dot on."""
    accounts: Names = field(default_factory=lambda: Names(()))
    """Service accounts with their namespaces; the empty account is any."""
    namespaces: frozenset[str] = frozenset()

    @property
    def steps(self) -> int:
        """What asking once costs at most, in comparisons of a text."""
        return 5 + len(self.endings)

    def takes(self, caller: Caller) -> bool:
        """Whether `caller` is among them."""
        if self.everybody or caller.name in self.exact:
            return True
        namespace, account = caller.account
        if namespace in self.namespaces or self.accounts.has(account, namespace) or self.accounts.has("", namespace):
            return True
        return caller.name.endswith(self.endings)

    @classmethod
    def of_names(cls, names: Iterable[str], **others: Names | frozenset[str]) -> Self:
        """Those whom identities name: `*` for all, `*.` with what follows for an ending, else a whole name."""
        listed = list(names)
        return cls(
            everybody=ANY in listed,
            exact=frozenset(listed),
            endings=tuple(each[1:] for each in listed if each.startswith("*.")),
            **others,  # type: ignore[arg-type]
        )


EVERYBODY: Final = Meaning(everybody=True)
NOBODY: Final = Meaning()


def of_authentication(item: Item) -> Meaning:
    """Those whom a MeshTLSAuthentication means."""
    listed = list(entries(item))
    plain = [each for each in listed if each.text is None and not each.at("group").text]
    spaces = [each.at("name") for each in plain if each.at("kind").text == "Namespace"]
    return Meaning.of_names(
        [each.text for each in listed if each.text is not None] + [ANY for each in spaces if not each.exists],
        accounts=Names(_account(each, item) for each in plain if each.at("kind").text == "ServiceAccount"),
        namespaces=frozenset(each.text for each in spaces if each.text is not None),
    )


def _account(entry: Field, item: Item) -> tuple[str, str]:
    return entry.at("name").text or "", entry.at("namespace").text or item.namespace


def of_grant(world: World, grant: Item) -> tuple[Meaning, ...]:
    """What a policy asks of callers; each of these must take them."""
    if grant.kind == "ServerAuthorization":
        return (_of_client(grant),)
    return tuple(_of_reference(world, grant, each) for each in grant.at("spec", "requiredAuthenticationRefs").items())


def _of_client(grant: Item) -> Meaning:
    client = grant.at("spec", "client")
    tls = client.at("meshTLS")
    if client.at("unauthenticated").boolean or tls.at("unauthenticatedTLS").boolean:
        return EVERYBODY
    accounts = Names(_account(each, grant) for each in tls.at("serviceAccounts").items() if each.at("name").text)
    return Meaning.of_names(tls.at("identities").texts, accounts=accounts)


def _of_reference(world: World, grant: Item, reference: Field) -> Meaning:
    if (reference.at("kind").text, reference.at("group").text or "") == ("ServiceAccount", ""):
        return Meaning(accounts=Names([_account(reference, grant)] if reference.at("name").text else []))
    item = resolve(world, grant, reference)
    if item is None:
        # What is not there takes nobody.
        return NOBODY
    # An address says nothing about who it is: any caller may have a fitting one.
    return EVERYBODY if item.kind == "NetworkAuthentication" else of_authentication(item)
