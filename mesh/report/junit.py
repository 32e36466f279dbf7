"""Findings as JUnit XML, which build servers show as tests.

Each finding is a test case of the file that it is about: an error is a failure, the rest is output. A file without
findings is one case that passed.
"""

from typing import Final
from xml.sax.saxutils import escape, quoteattr

from mesh.findings import Finding, Level
from mesh.report.model import Report, shortened

SUITE: Final = "meshtether mesh verify"
NOWHERE: Final = "(missing)"
"""Stands for the file of a finding about something that is not there."""


def write_junit(report: Report) -> str:
    """One suite."""
    clean = [source for source in report.sources if source not in {finding.file for finding in report.findings}]
    cases = [_case(finding) for finding in report.findings]
    cases += [f"    <testcase classname={_attribute(source)} name={_attribute('verify')}/>\n" for source in clean]
    failures = report.count(Level.ERROR)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="0" skipped="0"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites {counts}>\n"
        f"  <testsuite name={_attribute(SUITE)} {counts}>\n"
        f"{''.join(cases)}"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def _case(finding: Finding) -> str:
    name = f"{finding.code} {finding.object or ''} {finding.path}".rstrip()
    kind = "failure" if finding.level is Level.ERROR else "system-out"
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    text = "\n".join(part for part in (place, finding.message, *finding.remedy.splitlines(), finding.doc) if part)
    start = f"failure type={_attribute(finding.code)} message={_attribute(finding.message)}"
    opening = start if kind == "failure" else kind
    return (
        f"    <testcase classname={_attribute(finding.file or NOWHERE)} name={_attribute(name)}>\n"
        f"      <{opening}>{_text(text)}</{kind}>\n"
        "    </testcase>\n"
    )


def _attribute(text: str) -> str:
    return quoteattr(shortened(text))


def _text(text: str) -> str:
    return escape("\n".join(map(shortened, text.split("\n"))))
