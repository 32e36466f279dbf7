"""The admin HTTP API. It listens on loopback and asks nobody who they are, so it only reads.

A browser must not be able to reach it from a foreign page: the Host header has to name this machine (DNS rebinding),
and there is no CORS header.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware

from principal.admin import models, views
from principal.agents import Agents
from principal.attest import Attestor
from principal.audit import Audit
from principal.config import Attest
from principal.rpc import ConnectionStats
from principal.surroundings.survey import Surroundings

MAX_PAGE: Final = 1000
"""Agents in one answer; a larger page would hold up the event loop that heartbeats run on."""

DEFAULT_PAGE: Final = 100

MAX_DEATHS: Final = 1000
"""Deaths in one answer."""

MAX_NAME: Final = 253
"""Characters of an agent's name or a cursor."""

TRUSTED_HOSTS: Final = ["127.0.0.1", "localhost", "[::1]"]
"""Names by which a browser or tool on this machine, or through a port-forward, calls it."""

_NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {404: {"model": models.Problem}}


def create_app(
    agents: Agents,
    *,
    connection_stats: Callable[[], Mapping[str, ConnectionStats]],
    readiness: Callable[[], models.Ready],
    audit: Audit,
    attest: Attest,
    attestor: Attestor | None,
    surroundings: Surroundings,
) -> FastAPI:
    """The application over one hub's records."""
    app = FastAPI(title="meshtether principal", docs_url=None, redoc_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=TRUSTED_HOSTS)

    @app.get("/api/v1/agents", response_model=models.AgentPage)
    async def list_agents(
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE,
        cursor: Annotated[str, Query(max_length=MAX_NAME)] = "",
    ) -> models.AgentPage:
        """Agents that have authenticated since the start, by name, from the one after `cursor` on."""
        following = [record for record in agents.seen() if record.name > cursor]
        page, stats = following[:limit], connection_stats()
        return models.AgentPage(
            agents=[views.agent(record, agents, stats) for record in page],
            next=page[-1].name if len(following) > limit else None,
        )

    @app.get("/api/v1/agents/{name}", response_model=models.AgentDetail, responses=_NOT_FOUND)
    async def one_agent(name: str) -> models.AgentDetail | JSONResponse:
        """One agent, with its last deaths."""
        record = agents.get(name)
        if record is None or not record.seen:
            problem = models.Problem(error=f"no agent {name[:MAX_NAME]!r} has authenticated since the start")
            return JSONResponse(problem.model_dump(), status_code=404)
        return views.detail(record, agents, connection_stats())

    @app.get("/api/v1/deaths", response_model=models.DeathPage)
    async def list_deaths(limit: Annotated[int, Query(ge=1, le=MAX_DEATHS)] = DEFAULT_PAGE) -> models.DeathPage:
        """Remembered deaths of all agents, the newest first."""
        everyone = [(entry, record.name) for record in agents.seen() for entry in record.deaths]
        everyone.sort(key=lambda pair: pair[0].at, reverse=True)
        return models.DeathPage(deaths=[views.death(name, entry) for entry, name in everyone[:limit]])

    @app.get("/api/v1/attestation", response_model=models.Attestation)
    async def attestation() -> models.Attestation:
        """Whether connections are attested, how many were, and the last that were refused."""
        return views.attestation(attest, attestor)

    @app.get("/api/v1/audit", response_model=models.AuditPage)
    async def audited() -> models.AuditPage:
        """What the hub refused or found suspicious: names that are another's, limits that were met."""
        return views.audit(audit)

    @app.get("/api/v1/findings", response_model=models.Findings)
    async def findings() -> models.Findings:
        """What the principal saw of its own pod when it started, and what is wrong with that."""
        return views.findings(surroundings)

    @app.get("/healthz", response_model=dict[str, str])
    async def healthz() -> dict[str, str]:
        """200 while the process and its event loop live."""
        return {"status": "ok"}

    @app.get("/readyz", response_model=models.Ready, responses={503: {"model": models.Ready}})
    async def readyz(response: Response) -> models.Ready:
        """200 once the store has been read and the door is open; 503 before, and while stopping."""
        state = readiness()
        if not state.ready:
            response.status_code = 503
        return state

    @app.exception_handler(404)
    async def no_such_path(request: Request, _why: Exception) -> JSONResponse:
        """Say which paths there are."""
        there = ", ".join(sorted(app.openapi()["paths"]))
        problem = models.Problem(error=f"there is no {request.url.path[:MAX_NAME]!r} here; there are {there}")
        return JSONResponse(problem.model_dump(), status_code=404)

    return app
