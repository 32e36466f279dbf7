"""Identity rules: which header says who calls, and how it is read.

`header:<name>:<regex>` is argocd-agent's form, `identity:<header>:<template>` the safe one. Both are values that are
made once, when the principal starts, and asked at every authentication.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from mesh.identity.errors import RuleError, shown
from mesh.identity.header import NAME_CHARACTERS
from mesh.identity.options import NO_OPTIONS, IdentityOptions, check_fit
from mesh.identity.regex_rule import RegexRule
from mesh.identity.template_rule import TemplateRule
from mesh.identity.verdict import Step, Verdict

__all__ = [
    "FORMS",
    "IdentityOptions",
    "IdentityRule",
    "RegexRule",
    "RuleError",
    "Step",
    "TemplateRule",
    "Verdict",
    "parse_rule",
]

FORMS = "header:<name>:<regex> or identity:<header>:<template>"
"""What a rule looks like, for messages and help texts."""

_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Go's strings.TrimSpace takes off, as argocd-agent does with name and regex; Python's strip() takes off more."""


class IdentityRule(Protocol):
    """Decides who a caller is by one header of its call."""

    @property
    def header(self) -> str:
        """The header's name, in lower case, as in gRPC metadata."""

    def identify(self, values: Sequence[str], forwarded: Sequence[str] = ()) -> Verdict:
        """Who calls; `values` is every value of the header in this call's metadata, in order. Never raises.

        `forwarded` is every value of the header Forwarded: who called a Linkerd gateway stands there.
        """


_METHODS: Mapping[str, Callable[[str, str, IdentityOptions], IdentityRule]] = MappingProxyType(
    {"header": RegexRule.parse, "identity": TemplateRule.parse}
)


def parse_rule(spec: str, options: IdentityOptions = NO_OPTIONS) -> IdentityRule:
    """The rule that `spec` spells, as given to `--auth`, with the identity options that go with it.

    RuleError, naming the fault, when it is none; OptionError when an option does not fit its header.
    """
    method, colon, config = spec.partition(":")
    name, second_colon, pattern = config.partition(":")
    parse = _METHODS.get(method)
    if parse is None or not colon or not second_colon:
        raise RuleError("rule-form", f"{shown(spec)} is no identity rule; accepted: {FORMS}")
    pattern = pattern.strip(_WHITE_SPACE)
    if not pattern:
        what = "regex" if method == "header" else "template"
        raise RuleError("rule-form", f"the {what} in {shown(spec)} is empty; accepted: {FORMS}")
    header = _header_name(name.strip(_WHITE_SPACE).lower())
    check_fit(header, options)
    return parse(header, pattern, options)


def _header_name(name: str) -> str:
    if not name or not NAME_CHARACTERS.issuperset(name):
        raise RuleError("header-name", f"{shown(name)} is no header's name; accepted: a-z, 0-9, '-', '_' and '.'")
    if name.endswith("-bin"):
        raise RuleError(
            "header-name", f"{name} would hold binary data, which is no identity; accepted: names without -bin"
        )
    return name
