"""`identity:<header>:<template>`: the caller is an agent when its whole identity is the template's but for one segment.

The safe form. For `x-forwarded-client-cert` the caller's element must have one URI, for others the value itself is the
identity; then the identity is compared with the template, part by part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

from mesh.identity.allow import check_allowed
from mesh.identity.caller import read_caller
from mesh.identity.errors import IdentityError, RuleError
from mesh.identity.header import XFCC, agent_name, one_value
from mesh.identity.options import NO_OPTIONS, IdentityOptions
from mesh.identity.template import LinkerdTemplate, Template, parse_template
from mesh.identity.verdict import Trail, Verdict


@final
@dataclass(frozen=True, slots=True)
class TemplateRule:
    """One header and the template of the identities that are agents."""

    header: str
    """The header's name, in lower case."""
    template: Template
    options: IdentityOptions = NO_OPTIONS

    @classmethod
    def parse(cls, header: str, template: str, options: IdentityOptions = NO_OPTIONS) -> Self:
        """The rule of `template` on `header`; RuleError when the template cannot be met there."""
        parsed = parse_template(template)
        if header == XFCC and isinstance(parsed, LinkerdTemplate):
            raise RuleError("template-form", f"{XFCC} holds SPIFFE IDs: the template begins with spiffe://")
        return cls(header, parsed, options)

    def identify(self, values: Sequence[str], forwarded: Sequence[str] = ()) -> Verdict:
        """Who calls, by `values`, every value of the header in this call's metadata, and every value of Forwarded."""
        trail = Trail()
        try:
            value = one_value(self.header, values)
            trail.note("header", f"{self.header}: {len(value)} bytes")
            caller = read_caller(self.header, value, forwarded=forwarded, options=self.options, trail=trail)
            agent = self.template.agent_of(caller.identity)
            trail.note("template", f"{self.template} with {agent} for {{agent}}")
            return trail.accept(check_allowed(agent_name(agent), self.options.allowed_agents))
        except IdentityError as refusal:
            return trail.refuse(refusal.rule, str(refusal))
