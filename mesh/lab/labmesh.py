"""A whole mesh on loopback: authorities, certificates, and one real Envoy for each workload.

```
agent ── h2c ──> its sidecar ══ mTLS ══> the principal's sidecar ── h2c ──> principal on 127.0.0.1:principal_port
```

Leaving the context ends every process, whatever happened inside. Ports are held for the lab's whole life, so a sidecar
that was killed comes back where its agent looks for it.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import structlog

from mesh.lab import bootstraps
from mesh.lab.admin import AdminError
from mesh.lab.binary import find_envoy
from mesh.lab.config import LabConfig, LabConfigError, Workload
from mesh.lab.credentials import Credentials, Issuer, credentials
from mesh.lab.ports import Port
from mesh.lab.sidecar import POLL, READY_WITHIN, Sidecar, SidecarError

log = structlog.stdlib.get_logger(__name__)


class LabMesh:
    """The mesh that `config` describes, in `directory` (made if absent, one lab each). An async context manager."""

    def __init__(self, config: LabConfig, directory: str | os.PathLike[str]) -> None:
        self.config = config
        self.directory = Path(directory)
        self._issuer = Issuer(config)
        self._workloads: dict[str, Workload] = {}
        self._sidecars: dict[str, Sidecar] = {}
        self._ports: dict[str, list[Port]] = {}
        self._principal: Sidecar | None = None
        self._envoy = Path()

    async def __aenter__(self) -> Self:
        self._envoy = find_envoy()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            await self._start()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    @property
    def principal_sidecar(self) -> Sidecar:
        """The sidecar that lets agents in. SidecarError outside the context."""
        if self._principal is None:
            raise SidecarError("the lab has not been started: enter its context first")
        return self._principal

    @property
    def sidecars(self) -> Mapping[str, Sidecar]:
        """The agents' sidecars by the agents' names."""
        return MappingProxyType(self._sidecars)

    def agent_port(self, name: str) -> int:
        """The port on 127.0.0.1 that agent `name` dials, in plaintext. LookupError when there is no such agent."""
        return self._sidecar(name).outbound_port

    def identity_of(self, name: str) -> str:
        """Who workload `name` is to the principal: a SPIFFE ID, or its Linkerd name in that flavour.

        LookupError when there is no such workload, or its certificate names nobody.
        """
        identity = self.config.identity(self._workload(name))
        if identity is None:
            raise LookupError(f"workload {name!r}: its certificate has no name of the {self.config.flavour} kind")
        return identity

    def credentials(self, name: str) -> Credentials:
        """The certificate files of workload `name`, for a test that speaks TLS itself."""
        return credentials(self.directory / self._workload(name).name)

    async def add_agent(self, agent: str | Workload) -> Sidecar:
        """Bring one more agent's sidecar up while the lab runs; it is ready on return."""
        workload = Workload(name=agent) if isinstance(agent, str) else agent
        self.config.check(workload)
        if workload.name in self._workloads:
            raise LabConfigError(f"workload {workload.name!r}: there is one of this name already")
        sidecar = self._agent_sidecar(workload)
        try:
            await sidecar.start()
            await sidecar.ready()
        except BaseException:
            await self.remove_agent(workload.name)
            raise
        return sidecar

    async def remove_agent(self, name: str) -> None:
        """Stop agent `name`'s sidecar and forget it; its files stay."""
        sidecar = self._sidecar(name)
        del self._sidecars[name], self._workloads[name]
        try:
            await sidecar.stop()
        finally:
            sidecar.kill()
            for port in self._ports.pop(name):
                port.release()

    async def rotate(self, name: str) -> None:
        """Give workload `name` a fresh SVID, and wait until its Envoy, if it runs, uses it. No connection is closed."""
        workload = self._workload(name)
        sidecar = self.principal_sidecar if name == self.config.principal.name else self._sidecar(name)
        before = await _secrets_read(sidecar)
        self._issuer.issue(workload, sidecar.directory)
        if not sidecar.running:
            return
        try:
            async with asyncio.timeout(READY_WITHIN):
                while await _secrets_read(sidecar) <= before:  # noqa: ASYNC110 - an Envoy tells only when asked
                    await asyncio.sleep(POLL)
        except TimeoutError:
            raise SidecarError(f"sidecar {name}: its new certificate was not taken within {READY_WITHIN} s") from None

    async def _start(self) -> None:
        """All files first, then all processes at once."""
        self._principal = self._principal_sidecar()
        for workload in self.config.workloads():
            self._agent_sidecar(workload)
        everyone = [self._principal, *self._sidecars.values()]
        for sidecar in everyone:
            await sidecar.start()
        for sidecar in everyone:
            await sidecar.ready()
        log.info(
            "lab started", flavour=self.config.flavour.value, sidecars=len(everyone), directory=str(self.directory)
        )

    async def _stop(self) -> None:
        """End every process and give the ports back; what cannot be waited for is killed."""
        everyone = [*self._sidecars.values(), *([self._principal] if self._principal else [])]
        try:
            await asyncio.gather(*(sidecar.stop() for sidecar in everyone))
        finally:
            for sidecar in everyone:
                sidecar.kill()
            for port in (port for ports in self._ports.values() for port in ports):
                port.release()
            self._ports.clear()

    def _workload(self, name: str) -> Workload:
        """The workload of this name, principal included."""
        if name not in self._workloads:
            raise LookupError(f"no workload {name!r} in this lab; there are {sorted(self._workloads)}")
        return self._workloads[name]

    def _sidecar(self, name: str) -> Sidecar:
        """The sidecar of the agent of this name."""
        if name not in self._sidecars:
            raise LookupError(f"no agent {name!r} in this lab; there are {sorted(self._sidecars)}")
        return self._sidecars[name]

    def _principal_sidecar(self) -> Sidecar:
        """The principal's sidecar, its files in place, not yet started."""
        workload = self.config.principal
        directory, admin_port, port = self._prepare(workload)
        sidecar = Sidecar(
            name=workload.name, envoy=self._envoy, directory=directory, admin_port=admin_port, inbound_port=port
        )
        bootstrap = bootstraps.inbound(self.config, _place(sidecar))
        sidecar.bootstrap_path.write_text(bootstrap.to_json(indent=2))
        return sidecar

    def _agent_sidecar(self, workload: Workload) -> Sidecar:
        """An agent's sidecar, its files in place, not yet started."""
        directory, admin_port, port = self._prepare(workload)
        sidecar = Sidecar(
            name=workload.name, envoy=self._envoy, directory=directory, admin_port=admin_port, outbound_port=port
        )
        bootstrap = bootstraps.outbound(
            self.config, _place(sidecar), workload, principal_sidecar_port=self.principal_sidecar.inbound_port
        )
        sidecar.bootstrap_path.write_text(bootstrap.to_json(indent=2))
        self._sidecars[workload.name] = sidecar
        return sidecar

    def _prepare(self, workload: Workload) -> tuple[Path, int, int]:
        """A folder with certificates, an admin port and a listening port for `workload`."""
        directory = self.directory / workload.name
        directory.mkdir(mode=0o700, exist_ok=True)
        self._issuer.issue(workload, directory)
        ports = [Port(), Port()]
        self._ports[workload.name] = ports
        self._workloads[workload.name] = workload
        return directory, ports[0].number, ports[1].number


def _place(sidecar: Sidecar) -> bootstraps.Place:
    """Where the sidecar's files and ports are, for its bootstrap."""
    files = credentials(sidecar.directory)
    return bootstraps.Place(
        secret=files.secret,
        trust=files.trust,
        access_log=sidecar.access_log_path,
        admin_port=sidecar.admin_port,
        port=sidecar.inbound_port or sidecar.outbound_port,
    )


async def _secrets_read(sidecar: Sidecar) -> int:
    """How many times its Envoy has built a TLS context from a new secret; 0 when it cannot be asked."""
    if not sidecar.running:
        return 0
    try:
        counters = await sidecar.stats()
    except AdminError:
        return 0
    return sum(value for name, value in counters.items() if name.endswith("ssl_context_update_by_sds"))
