"""Findings for people and programs: text, JSON, SARIF 2.1.0, JUnit. Pure: each takes a `Report` and returns a text."""

from collections.abc import Callable, Mapping
from typing import Final

from mesh.report.json import write_json
from mesh.report.junit import write_junit
from mesh.report.model import Report, select
from mesh.report.sarif import write_sarif
from mesh.report.text import summary, write_text

__all__ = ["FORMATS", "Report", "select", "summary", "write_json", "write_junit", "write_sarif", "write_text"]

FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": write_text,
    "json": write_json,
    "sarif": write_sarif,
    "junit": write_junit,
}
"""By the name on the command line. Each text ends with a line break, unless it is empty."""
