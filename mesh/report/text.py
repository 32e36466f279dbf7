"""Findings for people: a line that editors and terminals can follow to the place, then what to do."""

from typing import Final

from mesh.findings import Finding, Level
from mesh.report.model import Report, printable, shortened

_BOLD: Final = "1"
_DIM: Final = "2"
_COLOURS: Final = {Level.ERROR: "1;31", Level.WARNING: "1;33", Level.INFO: "1;36"}
"""Terminal colours (SGR): red, yellow, cyan."""

_PLURALS: Final = {Level.ERROR: "errors", Level.WARNING: "warnings", Level.INFO: "notes"}
_SINGULARS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
_INDENT: Final = "    "


def write_text(report: Report) -> str:
    """The findings, one after the other."""
    return "".join(_finding(each, colour=report.colour) for each in report.findings)


def summary(report: Report) -> str:
    """How many findings there are, in one line without a break."""
    counted = [_counted(report.count(level), level) for level in _PLURALS if report.count(level)]
    documents = "1 document" if report.documents == 1 else f"{report.documents} documents"
    return f"{', '.join(counted) or 'nothing found'} in {documents}"


def _counted(number: int, level: Level) -> str:
    return f"{number} {_SINGULARS[level] if number == 1 else _PLURALS[level]}"


def _finding(finding: Finding, *, colour: bool) -> str:
    place = f"{printable(finding.file)}{f':{finding.line}' if finding.line else ''}: " if finding.file else ""
    level = _painted(f"{finding.level} {finding.code}", _COLOURS[finding.level], colour=colour)
    lines = [f"{_painted(place, _BOLD, colour=colour)}{level}: {shortened(finding.message)}"]
    about = _about(finding)
    if about:
        lines.append(_INDENT + _painted(about, _DIM, colour=colour))
    for number, line in enumerate(finding.remedy.splitlines()):
        lines.append(f"{_INDENT}{'remedy: ' if number == 0 else '  '}{shortened(line)}")
    lines.append(_INDENT + _painted(f"see {finding.doc}", _DIM, colour=colour))
    return "\n".join(lines) + "\n"


def _about(finding: Finding) -> str:
    parts = [str(finding.object)] if finding.object and finding.object.kind else []
    parts += [finding.path] if finding.path else []
    return printable(", ".join(parts))


def _painted(text: str, code: str, *, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour and text else text
