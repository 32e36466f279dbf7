"""Who owns a name, and how much anybody may ask for: buckets, limits and storms on a virtual clock."""

import itertools
import json
from dataclasses import dataclass

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from hubproto import methods
from hubproto.auth_pb2 import RefreshTokenRequest
from hubproto.events import EventType, Target, heartbeat, object_event
from mesh.identity.rules import parse_rule
from principal.agents import Agent, Agents
from principal.audit import ENTRIES_KEPT, Kind
from principal.auth.header import HeaderMethod
from principal.caps import Limits, Sparing
from principal.hub import SUPERSEDED_PUSHBACK, Hub
from principal.login import Login
from principal.owners import HOLD, TAKEOVERS, WINDOW
from principal.rpc import CallInfo, Code, ConnectionInfo, RpcError, Status
from principal.tokens import Bearer
from tests.principal.virtual import (
    HEADER,
    ISSUER,
    VERSION,
    FakeSink,
    Line,
    VirtualClock,
    auth_request,
    spiffe,
)

RECIPE = f"header:{HEADER}:^.*URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)"
"""argocd-agent's recommended regex: every namespace and every trust domain yields the same names."""

EVIL = "spiffe://cluster.local/ns/evil/sa/agent-a"


@dataclass
class Stage:
    """A hub that tells agents by argocd-agent's recipe, and its clock."""

    clock: VirtualClock
    hub: Hub

    def call(self, identity: str, *, token: str | None = None, peer: str = "1") -> CallInfo:
        value = f'By=spiffe://cluster.local/ns/argocd/sa/p;Hash={"ab" * 32};Subject="";URI={identity}'
        metadata = [(HEADER, value)] + ([("authorization", token)] if token is not None else [])
        return CallInfo(tuple(metadata), ConnectionInfo(f"c{peer}", f"ipv4:127.0.0.1:{peer}", "test"))

    def token(self, identity: str) -> str:
        bearer = Bearer(agent=identity.rsplit("/", 1)[1], mode="managed", method="header", identity=identity)
        return ISSUER.issue(bearer, now=self.clock.wall()).access

    def connect(self, identity: str, *, peer: str = "1") -> Line:
        sink = FakeSink()
        call = self.call(identity, token=self.token(identity), peer=peer)
        return Line(self.hub.open_stream(methods.SUBSCRIBE, call, sink), sink)

    def refused(self, identity: str, *, peer: str = "1") -> Status:
        with pytest.raises(RpcError) as raised:
            self.connect(identity, peer=peer)
        return raised.value.status

    async def log_in(self, identity: str) -> Status | None:
        """None when it was let in."""
        try:
            await self.hub.unary(methods.AUTHENTICATE, auth_request(), self.call(identity))
        except RpcError as error:
            return error.status
        return None

    @property
    def kinds(self) -> list[Kind]:
        return [entry.kind for entry in self.hub.audit.entries]


def stage(limits: Limits | None = None) -> Stage:
    clock = VirtualClock()
    login = Login(HeaderMethod(parse_rule(RECIPE)), ISSUER, namespace="argocd", version=VERSION)
    return Stage(clock, Hub(login, clock, session_timeout=None, limits=limits))


def wait_of(status: Status) -> float:
    """Seconds that a refusal asks to wait."""
    [value] = [value for name, value in status.trailers if name == methods.RETRY_PUSHBACK]
    return int(value) / 1000


def test_a_flood_of_lines_is_thinned_and_what_was_left_out_is_counted() -> None:
    sparing = Sparing(rate=1.0, burst=2.0)
    assert [sparing.line(now=0.0) for _ in range(5)] == [0, 0, None, None, None]
    assert sparing.line(now=1.0) == 3


# Who owns a name


def test_another_identity_of_the_same_name_is_refused_while_the_first_is_connected() -> None:
    house = stage()
    first = house.connect(spiffe("agent-a"))
    status = house.refused(EVIL)
    assert (status.code, status.message) == (Code.UNAUTHENTICATED, "invalid authentication data")
    assert first.sink.status is None
    assert first.session.agent.identity == spiffe("agent-a")


async def test_another_identity_gets_no_token_either() -> None:
    house = stage()
    house.connect(spiffe("agent-a"))
    status = await house.log_in(EVIL)
    assert status is not None
    assert (status.code, status.message) == (Code.UNAUTHENTICATED, "authentication failed")


def test_the_refusal_is_audited_with_both_identities_and_the_peer() -> None:
    house = stage()
    house.connect(spiffe("agent-a"))
    with structlog.testing.capture_logs() as lines:
        house.refused(EVIL, peer="666")
    [entry] = house.hub.audit.entries
    assert (entry.kind, entry.agent, entry.identity, entry.peer) == (
        Kind.NAME_TAKEN,
        "agent-a",
        EVIL,
        "ipv4:127.0.0.1:666",
    )
    assert spiffe("agent-a") in entry.detail
    assert [line["kind"] for line in lines if line["event"] == "audit"] == ["agent-name-taken"]


def test_the_name_stays_the_firsts_for_a_while_after_it_left() -> None:
    house = stage()
    house.connect(spiffe("agent-a")).session.on_closed("reset")
    house.clock.advance(HOLD - 1)
    assert house.refused(EVIL).code is Code.UNAUTHENTICATED
    house.clock.advance(1)
    assert house.connect(EVIL).session.identity == EVIL


def test_the_first_may_come_back_at_any_time() -> None:
    house = stage()
    house.connect(spiffe("agent-a")).session.on_closed("reset")
    house.clock.advance(1)
    assert house.connect(spiffe("agent-a")).session.generation == 2


async def test_authenticating_alone_takes_no_name() -> None:
    house = stage()
    assert await house.log_in(EVIL) is None
    assert house.connect(spiffe("agent-a")).session.identity == spiffe("agent-a")


def test_what_one_identity_holds_is_its_own_name_only() -> None:
    house = stage()
    house.connect(spiffe("agent-a"))
    assert house.connect("spiffe://cluster.local/ns/evil/sa/agent-b").session.agent.name == "agent-b"


# Storms


def evict_each_other(house: Stage, times: int, *, every: float) -> None:
    """Two processes of one identity, each coming back `every` seconds after it was superseded."""
    lines: dict[str, Line] = {}
    for peer, _ in zip(itertools.cycle("12"), range(times), strict=False):
        lines[peer] = house.connect(spiffe("agent-a"), peer=peer)
        other = lines.get("2" if peer == "1" else "1")
        if other is not None:
            assert other.sink.status is not None
            assert other.sink.status.code is Code.UNAVAILABLE
            assert wait_of(other.sink.status) == SUPERSEDED_PUSHBACK
            other.session.on_closed("closed")
        house.clock.advance(every)


def test_two_that_keep_evicting_each_other_are_told_of_once_with_both_peers() -> None:
    house = stage()
    with structlog.testing.capture_logs() as lines:
        evict_each_other(house, 20, every=1.0)
    told = [line for line in lines if line["event"] == "audit"]
    assert [line["kind"] for line in told] == ["agent-name-contended"]
    assert "ipv4:127.0.0.1:1" in told[0]["detail"]
    assert "ipv4:127.0.0.1:2" in told[0]["detail"]
    assert spiffe("agent-a") in told[0]["detail"]
    agent = house.hub.agents.ensure("agent-a")
    assert (agent.takeovers, agent.contended_at is not None) == (19, True)


def test_it_is_told_again_while_it_goes_on_but_not_more_often_than_the_window() -> None:
    house = stage()
    evict_each_other(house, 60, every=60.0)
    assert 2 <= house.kinds.count(Kind.NAME_CONTENDED) <= 60 * 60 / WINDOW + 1


def test_a_few_takeovers_are_no_storm() -> None:
    house = stage()
    evict_each_other(house, TAKEOVERS, every=1.0)
    assert house.kinds == []


def test_takeovers_far_apart_are_no_storm() -> None:
    house = stage()
    evict_each_other(house, 50, every=WINDOW)
    assert house.kinds == []


def test_an_agent_whose_streams_die_unnoticed_is_not_taken_for_two() -> None:
    house = stage()
    previous = None
    for _ in range(20):
        line = house.connect(spiffe("agent-a"))
        if previous is not None:
            assert previous.sink.status is not None
            previous.session.on_closed("noticed at last")
        for _ in range(3):
            line.say(heartbeat("beat"))
            house.clock.advance(1.0)
        # The link has broken, and nothing has told the principal yet.
        house.clock.advance(1.2)
        previous = line
    assert house.hub.agents.ensure("agent-a").takeovers == 19
    assert house.kinds == []


# Limits


def test_ten_thousand_streams_of_one_identity_leave_two_and_cost_the_others_nothing() -> None:
    house = stage()
    other = house.connect(spiffe("agent-b"))
    lines, statuses = [], []
    token = house.token(spiffe("agent-a"))
    for _ in range(10_000):
        sink = FakeSink()
        try:
            call = house.call(spiffe("agent-a"), token=token)
            lines.append(Line(house.hub.open_stream(methods.SUBSCRIBE, call, sink), sink))
        except RpcError as error:
            statuses.append(error.status)
    assert (len(lines), len(statuses)) == (2, 9_998)
    assert {status.code for status in statuses} == {Code.UNAVAILABLE}
    assert {wait_of(status) for status in statuses} == {5.0}
    assert house.hub.audit.counts[Kind.STREAMS] == 9_998
    assert len(house.hub.audit.entries) == ENTRIES_KEPT
    assert (other.sink.status, lines[-1].sink.status) == (None, None)


def test_a_stream_that_has_closed_makes_room() -> None:
    house = stage()
    first, _second = house.connect(spiffe("agent-a")), house.connect(spiffe("agent-a"))
    assert house.refused(spiffe("agent-a")).code is Code.UNAVAILABLE
    first.session.on_closed("closed at last")
    first.session.on_closed("and told twice")
    house.connect(spiffe("agent-a"))
    assert house.refused(spiffe("agent-a")).code is Code.UNAVAILABLE


def test_streams_that_replace_each_other_as_fast_as_they_can_are_slowed_down() -> None:
    house = stage()
    opened, waits = 0, []
    for _ in range(600):  # a hundred a second
        try:
            line = house.connect(spiffe("agent-a"))
        except RpcError as error:
            waits.append(wait_of(error.status))
        else:
            opened += 1
            line.session.on_closed("closed")
        house.clock.advance(0.01)
    assert opened == pytest.approx(10 + 2 * 6, abs=1)
    assert max(waits) <= 0.5


def test_a_stream_that_could_not_be_opened_takes_no_room() -> None:
    house = stage()

    def broken(_agent: Agent) -> None:
        raise RuntimeError("a defect")

    house.hub.on_connected = broken
    for _ in range(5):
        with pytest.raises(RuntimeError):
            house.connect(spiffe("agent-a"))
    house.hub.on_connected = lambda _agent: None
    assert house.connect(spiffe("agent-a")).session.generation == 6


def test_all_streams_together_have_a_limit_too() -> None:
    house = stage(Limits(sessions=3))
    lines = [house.connect(spiffe(f"agent-{number}")) for number in range(3)]
    status = house.refused(spiffe("agent-3"))
    assert (status.code, wait_of(status)) == (Code.UNAVAILABLE, 5.0)
    assert house.kinds == [Kind.SESSIONS]
    lines[0].session.on_closed("gone")
    house.connect(spiffe("agent-3"))


async def test_logins_of_one_identity_come_at_a_rate_and_say_when_the_next_may() -> None:
    house = stage(Limits(logins_per_second=2, login_burst=10))
    assert [await house.log_in(spiffe("agent-a")) for _ in range(10)] == [None] * 10
    status = await house.log_in(spiffe("agent-a"))
    assert status is not None
    assert status.code is Code.UNAVAILABLE
    assert wait_of(status) == 0.5
    assert await house.log_in(spiffe("agent-b")) is None, "another identity on the same connection"
    house.clock.advance(wait_of(status))
    assert await house.log_in(spiffe("agent-a")) is None


async def test_renewing_a_token_counts_as_a_login() -> None:
    house = stage(Limits(login_burst=1))
    bearer = Bearer(agent="agent-a", mode="managed", method="header", identity=spiffe("agent-a"))
    request = RefreshTokenRequest(refreshToken=ISSUER.issue(bearer, now=house.clock.wall()).refresh)
    call = house.call(spiffe("agent-a"))
    await house.hub.unary(methods.REFRESH, request.SerializeToString(), call)
    with pytest.raises(RpcError) as raised:
        await house.hub.unary(methods.REFRESH, request.SerializeToString(), call)
    assert raised.value.status.code is Code.UNAVAILABLE


async def test_argocd_agents_login_loop_over_a_wrong_version_is_slowed_down() -> None:
    house = stage()
    answers, request = [], auth_request(version="0.0.0")
    for _ in range(600):  # ten a second for a minute: spec hub-protocol §4.3
        with pytest.raises(RpcError) as raised:
            await house.hub.unary(methods.AUTHENTICATE, request, house.call(spiffe("agent-a")))
        answers.append(raised.value.status.code)
        house.clock.advance(0.1)
    assert answers.count(Code.FAILED_PRECONDITION) == pytest.approx(130, abs=3)
    assert set(answers) == {Code.FAILED_PRECONDITION, Code.UNAVAILABLE}


async def test_a_principal_that_stops_says_when_to_come_back_to_whoever_logs_in() -> None:
    house = stage()
    house.hub.close()
    status = await house.log_in(spiffe("agent-a"))
    assert status is not None
    assert (status.code, wait_of(status) > 0) == (Code.UNAVAILABLE, True)


async def test_hundreds_of_agents_that_come_back_at_once_meet_no_limit() -> None:
    house = stage()
    for number in range(300):
        assert await house.log_in(spiffe(f"agent-{number}")) is None
        house.connect(spiffe(f"agent-{number}"))
    assert house.kinds == []


# Records


async def test_records_are_bounded_and_the_agent_that_left_first_is_forgotten() -> None:
    house = stage(Limits(agents=3))
    for number in range(3):
        house.connect(spiffe(f"agent-{number}")).session.on_closed("gone")
        house.clock.advance(1.0)
    status = await house.log_in(spiffe("agent-3"))
    assert status is not None, "each name is still held"
    assert (status.code, house.kinds) == (Code.UNAVAILABLE, [Kind.AGENTS])
    house.clock.advance(HOLD)
    assert await house.log_in(spiffe("agent-3")) is None
    assert [agent.name for agent in house.hub.agents.seen()] == ["agent-1", "agent-2", "agent-3"]


async def test_an_agent_that_is_connected_or_has_events_on_their_way_is_not_forgotten() -> None:
    house = stage(Limits(agents=2))
    house.connect(spiffe("agent-0"))
    house.connect(spiffe("agent-1")).session.on_closed("gone")
    metadata = {"name": "a", "namespace": "agent-1", "uid": "u", "resourceVersion": "1"}
    house.hub.enqueue("agent-1", object_event(EventType.CREATE, Target.APPLICATION, {"metadata": metadata}))
    house.clock.advance(2 * HOLD)
    assert await house.log_in(spiffe("agent-2")) is not None
    assert {agent.name for agent in house.hub.agents.seen()} == {"agent-0", "agent-1"}


def test_agents_of_the_store_take_no_place_of_those_who_come() -> None:
    agents = Agents(limit=1)
    for number in range(10):
        agents.ensure(f"namespace-{number}")
    assert agents.welcome("agent-a", 0.0) is not None
    assert agents.welcome("namespace-1", 0.0) is agents.get("namespace-1"), "agent-a owns nothing: it is forgotten"
    assert agents.get("agent-a") is None


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["came", "left", "welcome", "ensure"]))))
def test_however_they_come_and_go_no_more_are_kept_than_the_limit(steps: list[tuple[str, str]]) -> None:
    agents = Agents(limit=3)
    for name, step in steps:
        agent = agents.get(name)
        if step == "ensure":
            agents.ensure(name)
        elif step == "welcome":
            agents.welcome(name, 0.0)
        elif agent is not None and agent.seen:
            agents.came(agent) if step == "came" else agents.left(agent)
        assert len(agents.seen()) <= 3


def test_what_is_audited_can_be_shown_as_json() -> None:
    from principal.admin import views

    house = stage()
    house.connect(spiffe("agent-a"))
    house.refused(EVIL)
    shown = json.loads(views.audit(house.hub.audit).model_dump_json(by_alias=True))
    assert shown["counts"] == {"agent-name-taken": 1}
    assert [entry["identity"] for entry in shown["entries"]] == [EVIL]
