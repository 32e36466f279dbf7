"""Whether there is room for a caller, and whether the agent's name is its own: limits and ownership, with an audit.

Limits end with UNAVAILABLE and the time to wait, since argocd-agent's agents reconnect on it and spin on most other
codes. A name that is another identity's is no question of time: it is refused as not authenticated.
"""

from collections import Counter

from principal.agents import Agent, Agents
from principal.audit import Audit, Entry, Kind
from principal.buckets import Buckets, Rate
from principal.caps import BUCKETS, PUSHBACK, Limits
from principal.clock import Clock
from principal.login import Caller
from principal.rpc import CallInfo, Code, RpcError, pushback, unavailable


class Admission:
    """Turns callers away, or counts them in."""

    def __init__(self, limits: Limits, agents: Agents, audit: Audit, clock: Clock) -> None:
        self._limits = limits
        self._agents = agents
        self._audit = audit
        self._clock = clock
        self._open = 0
        """Streams whose transport is open, all together."""
        self._streams: Counter[str] = Counter()
        """The same by owner: also those that have ended and are still closing."""
        rate = Rate(limits.login_burst, limits.logins_per_second)
        self._logins = Buckets(rate, limit=BUCKETS)
        self._openings = Buckets(rate, limit=BUCKETS)
        self._rate = f"{limits.login_burst} at once, then {limits.logins_per_second:g} a second"

    def gate(self, identity: str, call: CallInfo) -> None:
        """Turn an identity away that authenticates too often."""
        wait = self._logins.take(identity, now=self._clock.monotonic())
        if wait:
            detail = f"logins come too often; accepted of one identity: {self._rate}"
            raise self._over(Kind.LOGINS, "", identity, call, detail, wait=wait)

    def check_room(self, caller: Caller, call: CallInfo) -> None:
        """Turn a stream away that is one too many."""
        owner = owner_of(caller)
        if self._streams[owner] >= self._limits.streams_per_identity:
            detail = f"{self._streams[owner]} streams of this identity are open: no more are accepted"
            raise self._over(Kind.STREAMS, caller.agent, owner, call, detail, wait=PUSHBACK)
        if self._open >= self._limits.sessions:
            detail = f"{self._open} streams are open: no more are accepted"
            raise self._over(Kind.SESSIONS, caller.agent, owner, call, detail, wait=PUSHBACK)
        wait = self._openings.take(owner, now=self._clock.monotonic())
        if wait:
            detail = f"new streams come too often; accepted of one identity: {self._rate}"
            raise self._over(Kind.STREAMS, caller.agent, owner, call, detail, wait=wait)

    def agent_of(self, caller: Caller, call: CallInfo, *, refusal: str) -> Agent:
        """The record of the agent that `caller` is; UNAUTHENTICATED with `refusal` when the name is another's."""
        now, owner = self._clock.monotonic(), owner_of(caller)
        known = self._agents.get(caller.agent)
        if known is not None and known.ownership.refuses(owner, now):
            detail = f"the name belongs to {known.ownership.holder}, which is connected or was a moment ago"
            self._note(Kind.NAME_TAKEN, caller.agent, owner, call, detail)
            raise RpcError(Code.UNAUTHENTICATED, refusal, pushback(PUSHBACK))
        agent = self._agents.welcome(caller.agent, now)
        if agent is None:
            detail = f"records of {self._limits.agents} agents are kept: no more are accepted"
            raise self._over(Kind.AGENTS, caller.agent, owner, call, detail, wait=PUSHBACK)
        agent.identity = caller.identity
        agent.mode = caller.mode
        return agent

    def contended(self, agent: Agent, first: str, caller: Caller, call: CallInfo) -> None:
        """Two keep taking the agent's name over from each other: `first`, and now `caller` again."""
        detail = (
            f"streams keep taking over from each other: {first} and {owner_of(caller)} from {call.connection.peer}; "
            "is a second agent running under this identity?"
        )
        self._note(Kind.NAME_CONTENDED, agent.name, owner_of(caller), call, detail)

    def opened(self, owner: str) -> None:
        """A stream of `owner` was opened."""
        self._streams[owner] += 1
        self._open += 1

    def closed(self, owner: str) -> None:
        """A stream's transport is gone."""
        self._open -= 1
        self._streams[owner] -= 1
        if not self._streams[owner]:
            del self._streams[owner]

    def _over(self, kind: Kind, agent: str, identity: str, call: CallInfo, detail: str, *, wait: float) -> RpcError:
        """Note that a limit was met; the refusal to raise."""
        self._note(kind, agent, identity, call, detail)
        return unavailable(f"{kind.value}: {detail}", wait=wait)

    def _note(self, kind: Kind, agent: str, identity: str, call: CallInfo, detail: str) -> None:
        entry = Entry(self._clock.wall(), kind, agent, identity, call.connection.peer, detail)
        self._audit.note(entry, now=self._clock.monotonic())


def owner_of(caller: Caller) -> str:
    """Whom a call belongs to: the identity, or the agent's name where the header tells none."""
    return caller.identity or caller.agent
