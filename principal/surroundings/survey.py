"""Looks around: the pod's files, the user, and who else listens; then has it judged, and says what was found."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from mesh.findings import Finding, Level
from principal.config import PrincipalConfig
from principal.surroundings import listeners, podinfo
from principal.surroundings.facts import Facts

log = structlog.stdlib.get_logger(__name__)

TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Sockets of our network namespace."""

MAX_LOGGED: Final = 20
"""Findings that become log lines; a pod shows a handful. The admin API has all."""

_AT: Final = {Level.ERROR: logging.ERROR, Level.WARNING: logging.WARNING, Level.INFO: logging.INFO}
"""Levels of the log. Methods of the logger would be those of the moment of import, before logging is set up."""


@dataclass(slots=True)
class Surroundings:
    """What the principal saw of its pod when it started, and what is wrong with that."""

    facts: Facts | None = None
    """None until it has looked."""
    found: list[Finding] = field(default_factory=list)


def look(config: PrincipalConfig) -> Facts:
    """What there is to see before the principal itself listens. Blocks for a few reads of files; never fails."""
    faults: list[str] = []
    return Facts(
        said=config.said,
        namespace=config.namespace,
        name=socket.gethostname(),
        uid=os.getuid() if hasattr(os, "getuid") else None,
        labels=_entries(config.podinfo, "labels", faults),
        annotations=_entries(config.podinfo, "annotations", faults),
        ports=_ports(),
        faults=tuple(faults),
    )


async def judge(facts: Facts, surroundings: Surroundings) -> None:
    """Verify what was seen and log it, beside whatever else the principal does meanwhile."""
    try:
        surroundings.found = await asyncio.to_thread(_findings, facts)
        surroundings.facts = facts
        tell(facts, surroundings.found)
    except Exception:
        # Advice must not stop a hub: whatever the checks meet in labels that anybody may write ends here.
        log.exception("surroundings not checked")


def _findings(facts: Facts) -> list[Finding]:
    from principal.surroundings.judging import findings  # noqa: PLC0415 - a third of a second that no agent waits for

    return findings(facts)


def tell(facts: Facts, found: Iterable[Finding]) -> None:
    """One line for each finding, and one in the end."""
    for fault in facts.faults:
        log.warning("pod's own description not read", fault=fault)
    told = list(found)
    for each in told[:MAX_LOGGED]:
        log.log(
            _AT[each.level],
            "finding about this principal",
            code=each.code,
            says=each.message,
            field=each.path,
            remedy=each.remedy.partition("\n")[0],
            see=each.doc,
        )
    log.info("surroundings checked", findings=len(told), podinfo=facts.sees_pod, sidecar=facts.sidecar)


def _entries(folder: Path | None, name: str, faults: list[str]) -> Mapping[str, str] | None:
    """The pairs in one file of the downward API; None when there is none."""
    if folder is None:
        return None
    try:
        with (folder / name).open("rb") as file:
            info = podinfo.parse(file.read(podinfo.MAX_BYTES + 1))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        faults.append(f"{folder / name}: {error}")
        return None
    faults += [f"{folder / name}: {fault}" for fault in info.faults]
    return info.entries


def _ports() -> frozenset[int] | None:
    """Where others listen in our network namespace; None where the kernel has no tables."""
    found: frozenset[int] | None = None
    for table in TABLES:
        try:
            with table.open("rb") as file:
                text = file.read(listeners.MAX_BYTES).decode("ascii", "replace")
        except OSError:
            continue
        found = (found or frozenset()) | listeners.listening(text)
    return found
