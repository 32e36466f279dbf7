"""The admin API: its JSON as promised, and what it does not do."""

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from fastapi import FastAPI

from hubproto.events import Event, EventType, Target, ack, heartbeat, object_event
from principal.admin import models
from principal.admin.app import create_app
from principal.admin.server import serving
from principal.attest import Attestor
from principal.config import Attest
from principal.rpc import ConnectionStats, DoorError, RpcError
from principal.sockdiag import ESTABLISHED, Address, Endpoint, Owned
from principal.surroundings.judging import findings
from principal.surroundings.survey import Surroundings
from tests.principal.surroundings.pods import pod
from tests.principal.virtual import Bench, bench, spiffe

READY = models.Ready(ready=True, store_faults=[])


def stats() -> Mapping[str, ConnectionStats]:
    return {"c1": ConnectionStats(pings_sent=7, pings_received=3)}


def app_of(
    stage: Bench,
    *,
    ready: models.Ready = READY,
    attestor: Attestor | None = None,
    surroundings: Surroundings | None = None,
) -> FastAPI:
    return create_app(
        stage.hub.agents,
        connection_stats=stats,
        readiness=lambda: ready,
        audit=stage.hub.audit,
        attest=Attest.OFF if attestor is None else Attest.NETNS,
        attestor=attestor,
        surroundings=surroundings or Surroundings(),
    )


@pytest.fixture
def stage() -> Bench:
    return bench()


@pytest.fixture
async def client(stage: Bench) -> AsyncIterator[httpx.AsyncClient]:
    app = app_of(stage)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090") as client:
        yield client


def beat(rtt: str | None = None) -> Event:
    event = heartbeat("beat")
    extra = () if rtt is None else (("rttms", rtt),)
    return Event(event.type, event.target, event.resource_id, event.event_id, extra=extra)


async def test_a_connected_agent_shows_who_it_is_since_when_and_how_alive(
    stage: Bench, client: httpx.AsyncClient
) -> None:
    line = stage.connect("agent-a")
    line.say(beat())
    line.say(beat("2.5"))
    body = (await client.get("/api/v1/agents")).json()
    assert body["next"] is None
    [agent] = body["agents"]
    assert agent["name"] == "agent-a"
    assert agent["identity"] == spiffe("agent-a")
    assert agent["mode"] == "managed"
    assert agent["transport"] == "test"
    assert agent["connectedSince"].endswith("Z")
    assert agent["heartbeat"] == {
        "received": 2,
        "acked": 2,
        "last": agent["connectedSince"],
        "rttMs": {"last": 2.5, "min": 2.5, "median": 2.5, "p99": 2.5, "samples": 1},
    }
    known = {name: value for name, value in agent["connection"].items() if value is not None}
    assert known == {"id": "c1", "sharedBy": 1, "peer": "ipv4:127.0.0.1:1", "pingsSent": 7, "pingsReceived": 3}
    assert (agent["deaths"], agent["lastDeath"]) == (0, None)


async def test_a_disconnected_agent_stays_with_its_last_death(stage: Bench, client: httpx.AsyncClient) -> None:
    line = stage.connect("agent-a")
    stage.clock.advance(5.0)
    line.session.on_closed("reset")
    agent = (await client.get("/api/v1/agents/agent-a")).json()
    assert (agent["connected"], agent["connectedSince"], agent["connection"]) == (False, None, None)
    assert agent["deaths"] == 1
    assert agent["lastDeath"]["cause"] == "remote-closed"
    assert agent["lastDeath"]["livedSeconds"] == 5.0
    assert agent["recentDeaths"] == [agent["lastDeath"]]


async def test_agents_sharing_a_connection_are_counted(stage: Bench, client: httpx.AsyncClient) -> None:
    for name in ("agent-a", "agent-b"):
        stage.connect(name)
    body = (await client.get("/api/v1/agents")).json()
    assert [agent["connection"]["sharedBy"] for agent in body["agents"]] == [2, 2]


async def test_pages_follow_each_other_without_gap_or_repetition(stage: Bench, client: httpx.AsyncClient) -> None:
    names = [f"agent-{number:02}" for number in range(25)]
    for name in reversed(names):
        stage.connect(name)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        body = (await client.get("/api/v1/agents", params={"limit": 10, "cursor": cursor})).json()
        seen += [agent["name"] for agent in body["agents"]]
        cursor = body["next"]
    assert seen == names


async def test_an_agent_that_never_came_is_not_found_though_events_wait_for_it(
    stage: Bench, client: httpx.AsyncClient
) -> None:
    metadata = {"name": "a", "namespace": "agent-a", "uid": "u", "resourceVersion": "1"}
    stage.hub.enqueue("agent-a", object_event(EventType.CREATE, Target.APPLICATION, {"metadata": metadata}))
    answer = await client.get("/api/v1/agents/agent-a")
    assert answer.status_code == 404
    assert "agent-a" in answer.json()["error"]
    assert (await client.get("/api/v1/agents")).json()["agents"] == []


async def test_what_is_on_its_way_is_counted(stage: Bench, client: httpx.AsyncClient) -> None:
    line = stage.connect("agent-a")
    metadata = {"name": "a", "namespace": "agent-a", "uid": "u", "resourceVersion": "1"}
    stage.hub.enqueue("agent-a", object_event(EventType.CREATE, Target.APPLICATION, {"metadata": metadata}))
    queue = (await client.get("/api/v1/agents/agent-a")).json()["queue"]
    assert queue == {"pending": 0, "awaitingAck": 1}
    line.say(ack(line.sink.take()[0]))
    assert (await client.get("/api/v1/agents/agent-a")).json()["queue"]["awaitingAck"] == 0


async def test_deaths_of_all_agents_come_newest_first(stage: Bench, client: httpx.AsyncClient) -> None:
    for name in ("agent-a", "agent-b", "agent-a"):
        line = stage.connect(name)
        stage.clock.advance(1.0)
        line.session.on_closed("reset")
    deaths = (await client.get("/api/v1/deaths", params={"limit": 2})).json()["deaths"]
    assert [death["agent"] for death in deaths] == ["agent-a", "agent-b"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=many", "limit=-1", "cursor=" + "x" * 300], ids=str.strip
)
async def test_a_query_out_of_range_is_refused(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/v1/agents?{query}")).status_code == 422


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8090", "127.0.0.1.evil.example"])
async def test_a_page_that_rebinds_its_name_to_this_machine_gets_nothing(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/api/v1/agents", headers={"host": host})).status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_changed(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, "/api/v1/agents/agent-a")).status_code == 405


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/api/v1/agents/../../etc/passwd", "/api/v2/agents"])
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "there are /api/v1/agents, /api/v1/agents/{name}, " in answer.json()["error"]


async def test_no_cross_origin_header_is_ever_sent(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/agents", headers={"origin": "http://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


class OfUser1000:
    """A kernel to which every socket is user 1000's."""

    def owner(self, *, local: Endpoint, remote: Endpoint) -> Owned:
        return Owned(ESTABLISHED, 1000, 42, local, remote)

    def addresses(self) -> list[Address]:
        return []


async def test_attestation_shows_whom_it_refused_the_newest_first(stage: Bench) -> None:
    attestor = Attestor(OfUser1000(), uids={2102, 1337}, wall=stage.clock.wall, monotonic=stage.clock.monotonic)
    for port in (1, 2):
        with pytest.raises(RpcError):
            attestor.check(peer=f"ipv4:127.0.0.1:{port}", own=Endpoint.of("127.0.0.1", 8443), method="/m")
    transport = httpx.ASGITransport(app=app_of(stage, attestor=attestor))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        body = (await client.get("/api/v1/attestation")).json()
    assert (body["mode"], body["sidecarUids"], body["attested"]) == ("netns", [1337, 2102], 0)
    assert body["refused"] == {"peer-not-the-sidecar": 2}
    newest, oldest = body["lastRefusals"]
    assert (newest["peer"], oldest["peer"]) == ("ipv4:127.0.0.1:2", "ipv4:127.0.0.1:1")
    assert (newest["rule"], newest["uid"], newest["inode"], newest["method"]) == (
        "peer-not-the-sidecar",
        1000,
        42,
        "/m",
    )
    assert newest["at"].endswith("Z")


async def test_attestation_that_is_off_says_so(client: httpx.AsyncClient) -> None:
    body = (await client.get("/api/v1/attestation")).json()
    assert body == {
        "mode": "off",
        "sidecarUids": [],
        "attested": 0,
        "headerPeers": [],
        "believed": 0,
        "refused": {},
        "lastRefusals": [],
    }


async def test_the_audit_is_empty_while_nothing_was_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/audit")).json() == {"counts": {}, "entries": []}


async def test_the_audit_shows_what_was_refused_the_newest_first(stage: Bench, client: httpx.AsyncClient) -> None:
    for agent in ("agent-a", "agent-b"):
        stage.connect(agent)
        stage.connect(agent)
        with pytest.raises(RpcError):
            stage.connect(agent)
    body = (await client.get("/api/v1/audit")).json()
    assert body["counts"] == {"too-many-streams": 2}
    assert [entry["agent"] for entry in body["entries"]] == ["agent-b", "agent-a"]
    assert body["entries"][0]["identity"] == spiffe("agent-b")
    assert (await client.get("/api/v1/agents/agent-a")).json()["takeovers"] == 1


async def test_readiness_is_a_status_code_and_names_the_stores_faults(stage: Bench) -> None:
    waiting = models.Ready(ready=False, store_faults=["a.yaml:3: bad indentation"])
    app = app_of(stage, ready=waiting)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "storeFaults": ["a.yaml:3: bad indentation"]}
        assert (await client.get("/healthz")).status_code == 200


async def test_it_is_served_on_a_free_port_and_a_taken_one_is_an_error(stage: Bench) -> None:
    app = app_of(stage)
    async with serving(app, host="127.0.0.1", port=0) as url:
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            assert (await client.get("/readyz")).json()["ready"] is True
        port = int(url.rsplit(":", 1)[1])
        with pytest.raises(DoorError, match=f"{port}.*--admin-port"):
            async with serving(app, host="127.0.0.1", port=port):
                pass


async def test_findings_are_empty_until_the_principal_has_looked_at_its_pod(client: httpx.AsyncClient) -> None:
    body = (await client.get("/api/v1/findings")).json()
    assert body == {"checked": False, "podinfo": False, "sidecar": None, "faults": [], "findings": []}


async def test_findings_tell_what_is_wrong_with_the_principals_own_pod(stage: Bench) -> None:
    facts = pod(annotations={"sidecar.istio.io/inject": "false"}, faults=("labels: line 1",))
    app = app_of(stage, surroundings=Surroundings(facts, findings(facts)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8090") as client:
        body = (await client.get("/api/v1/findings")).json()
    assert (body["checked"], body["podinfo"], body["sidecar"], body["faults"]) == (
        True,
        True,
        "none",
        ["labels: line 1"],
    )
    [found] = body["findings"]
    assert (found["code"], found["level"], found["doc"]) == ("MT1114", "error", "docs/findings/MT1114.md")
    assert set(found) == {"code", "level", "message", "path", "remedy", "doc"}
