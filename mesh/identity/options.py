"""What a principal is told about identities beside its rule: gateways to look behind, its own name, who may come.

One value, read from the texts of the options and applied by the rules themselves, so that the principal and
`mesh explain` cannot differ.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar, final

from mesh.identity.allow import AgentPattern
from mesh.identity.errors import IdentityError, RuleError, shown
from mesh.identity.header import LINKERD, XFCC
from mesh.identity.linkerd import LinkerdId, parse_client_id
from mesh.identity.spiffe import SpiffeId

TRUSTED_GATEWAY = "trusted-gateway"
OWN_IDENTITY = "own-identity"
ALLOW_AGENT = "allow-agent"

MAX_GATEWAYS = 64
"""Gateways: a mesh has a handful, a federation of meshes some more."""

MAX_PATTERNS = 10_000
"""Patterns of the allow list; each is looked at once for every login, which takes some microseconds."""

_T = TypeVar("_T")


class OptionError(RuleError):
    """An identity option that cannot be used; `option` is its name without dashes."""

    def __init__(self, option: str, fault: str, message: str) -> None:
        super().__init__(fault, message)
        self.args = (option, fault, message)
        self.option = option

    def __str__(self) -> str:
        return str(self.args[2])


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityOptions:
    """The identity options; as made without arguments, nothing is asked beyond the rule."""

    trusted_gateways: frozenset[SpiffeId | LinkerdId] = frozenset()
    """Gateways that say truly who called them."""
    own_identity: SpiffeId | None = None
    """Who the principal's sidecar is: what it must have written as By; None asks nothing."""
    allowed_agents: tuple[AgentPattern, ...] = ()
    """The agents that may come; empty lets every agent of the rule."""

    @property
    def reads(self) -> bool:
        """Whether the header has to be understood, also by a rule that only searches it."""
        return bool(self.trusted_gateways) or self.own_identity is not None


NO_OPTIONS = IdentityOptions()


def read_options(
    *, trusted_gateways: Iterable[str] = (), own_identity: str = "", allow_agents: Iterable[str] = ()
) -> IdentityOptions:
    """The options that these texts spell, an empty `own_identity` for none; OptionError names the first bad one."""
    gateways = frozenset(_each(TRUSTED_GATEWAY, parse_client_id, trusted_gateways, MAX_GATEWAYS))
    own = list(_each(OWN_IDENTITY, SpiffeId.parse, [own_identity] if own_identity else [], 1))
    allowed = tuple(_each(ALLOW_AGENT, AgentPattern.parse, allow_agents, MAX_PATTERNS))
    return IdentityOptions(
        trusted_gateways=gateways, own_identity=own[0] if own else None, allowed_agents=tuple(dict.fromkeys(allowed))
    )


def check_fit(header: str, options: IdentityOptions) -> None:
    """OptionError when an option asks what `header` cannot tell."""
    if options.own_identity is not None and header != XFCC:
        raise OptionError(
            OWN_IDENTITY, "option-header", f"it is compared with By of {XFCC}; the rule reads {header}, which has none"
        )
    for gateway in sorted(options.trusted_gateways, key=str):
        if header not in {XFCC, LINKERD}:
            raise OptionError(
                TRUSTED_GATEWAY,
                "option-header",
                f"who called a gateway stands in {XFCC}, or in Forwarded beside {LINKERD}; the rule reads {header}",
            )
        if header == XFCC and not isinstance(gateway, SpiffeId):
            raise OptionError(
                TRUSTED_GATEWAY, "option-form", f"{shown(str(gateway))} is no SPIFFE ID, and {XFCC} has no other names"
            )


def _each(option: str, parse: Callable[[str], _T], texts: Iterable[str], most: int) -> Iterable[_T]:
    for count, text in enumerate(texts, start=1):
        if count > most:
            raise OptionError(option, "option-count", f"there are more than {most}")
        try:
            yield parse(text)
        except IdentityError as error:
            raise OptionError(option, error.rule, str(error)) from None
        except RuleError as error:
            raise OptionError(option, error.fault, str(error)) from None
