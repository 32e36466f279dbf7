"""What the demo starts, as values: who takes part, which timers rule, and the very commands a user would write."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

STREAM_IDLE: Final = 5.0
"""Seconds of the sidecars' stream idle timer: short enough to see it kill several times in half a minute."""

HEARTBEAT: Final = "2s"
"""Heartbeat interval of the agents that live: under half of the timer, so that one may come late."""

QUIET_AGENT: Final = "agent-quiet"
"""The agent without heartbeats, whose streams the timer kills."""

NAMESPACE: Final = "argocd-agents"
"""Namespace of the agents' service accounts: part of their identities."""

PRINCIPAL_NAMESPACE: Final = "argocd"
TRUST_DOMAIN: Final = "cluster.local"

AUTH: Final = {
    "istio": f"identity:x-forwarded-client-cert:spiffe://{TRUST_DOMAIN}/ns/{NAMESPACE}/sa/{{agent}}",
    "linkerd": f"identity:l5d-client-id:{{agent}}.{NAMESPACE}.serviceaccount.identity.linkerd.{TRUST_DOMAIN}",
}
"""The principal's identity rule, by mesh."""


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """What `meshtether demo` was asked for."""

    mesh: str = "istio"
    agents: int = 3
    """Agents with heartbeats; one more without them is always there."""
    seconds: float | None = None
    """How long to run; None runs until Ctrl-C."""
    directory: Path | None = None
    """Where stores, logs and the lab live; None makes a folder that goes away in the end."""
    plain: bool = False
    """Print lines instead of a live table."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process: a short name and its command line, the program left out."""

    name: str
    arguments: tuple[str, ...]

    def shown(self) -> str:
        """The command as a user would type it."""
        return shlex.join(("meshtether", *self.arguments))


def live_agents(count: int) -> list[str]:
    """Names of the agents with heartbeats."""
    return [f"agent-{number}" for number in range(1, count + 1)]


def principal_command(*, mesh: str, port: int, admin_port: int, store: Path) -> Command:
    """The hub, plaintext on loopback, behind its sidecar."""
    return Command(
        "principal",
        (
            "principal",
            "--listen-host=127.0.0.1",
            f"--listen-port={port}",
            "--insecure-plaintext=true",
            f"--auth={AUTH[mesh]}",
            f"--namespace={PRINCIPAL_NAMESPACE}",
            f"--admin-port={admin_port}",
            f"--store={store}",
        ),
    )


def agent_command(name: str, *, port: int, store: Path, heartbeat: str | None = HEARTBEAT) -> Command:
    """A spoke that dials its own sidecar; without `heartbeat` its stream is quiet."""
    beat = () if heartbeat is None else (f"--heartbeat-interval={heartbeat}",)
    return Command(
        name,
        (
            "agent",
            "--server-address=127.0.0.1",
            f"--server-port={port}",
            "--creds=header:",
            "--agent-mode=managed",
            f"--namespace={PRINCIPAL_NAMESPACE}",
            *beat,
            "--keep-alive-ping-interval=30s",
            f"--store={store}",
        ),
    )


def application(agent: str) -> str:
    """A sample Application for an agent, as a user would write it."""
    return f"""\
# The agent of an Application is its namespace.
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: guestbook
  namespace: {agent}
spec:
  project: default
  source:
    repoURL: https://example.com/apps.git
    path: guestbook
    targetRevision: HEAD
  destination:
    name: {agent}
    namespace: guestbook
"""
