"""Findings as SARIF 2.1.0, which code hosts show beside the lines of a change.

The standard: OASIS, Static Analysis Results Interchange Format Version 2.1.0.
"""

import hashlib
import json
import urllib.parse
from typing import Any, Final

from mesh.findings import CATALOGUE, Finding, Level
from mesh.report.model import Report, shortened

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
"""Name of the format's JSON schema; nothing is fetched from there."""

FINGERPRINT: Final = "meshtetherFinding/v1"
"""Which way of summing a finding up the fingerprint is; another way gets another number."""

_LEVELS: Final = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}


def write_sarif(report: Report) -> str:
    """One run with a rule for each code that was found."""
    codes = sorted({finding.code for finding in report.findings})
    driver: dict[str, Any] = {"name": "meshtether", "rules": [_rule(code) for code in codes]}
    if report.version:
        driver["semanticVersion"] = report.version
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes) for finding in report.findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": VERSION, "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str) -> dict[str, Any]:
    about = CATALOGUE[code]
    words = "".join(word.capitalize() for word in about.title.split() if word.isalnum())
    return {
        "id": code,
        "name": words,
        "shortDescription": {"text": about.title},
        "fullDescription": {"text": about.why},
        "help": {"text": f"{about.remedy} See {about.doc}."},
        "defaultConfiguration": {"level": _LEVELS[about.level]},
    }


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    text = f"{finding.message}\n{finding.remedy}" if finding.remedy else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.level],
        "message": {"text": "\n".join(map(shortened, text.split("\n")))},
        "partialFingerprints": {FINGERPRINT: _fingerprint(finding)},
    }
    location = _location(finding)
    if location:
        result["locations"] = [location]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {}
    if finding.file:
        physical: dict[str, Any] = {"artifactLocation": {"uri": urllib.parse.quote(finding.file)}}
        if finding.line:
            physical["region"] = {"startLine": finding.line}
        location["physicalLocation"] = physical
    if finding.object is not None and finding.object.kind:
        name = f"{finding.object}{f' {finding.path}' if finding.path else ''}"
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "object"}]
    return location


def _fingerprint(finding: Finding) -> str:
    """What stays the same when lines move: the code, the object and the field."""
    parts = (finding.code, finding.file, str(finding.object), finding.path)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
