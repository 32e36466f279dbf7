"""What every caller must satisfy, whatever the method: the allow list, and its certificate's lifetime, name and more.

A connection may be older than the last change of these, so they are asked at each login, refresh and stream.
"""

from dataclasses import dataclass

from mesh.identity.allow import AgentPattern, check_allowed
from mesh.identity.errors import shown
from principal.auth.blocklist import Blocklist
from principal.auth.certificate import fingerprint, read_certificate
from principal.auth.errors import RefusedError
from principal.auth.followed import FollowedFile
from principal.rpc import ConnectionInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """The demands of one principal."""

    required: bool = False
    """Whether a caller without a certificate is refused; TLS does so in the handshake already."""
    subject_match: bool = False
    """Whether the certificate's common name must be the agent's name."""
    blocklist: FollowedFile[Blocklist] | None = None
    allowed: tuple[AgentPattern, ...] = ()
    """The agents that may come, whatever the method; empty lets all."""

    def check(self, connection: ConnectionInfo, *, now: float) -> None:
        """Raise IdentityError unless the connection's certificate is good at `now` (seconds since 1970)."""
        if connection.certificate or self.required:
            self.check_blocklist(connection)
            read_certificate(connection.certificate).check_lifetime(now)

    def check_blocklist(self, connection: ConnectionInfo) -> None:
        """Raise RefusedError if the connection's certificate is blocked."""
        if self.blocklist is None or not connection.certificate:
            return
        found = fingerprint(connection.certificate)
        if found in self.blocklist.value.fingerprints:
            raise RefusedError(
                "certificate-blocked", f"the certificate {found} stands in {self.blocklist.path}; accepted: another"
            )

    def check_name(self, agent: str, connection: ConnectionInfo) -> None:
        """Raise IdentityError unless the agent may come, and the certificate bears its name where that is demanded."""
        check_allowed(agent, self.allowed)
        if not self.subject_match:
            return
        name = read_certificate(connection.certificate).common_name
        if name != agent:
            raise RefusedError(
                "certificate-subject-mismatch",
                f"the certificate's common name is {shown(name)}; accepted: the agent's, {shown(agent)}",
            )


NO_DEMANDS = Demands()
"""Of a principal without TLS of its own."""
