"""What a method of authentication is. Which one a principal has, `--auth` says; it has exactly one."""

from collections.abc import Mapping
from typing import Final, Protocol

from mesh.identity.verdict import Verdict
from principal.rpc import CallInfo

HEADER: Final = "header"
"""The name on the wire of every method that reads a mesh's header (argocd-agent's internal/auth/interface.go)."""

USERPASS: Final = "userpass"
MTLS: Final = "mtls"


class Method(Protocol):
    """Decides who a caller is."""

    @property
    def name(self) -> str:
        """What an agent calls it in Authenticate."""

    def claimed(self, credentials: Mapping[str, str]) -> str | None:
        """Whom `credentials` claim to be, where finding out whether they are takes time; else None."""

    async def authenticate(self, credentials: Mapping[str, str], call: CallInfo) -> Verdict:
        """Who logs in, by `credentials` and by the call itself. RpcError only when too many wait already."""

    def present(self, agent: str, call: CallInfo) -> Verdict:
        """Who makes a later call, as far as the call itself tells.

        `agent` is whom the call's token speaks for; a method that sees nobody without a secret answers whether that
        agent may still come in.
        """
