"""Who may come in: the Authentication and Version services, without a transport (spec hub-protocol §1.3, §2).

Order and answers are argocd-agent's, so that its agents understand them: mode, method, credentials, version, tokens.
Stricter is this: a token is good only for the identity that it was issued for. RefreshToken and Subscribe ask again who
calls, by the same header or certificate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from google.protobuf.message import DecodeError

from hubproto.auth_pb2 import AuthRequest, AuthResponse, RefreshTokenRequest
from hubproto.methods import AUTHORIZATION, MODES, VERSION_PREFIX
from hubproto.version_pb2 import VersionResponse
from mesh.identity.errors import IdentityError, shown
from mesh.identity.verdict import Verdict
from mesh.names import LABEL_RULE, is_dns1123_label
from principal.auth.demands import NO_DEMANDS, Demands
from principal.auth.errors import RefusedError
from principal.auth.method import Method
from principal.rpc import CallInfo, Code, RpcError
from principal.tokens import ACCESS, REFRESH, Bearer, Claims, Issuer, TokenError

log = structlog.stdlib.get_logger(__name__)

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
    """SPIFFE ID, Linkerd name or the certificate's identity, where header or certificate tell one."""


class Login:
    """Authenticates agents by one method, and issues and checks their tokens."""

    def __init__(
        self, method: Method, issuer: Issuer, *, namespace: str, version: str, demands: Demands = NO_DEMANDS
    ) -> None:
        self.gate: Callable[[str, CallInfo], None] = lambda _identity, _call: None
        """Called with the identity of whoever wants to authenticate, before anything that costs time (tokens are
        signed, passwords compared); RpcError turns them away. The hub sets it."""
        self._method = method
        self._issuer = issuer
        self._namespace = namespace
        self._version = version
        self._demands = demands

    async def authenticate(self, request: bytes, call: CallInfo, *, now: float) -> tuple[Caller, bytes]:
        """The caller and the serialised AuthResponse; RpcError as argocd-agent's principal would answer."""
        message = _parse(AuthRequest, request)
        if message.mode not in MODES:
            raise RpcError(Code.UNKNOWN, f"unknown or missing operation mode: '{message.mode[:MAX_SHOWN]}'")
        try:
            agent, identity = await self._shown(message, call, now=now)
        except IdentityError as refusal:
            log.warning(
                "authentication refused",
                rule=refusal.rule,
                why=str(refusal),
                method=message.method[:MAX_SHOWN],
                peer=call.connection.peer,
            )
            raise RpcError(Code.UNAUTHENTICATED, AUTHENTICATION_FAILED) from refusal
        self._check_version(message.version, agent)
        bearer = Bearer(agent=agent, mode=message.mode, method=self._method.name, identity=identity or agent)
        pair = self._issuer.issue(bearer, now=now)
        response = AuthResponse(
            accessToken=pair.access,
            refreshToken=pair.refresh,
            version=self._version,
            principalNamespace=self._namespace,
        )
        return Caller(agent, message.mode, identity), response.SerializeToString()

    def refresh(self, request: bytes, call: CallInfo, *, now: float) -> bytes:
        """A serialised AuthResponse with a new access token; UNAUTHENTICATED for a token that isn't the caller's."""
        message = _parse(RefreshTokenRequest, request)
        try:
            claims, _ = self._bearer((message.refreshToken,), REFRESH, call, now=now)
        except (TokenError, IdentityError) as error:
            _log_refusal("token refresh refused", error, call)
            raise RpcError(Code.UNAUTHENTICATED, AUTHENTICATION_FAILED) from error
        self.gate(claims.bearer.identity, call)
        pair = self._issuer.renew(claims, now=now)
        return AuthResponse(accessToken=pair.access, refreshToken=pair.refresh).SerializeToString()

    def admit(self, call: CallInfo, *, now: float) -> Caller:
        """Who calls a protected method; UNAUTHENTICATED unless the token is the caller's."""
        try:
            claims, identity = self._bearer(call.values(AUTHORIZATION), ACCESS, call, now=now)
        except (TokenError, IdentityError) as error:
            _log_refusal("call refused", error, call)
            raise RpcError(Code.UNAUTHENTICATED, INVALID_AUTHENTICATION) from error
        return Caller(claims.bearer.agent, claims.bearer.mode, identity)

    def version(self) -> bytes:
        """The serialised answer of the Version service."""
        return VersionResponse(version=f"{VERSION_PREFIX}{self._version}").SerializeToString()

    async def _shown(self, message: AuthRequest, call: CallInfo, *, now: float) -> tuple[str, str | None]:
        """The agent and the identity that the caller has shown to be; IdentityError otherwise."""
        if message.method != self._method.name:
            raise RefusedError(
                "unsupported-method",
                f"the agent logs in by {shown(message.method)}; accepted: {self._method.name}, as --auth says",
            )
        self._demands.check(call.connection, now=now)
        claimed = self._method.claimed(message.credentials)
        if claimed:
            self.gate(claimed, call)
        agent, identity = _named(await self._method.authenticate(message.credentials, call))
        if not claimed:
            self.gate(identity or agent, call)
        self._demands.check_name(agent, call.connection)
        if not is_dns1123_label(agent):
            raise RefusedError("agent-not-a-label", f"the name would be {shown(agent)}; accepted: {LABEL_RULE}")
        self._check_namespace(agent)
        return agent, identity

    def _check_namespace(self, agent: str) -> None:
        if agent == self._namespace:
            # argocd-agent lets it in and then refuses every later call, so that its agent reconnects for ever (#510).
            raise RefusedError(
                "agent-named-as-namespace",
                f"the agent would be named {shown(agent)}, as the principal's own namespace; accepted: any other name",
            )

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

    def _bearer(self, tokens: Sequence[str], audience: str, call: CallInfo, *, now: float) -> tuple[Claims, str | None]:
        """What the one token says, and the caller's identity, if it is the one that the token was issued for."""
        if len(tokens) != 1:
            raise TokenError(f"{len(tokens)} values of {AUTHORIZATION!r}: exactly one is needed", "token-missing")
        claims = self._issuer.check(tokens[0], audience, now=now)
        bearer = claims.bearer
        if bearer.method != self._method.name:
            raise TokenError(
                f"{bearer.agent!r}'s token was issued for {bearer.method}, and --auth says {self._method.name}",
                "token-other-method",
            )
        self._check_namespace(bearer.agent)
        self._demands.check(call.connection, now=now)
        agent, identity = _named(self._method.present(bearer.agent, call))
        if agent != bearer.agent:
            raise TokenError(f"the token is {bearer.agent!r}'s, the caller is {agent!r}", "token-other-agent")
        if (identity or agent) != bearer.identity:
            raise TokenError(
                f"{agent!r}'s token was issued to {shown(bearer.identity)}, the caller is {shown(identity or agent)}",
                "token-other-identity",
            )
        self._demands.check_name(agent, call.connection)
        return claims, identity


def _named(verdict: Verdict) -> tuple[str, str | None]:
    """The agent and its identity; RefusedError when the verdict names nobody."""
    if verdict.agent is None:
        why = verdict.steps[-1].outcome if verdict.steps else "nobody is named"
        raise RefusedError(verdict.refused or "nobody", why.removeprefix(f"{verdict.refused}: "))
    return verdict.agent, verdict.identity


def _log_refusal(what: str, error: TokenError | IdentityError, call: CallInfo) -> None:
    log.warning(what, rule=error.rule, why=str(error), peer=call.connection.peer)


def _parse(kind: type[_M], request: bytes) -> _M:
    try:
        return kind.FromString(request)
    except DecodeError as error:
        raise RpcError(Code.INVALID_ARGUMENT, f"not a {kind.__name__}: {error}") from error
