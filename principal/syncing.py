"""The principal's sync at work: the store's changes to the agents, the agents' events to the store.

The decisions are in `outbound` and `inbound`, which are pure; here they meet the store and the hub.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any, Final

import structlog

from hubproto.events import Event, EventType, Target, request_event
from hubproto.methods import MANAGED
from principal import inbound
from principal.agents import Agent
from principal.hub import Hub
from principal.inbound import Refused, SetStatus, Withheld
from principal.outbound import APPLICATION, Outbound, Outgoing
from principal.session import Session
from stores.model import Change, Store, StoreError, Synced

log = structlog.stdlib.get_logger(__name__)

MEND_INTERVAL: Final = 5.0
"""Seconds between two looks at whether a store whose faults kept back an answer can be read again."""

FAULTS_SHOWN: Final = 5
"""Faults that one log line names."""


class Syncing:
    """Connects one store to one hub."""

    def __init__(self, hub: Hub, store: Store, outbound: Outbound) -> None:
        self._hub = hub
        self._store = store
        self._outbound = outbound
        self._view = inbound.View(
            get=store.get,
            objects=lambda: store.list(APPLICATION),
            certain=lambda: not store.faults,
            held=store.held,
            outbound=outbound,
        )
        self._told_autonomous: set[str] = set()
        self._withheld: set[str] = set()

    async def offer_present(self, changes: AsyncIterator[Change | Synced]) -> None:
        """Queue everything that the store holds now, for agents that will come."""
        offered = 0
        async for change in changes:
            if isinstance(change, Synced):
                log.info("store read", applications=offered)
                return
            offered += 1
            self._dispatch(change)

    async def follow(self, changes: AsyncIterator[Change | Synced]) -> None:
        """Send what changes from now on; returns when the store is closed."""
        async for change in changes:
            if isinstance(change, Change):
                self._dispatch(change)

    def greet(self, agent: Agent) -> None:
        """An agent's stream opened: on the first since this process started, ask for what it holds.

        Its answers, a request-update for each object, are what tells of deletions made while this process was down.
        """
        if agent.synced or agent.mode != MANAGED:
            return
        agent.synced = True
        if not self._outbound.allows(agent.name):
            log.warning(
                "agent may connect, and nothing is synced with it: its namespace is not allowed",
                agent=agent.name,
                option="--allowed-namespaces",
            )
        self._hub.enqueue(
            agent.name,
            request_event(EventType.REQUEST_RESOURCE_RESYNC, Target.RESOURCE_RESYNC, {}, event_id=_new_id()),
        )

    def offer_again(self, agent: Agent) -> None:
        """Offer everything again: some events were dropped on the way."""
        log.info("offering everything again", agent=agent.name)
        agent.synced = False
        for stored in self._view.applications(agent.name):
            self._send(self._outbound.offer(stored))
        self.greet(agent)

    async def process(self, session: Session, event: Event) -> bool:
        """Deal with one event; False when it should come again, for the store is in trouble."""
        agent = session.agent
        if agent.mode != MANAGED and agent.name not in self._told_autonomous:
            self._told_autonomous.add(agent.name)
            log.warning("sync of autonomous agents comes in a later release: events are acknowledged", agent=agent.name)
        for effect in inbound.plan(event, agent=agent.name, mode=agent.mode, view=self._view, new_id=_new_id):
            if isinstance(effect, Outgoing):
                self._send(effect)
            elif isinstance(effect, Refused):
                self._refused(agent, event, effect)
            elif isinstance(effect, Withheld):
                self._withhold(agent, effect)
            elif not await self._set_status(agent, effect):
                return False
        return True

    async def mend(self) -> None:
        """Ask agents again from whom an answer was withheld, once the whole store can be read; runs until cancelled."""
        while True:
            await asyncio.sleep(MEND_INTERVAL)
            if self._withheld and not self._store.faults:
                agents, self._withheld = self._withheld, set()
                log.info("the store can be read again: asking agents what they hold", agents=sorted(agents))
                for name in agents:
                    agent = self._hub.agents.ensure(name)
                    agent.synced = False
                    if agent.session is not None:
                        self.greet(agent)

    def _withhold(self, agent: Agent, effect: Withheld) -> None:
        if agent.name not in self._withheld:
            faults = [f"{fault.source}:{fault.line}" for fault in self._store.faults]
            log.warning(
                "deletion withheld: a part of the store can't be read, the object may be in there",
                agent=agent.name,
                application=effect.name,
                faults=faults[:FAULTS_SHOWN],
            )
        self._withheld.add(agent.name)

    def _dispatch(self, change: Change) -> None:
        for outgoing in self._outbound.of_change(change):
            self._send(outgoing)

    def _send(self, outgoing: Outgoing) -> None:
        log.debug("sending", agent=outgoing.agent, type=outgoing.event.type, resource=outgoing.event.resource_id)
        self._hub.enqueue(outgoing.agent, outgoing.event)

    def _refused(self, agent: Agent, event: Event, refused: Refused) -> None:
        if not refused.expected:
            agent.events_refused += 1
        level = log.debug if refused.expected else log.warning
        level("event without effect", agent=agent.name, target=event.target, type=event.type, reason=refused.reason)

    async def _set_status(self, agent: Agent, effect: SetStatus) -> bool:
        def change(current: dict[str, Any] | None) -> dict[str, Any] | None:
            if current is None or current.get("metadata", {}).get("uid") != effect.uid:
                return current
            return {**current, "status": dict(effect.status)}

        try:
            await self._store.update(effect.key, change)
        except StoreError as error:
            log.warning("status not written", agent=agent.name, application=effect.key.name, error=str(error))
            return not error.retryable
        return True


def _new_id() -> str:
    return str(uuid.uuid4())
