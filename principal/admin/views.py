"""From the hub's records to the admin API's JSON."""

from collections.abc import Mapping, Sequence

from principal import agents, deaths
from principal.admin import models
from principal.agents import Agents
from principal.attest import Attestor
from principal.audit import Audit
from principal.clock import rfc3339
from principal.config import Attest
from principal.rpc import ConnectionStats, StreamCounts
from principal.session import Session
from principal.surroundings.survey import Surroundings


def agent(record: agents.Agent, everyone: Agents, stats: Mapping[str, ConnectionStats]) -> models.Agent:
    """One agent's public record."""
    session = record.session
    last = record.deaths[-1] if record.deaths else None
    return models.Agent(
        name=record.name,
        identity=session.identity if session is not None else record.identity,
        mode=record.mode,
        connected=session is not None,
        connected_since=rfc3339(session.opened_wall) if session is not None else None,
        transport=session.connection.transport if session is not None else None,
        heartbeat=_heartbeat(record.heartbeat),
        connection=_connection(session, everyone, stats) if session is not None else None,
        stream=_stream(session.counts()) if session is not None else None,
        queue=models.Queue(pending=record.queue.pending, awaiting_ack=record.queue.awaiting),
        streams=record.streams,
        takeovers=record.takeovers,
        contended_at=rfc3339(record.contended_at) if record.contended_at is not None else None,
        deaths=record.deaths_total,
        last_death=death(record.name, last) if last is not None else None,
        events_received=record.events_received,
        events_refused=record.events_refused,
    )


def detail(record: agents.Agent, everyone: Agents, stats: Mapping[str, ConnectionStats]) -> models.AgentDetail:
    """One agent's public record with its deaths."""
    base = agent(record, everyone, stats)
    return models.AgentDetail(**base.model_dump(), recent_deaths=[death(record.name, entry) for entry in record.deaths])


def death(name: str, entry: deaths.Death) -> models.Death:
    """One end of one stream."""
    report = entry.report
    return models.Death(
        agent=name,
        at=rfc3339(entry.at),
        cause=entry.cause.value,
        detail=entry.detail,
        lived_seconds=round(entry.lived, 3),
        quiet_seconds=round(entry.quiet, 3),
        report=None
        if report is None
        else models.DeathReport(
            cause=report.cause,
            detail=report.detail,
            lived_seconds=round(report.lived, 3),
            quiet_seconds=round(report.quiet, 3),
        ),
    )


def attestation(mode: Attest, attestor: Attestor | None) -> models.Attestation:
    """What was asked of the kernel, and what it answered."""
    if attestor is None:
        return models.Attestation(
            mode=mode.value, sidecar_uids=[], attested=0, header_peers=[], believed=0, refused={}, last_refusals=[]
        )
    return models.Attestation(
        mode=mode.value,
        sidecar_uids=sorted(attestor.uids),
        attested=attestor.attested,
        header_peers=list(map(str, attestor.networks)),
        believed=attestor.believed,
        refused={rule.value: count for rule, count in attestor.refused.items()},
        last_refusals=[
            models.RefusedConnection(
                at=rfc3339(refusal.at),
                rule=refusal.rule.value,
                why=refusal.why,
                peer=refusal.peer,
                uid=refusal.uid,
                inode=refusal.inode,
                method=refusal.method,
            )
            for refusal in reversed(attestor.refusals)
        ],
    )


def audit(found: Audit) -> models.AuditPage:
    """What the hub refused or found suspicious."""
    entries = [
        models.AuditEntry(
            at=rfc3339(entry.at),
            kind=entry.kind.value,
            agent=entry.agent,
            identity=entry.identity,
            peer=entry.peer,
            detail=entry.detail,
        )
        for entry in reversed(found.entries)
    ]
    return models.AuditPage(counts={kind.value: count for kind, count in found.counts.items()}, entries=entries)


def findings(surroundings: Surroundings) -> models.Findings:
    """What is wrong with the principal's own pod."""
    facts = surroundings.facts
    return models.Findings(
        checked=facts is not None,
        podinfo=facts is not None and facts.sees_pod,
        sidecar=facts.sidecar if facts is not None else None,
        faults=list(facts.faults) if facts is not None else [],
        findings=[
            models.Finding(
                code=each.code,
                level=each.level.value,
                message=each.message,
                path=each.path,
                remedy=each.remedy,
                doc=each.doc,
            )
            for each in surroundings.found
        ],
    )


def round_trips(samples: Sequence[float]) -> models.RoundTrip:
    """Statistics of some round trips in milliseconds, in the order they came."""
    if not samples:
        return models.RoundTrip(last=None, min=None, median=None, p99=None, samples=0)
    ranked = sorted(samples)
    return models.RoundTrip(
        last=samples[-1],
        min=ranked[0],
        median=ranked[len(ranked) // 2],
        p99=ranked[min(len(ranked) - 1, len(ranked) * 99 // 100)],
        samples=len(ranked),
    )


def _heartbeat(stats: agents.HeartbeatStats) -> models.Heartbeat:
    return models.Heartbeat(
        received=stats.received,
        acked=stats.acked,
        last=rfc3339(stats.last) if stats.last is not None else None,
        rtt_ms=round_trips(list(stats.rtts)),
    )


def _connection(session: Session, everyone: Agents, stats: Mapping[str, ConnectionStats]) -> models.Connection:
    info = session.connection
    counted = stats.get(info.id, ConnectionStats())
    return models.Connection(
        id=info.id,
        shared_by=everyone.sharing(info.id),
        peer=info.peer,
        pings_sent=counted.pings_sent,
        pings_received=counted.pings_received,
        ping_gap_seconds=_rounded(counted.ping_gap, 3),
        ping_rtt_ms=_rounded(counted.ping_rtt, 6, factor=1000),
        bytes_received=counted.bytes_received,
        bytes_sent=counted.bytes_sent,
        frames_received=None if counted.frames_received is None else dict(counted.frames_received),
        streams=counted.streams,
        resets_received=counted.resets_received,
        resets_sent=counted.resets_sent,
        last_reset=counted.last_reset,
        goaway=counted.goaway,
    )


def _stream(counts: StreamCounts) -> models.Stream:
    return models.Stream(
        messages_received=counts.messages_received,
        messages_sent=counts.messages_sent,
        unsent_bytes=counts.unsent,
        bytes_received=counts.bytes_received,
        bytes_sent=counts.bytes_sent,
        frames_received=counts.frames_received,
        frames_sent=counts.frames_sent,
    )


def _rounded(value: float | None, digits: int, *, factor: float = 1.0) -> float | None:
    return None if value is None else round(value * factor, digits)
