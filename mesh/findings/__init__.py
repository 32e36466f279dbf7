"""Findings: permanent codes, levels, places and remedies.

A room's codes are in its own file here; `CATALOGUE` puts them together. A check makes a finding with `found`. Every
code has a page in docs/findings and fixtures in tests/mesh/findings, which a test sees to.
"""

from mesh.findings.catalogue import CATALOGUE, RANGES, assemble
from mesh.findings.making import found, missing
from mesh.findings.model import LEVELS, Code, Document, Finding, Level, ObjectRef, path_text

__all__ = [
    "CATALOGUE",
    "LEVELS",
    "RANGES",
    "Code",
    "Document",
    "Finding",
    "Level",
    "ObjectRef",
    "assemble",
    "found",
    "missing",
    "path_text",
]
