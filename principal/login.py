"""Who may come in: the Authentication and Version services, without a transport (spec hub-protocol §1.3, §2).

Order and answers are argocd-agent's, so that its agents understand them: mode, method, credentials, version, tokens.
One thing is stricter: where a request carries the identity header, RefreshToken and Subscribe demand that it still
names the agent that the token was issued for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from google.protobuf.message import DecodeError

from hubproto.auth_pb2 import AuthRequest, AuthResponse, RefreshTokenRequest
from hubproto.methods import AUTHORIZATION, MODES, VERSION_PREFIX
from hubproto.version_pb2 import VersionResponse
from mesh.identity.rules import IdentityRule, Verdict
from mesh.names import is_dns1123_label
from principal.rpc import CallInfo, Code, RpcError
from principal.tokens import ACCESS, Claims, Issuer, TokenError, TokenPair

log = structlog.stdlib.get_logger(__name__)

METHOD_HEADER: Final = "header"
"""The name on the wire of every method that reads a mesh's header (argocd-agent's internal/auth/interface.go)."""

AUTHENTICATION_FAILED: Final = "authentication failed"
INVALID_AUTHENTICATION: Final = "invalid authentication data"

_M = TypeVar("_M", AuthRequest, RefreshTokenRequest)

MAX_SHOWN = 64
"""Characters of a caller's own text that an error or a log line repeats."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a call comes from."""

    agent: str
    mode: str
    identity: str | None
    """SPIFFE ID or Linkerd name, where the header tells one."""


class Login:
    """Authenticates agents by a mesh's header and issues and checks their tokens."""

    def __init__(self, rule: IdentityRule, issuer: Issuer, *, namespace: str, version: str) -> None:
        self._rule = rule
        self._issuer = issuer
        self._namespace = namespace
        self._version = version
        self.gate: Callable[[str, CallInfo], None] = lambda _identity, _call: None
        """Called with the identity of whoever wants to authenticate, before anything that costs time (tokens are
        signed, passwords compared); RpcError turns them away. The hub sets it."""

    def authenticate(self, request: bytes, call: CallInfo, *, now: float) -> tuple[Caller, bytes]:
        """The caller and the serialised AuthResponse; RpcError as argocd-agent's principal would answer."""
        message = _parse(AuthRequest, request)
        if message.mode not in MODES:
            raise RpcError(Code.UNKNOWN, f"unknown or missing operation mode: '{message.mode[:MAX_SHOWN]}'")
        if message.method != METHOD_HEADER:
            log.warning(
                "authentication refused",
                rule="unsupported-method",
                method=message.method[:MAX_SHOWN],
                accepted=METHOD_HEADER,
                peer=call.connection.peer,
            )
            raise RpcError(Code.UNAUTHENTICATED, AUTHENTICATION_FAILED)
        agent, identity = self._identify(call)
        self.gate(identity or agent, call)
        self._check_version(message.version, agent)
        pair = self._issuer.issue(agent, message.mode, now=now)
        response = AuthResponse(
            accessToken=pair.access,
            refreshToken=pair.refresh,
            version=self._version,
            principalNamespace=self._namespace,
        )
        return Caller(agent, message.mode, identity), response.SerializeToString()

    def refresh(self, request: bytes, call: CallInfo, *, now: float) -> bytes:
        """A serialised AuthResponse with a new access token; UNAUTHENTICATED for a token that isn't good."""
        message = _parse(RefreshTokenRequest, request)
        try:
            pair = self._refreshed(message.refreshToken, call, now=now)
        except TokenError as error:
            log.warning("token refresh refused", reason=str(error), peer=call.connection.peer)
            raise RpcError(Code.UNAUTHENTICATED, AUTHENTICATION_FAILED) from error
        return AuthResponse(accessToken=pair.access, refreshToken=pair.refresh).SerializeToString()

    def admit(self, call: CallInfo, *, now: float) -> Caller:
        """Who calls a protected method; UNAUTHENTICATED unless token and header agree on it."""
        try:
            return self._admitted(call, now=now)
        except TokenError as error:
            log.warning("call refused", reason=str(error), peer=call.connection.peer)
            raise RpcError(Code.UNAUTHENTICATED, INVALID_AUTHENTICATION) from error

    def version(self) -> bytes:
        """The serialised answer of the Version service."""
        return VersionResponse(version=f"{VERSION_PREFIX}{self._version}").SerializeToString()

    def _identify(self, call: CallInfo) -> tuple[str, str | None]:
        verdict = self._rule.identify(call.values(self._rule.header))
        if verdict.agent is None:
            _log_refusal(verdict, self._rule.header, call)
            raise RpcError(Code.UNAUTHENTICATED, AUTHENTICATION_FAILED)
        if not is_dns1123_label(verdict.agent):
            log.warning("authentication refused", rule="agent-name", agent=verdict.agent[:MAX_SHOWN])
            raise RpcError(Code.UNAUTHENTICATED, AUTHENTICATION_FAILED)
        if verdict.agent == self._namespace:
            # argocd-agent lets it in and then refuses every later call, so that its agent reconnects for ever (#510).
            log.warning(
                "authentication refused",
                rule="agent-named-as-namespace",
                agent=verdict.agent,
                remedy="give the agent another name than the principal's own namespace",
            )
            raise RpcError(Code.UNAUTHENTICATED, AUTHENTICATION_FAILED)
        return verdict.agent, verdict.identity

    def _check_version(self, version: str, agent: str) -> None:
        if not version:
            raise RpcError(Code.INVALID_ARGUMENT, "agent version is required")
        if version != self._version:
            log.warning(
                "version mismatch",
                agent=agent,
                theirs=version[:MAX_SHOWN],
                ours=self._version,
                remedy="start one side with --protocol-version set to the other's",
            )
            raise RpcError(Code.FAILED_PRECONDITION, "version mismatch")

    def _refreshed(self, token: str, call: CallInfo, *, now: float) -> TokenPair:
        pair = self._issuer.refresh(token, now=now)
        self._same_agent(self._issuer.check(pair.access, ACCESS, now=now), call)
        return pair

    def _admitted(self, call: CallInfo, *, now: float) -> Caller:
        tokens = call.values(AUTHORIZATION)
        if len(tokens) != 1:
            raise TokenError(f"{len(tokens)} values of {AUTHORIZATION!r}: exactly one is needed")
        claims = self._issuer.check(tokens[0], ACCESS, now=now)
        return Caller(claims.agent, claims.mode, self._same_agent(claims, call))

    def _same_agent(self, claims: Claims, call: CallInfo) -> str | None:
        """The caller's present identity, if its header names the agent that the token speaks for."""
        verdict = self._rule.identify(call.values(self._rule.header))
        if verdict.agent != claims.agent:
            said = verdict.agent or f"nobody ({verdict.refused})"
            raise TokenError(f"the token is {claims.agent!r}'s, the header {self._rule.header!r} names {said}")
        return verdict.identity


def _log_refusal(verdict: Verdict, header: str, call: CallInfo) -> None:
    last = verdict.steps[-1] if verdict.steps else None
    log.warning(
        "authentication refused",
        rule=verdict.refused,
        why=f"{last.what}: {last.outcome}" if last else None,
        header=header,
        peer=call.connection.peer,
    )


def _parse(kind: type[_M], request: bytes) -> _M:
    try:
        return kind.FromString(request)
    except DecodeError as error:
        raise RpcError(Code.INVALID_ARGUMENT, f"not a {kind.__name__}: {error}") from error
