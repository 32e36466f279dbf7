"""`header:` and `identity:`: the caller is who the header says that its sidecar has written."""

from collections.abc import Mapping

import structlog

from mesh.identity.forwarded import FORWARDED
from mesh.identity.rules import IdentityRule
from mesh.identity.verdict import Verdict
from principal.auth import method
from principal.rpc import CallInfo

log = structlog.stdlib.get_logger(__name__)


class HeaderMethod:
    """Believes one header of each call, as `rule` reads it. Credentials play no part."""

    name = method.HEADER

    def __init__(self, rule: IdentityRule) -> None:
        self._rule = rule

    @property
    def header(self) -> str:
        """The header, in lower case."""
        return self._rule.header

    def claimed(self, _credentials: Mapping[str, str]) -> None:
        """Nobody: the call itself shows who calls, at once."""

    async def authenticate(self, _credentials: Mapping[str, str], call: CallInfo) -> Verdict:
        """Who logs in, by the header of this call."""
        return self._identify(call)

    def present(self, _agent: str, call: CallInfo) -> Verdict:
        """Who calls, by the header of this call."""
        return self._identify(call)

    def _identify(self, call: CallInfo) -> Verdict:
        verdict = self._rule.identify(call.values(self._rule.header), call.values(FORWARDED))
        log.debug(
            "identity header",
            header=self._rule.header,
            agent=verdict.agent,
            refused=verdict.refused,
            steps=[f"{step.what}: {step.outcome}" for step in verdict.steps],
            peer=call.connection.peer,
        )
        return verdict
