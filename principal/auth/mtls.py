"""`mtls:`: the caller is whom its certificate names, verified by the principal's own TLS.

`mtls:subject:<regex>` reads the subject as Go writes it; `mtls:uri:<regex>` the URI names in the certificate's order,
where the first that matches decides; `mtls:<regex>` is argocd-agent's older spelling of the former (spec hub-protocol
§2.2). A certificate that claims a SPIFFE ID must be an X.509-SVID in either form.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Self, final

from mesh.identity.errors import IdentityError, RuleError, shown
from mesh.identity.verdict import Trail, Verdict
from mesh.names import LABEL_RULE, is_dns1123_label
from principal.auth import method
from principal.auth.certificate import PeerCertificate, read_certificate
from principal.auth.errors import RefusedError
from principal.auth.patterns import Pattern
from principal.rpc import CallInfo

FORMS: Final = "mtls:subject:<regex> or mtls:uri:<regex>"
"""What the method looks like, for messages and help texts."""


class Source(StrEnum):
    """Which text of a certificate the regex reads."""

    SUBJECT = "subject"
    URI = "uri"


@final
class MtlsMethod:
    """Believes the certificate of the connection. Credentials play no part."""

    name = method.MTLS

    def __init__(self, source: Source, pattern: Pattern, *, deprecated: bool = False) -> None:
        self.source = source
        self.deprecated = deprecated
        """Whether the older spelling, without `subject:`, was used."""
        self._pattern = pattern

    @classmethod
    def parse(cls, config: str) -> Self:
        """The method that `config`, the text after `mtls:`, spells; RuleError when it can't be used."""
        word, colon, pattern = config.partition(":")
        if colon and word in set(Source):
            return cls(Source(word), _pattern(pattern))
        return cls(Source.SUBJECT, _pattern(config), deprecated=True)

    def claimed(self, _credentials: Mapping[str, str]) -> None:
        """Nobody: the call itself shows who calls, at once."""

    async def authenticate(self, _credentials: Mapping[str, str], call: CallInfo) -> Verdict:
        """Who logs in, by the certificate of the call's connection."""
        return self._identify(call)

    def present(self, _agent: str, call: CallInfo) -> Verdict:
        """Who calls, by the certificate of the call's connection."""
        return self._identify(call)

    def _identify(self, call: CallInfo) -> Verdict:
        trail = Trail()
        try:
            certificate = read_certificate(call.connection.certificate)
            trail.note("certificate", f"subject {shown(certificate.subject)}, {len(certificate.uris)} URI names")
            text, group = self._matched(certificate)
            trail.identity = certificate.identity if self.source is Source.SUBJECT else text
            trail.note("identity", shown(trail.identity))
            trail.note("regex", f"group 1 of {self._pattern.text} is {shown(group)}")
            return trail.accept(_agent(group))
        except IdentityError as refusal:
            return trail.refuse(refusal.rule, str(refusal))

    def _matched(self, certificate: PeerCertificate) -> tuple[str, str]:
        """The text that the regex matches, and its first group; RefusedError without either."""
        texts = certificate.uris if self.source is Source.URI else (certificate.subject,)
        for text in texts:
            group = self._pattern.first_group(text)
            if group is None:
                continue
            if not group:
                raise RefusedError(
                    "regex-empty-group",
                    f"group 1 of {self._pattern.text} is empty in {shown(text)}; accepted: a certificate in which it "
                    "matches some text",
                )
            return text, group
        said = ", ".join(map(shown, texts)) or "no URI name"
        raise RefusedError(
            "regex-no-match",
            f"the certificate's {self.source.value}, {said}, does not match {self._pattern.text}; accepted: one that "
            "the regex matches",
        )


def _pattern(text: str) -> Pattern:
    try:
        return Pattern.parse(text)
    except RuleError as error:
        raise RuleError(error.fault, f"{error}; accepted: {FORMS}") from None


def _agent(group: str) -> str:
    if not is_dns1123_label(group):
        raise RefusedError("agent-not-a-label", f"the name would be {shown(group)}; accepted: {LABEL_RULE}")
    return group
