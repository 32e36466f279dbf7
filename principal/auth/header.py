"""`header:` and `identity:`: the caller is who the header says that its sidecar has written."""

import functools
from collections.abc import Mapping
from typing import Final

import structlog

from mesh.identity.forwarded import FORWARDED
from mesh.identity.rules import IdentityRule
from mesh.identity.verdict import Verdict
from principal.auth import method
from principal.rpc import CallInfo

log = structlog.stdlib.get_logger(__name__)

REMEMBERED: Final = 1024
REMEMBERED_BYTES: Final = 2048
"""How many headers' verdicts are remembered, and how long they may be, 3 MB at most: an agent that connects shows the
same header twice, at Authenticate and at Subscribe, and a rule says of equal headers the same."""


class HeaderMethod:
    """Believes one header of each call, as `rule` reads it. Credentials play no part."""

    name = method.HEADER

    def __init__(self, rule: IdentityRule) -> None:
        self._rule = rule
        self._remembered = functools.lru_cache(maxsize=REMEMBERED)(rule.identify)

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
        values, forwarded = call.values(self._rule.header), call.values(FORWARDED)
        short = sum(map(len, values)) + sum(map(len, forwarded)) <= REMEMBERED_BYTES
        verdict = (self._remembered if short else self._rule.identify)(values, forwarded)
        log.debug(
            "identity header",
            header=self._rule.header,
            agent=verdict.agent,
            refused=verdict.refused,
            steps=[f"{step.what}: {step.outcome}" for step in verdict.steps],
            peer=call.connection.peer,
        )
        return verdict
