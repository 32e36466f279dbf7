"""Findings as JSON, with the keys that users rely on."""

import json
from typing import Any

from mesh.findings import Finding
from mesh.report.model import Report


def write_json(report: Report) -> str:
    """`{"findings": […], "documents": N}`."""
    data = {"findings": [_finding(each) for each in report.findings], "documents": report.documents}
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    about = finding.object
    return {
        "code": finding.code,
        "level": str(finding.level),
        "message": finding.message,
        "file": finding.file,
        "line": finding.line,
        "object": None
        if about is None
        else {
            "apiVersion": about.api_version,
            "kind": about.kind,
            "namespace": about.namespace,
            "name": about.name,
        },
        "path": finding.path,
        "remedy": finding.remedy,
        "doc": finding.doc,
    }
