import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.findings import CATALOGUE, Finding, Level, ObjectRef
from mesh.report import FORMATS, Report, select, summary

HOSTILE = "a\x1b[31mb\x00c\u2028d<&\"'>]]>\ud800"


def finding(code="MT1701", level=Level.ERROR, **more):
    return Finding(
        **{
            "code": code,
            "level": level,
            "message": "spec.a is 20.",
            "file": "dir/my file.yaml",
            "line": 7,
            "object": ObjectRef("v1", "Thing", "argocd", "principal"),
            "path": "spec.a",
            "remedy": "Write:\na: 20s",
            "doc": CATALOGUE[code].doc,
            **more,
        }
    )


FINDINGS = (
    finding(),
    finding("MT1709", Level.WARNING, remedy=""),
    finding("MT1711", Level.INFO, file="", line=0, object=None, path=""),
)
REPORT = Report(findings=FINDINGS, documents=3, sources=("dir/my file.yaml", "clean.yaml"), version="1.2.3")


def test_text_names_place_code_object_field_remedy_and_page():
    text = FORMATS["text"](REPORT)
    assert text.startswith(
        "dir/my file.yaml:7: error MT1701: spec.a is 20.\n"
        "    Thing argocd/principal, spec.a\n"
        "    remedy: Write:\n"
        "      a: 20s\n"
        "    see docs/findings/MT1701.md\n"
    )
    assert "info MT1711: spec.a is 20.\n" in text


def test_colours_are_for_terminals():
    assert "\x1b" not in FORMATS["text"](REPORT)
    coloured = FORMATS["text"](Report(findings=FINDINGS, documents=3, colour=True))
    assert "\x1b[1;31merror MT1701\x1b[0m" in coloured


@pytest.mark.parametrize(
    ("findings", "documents", "text"),
    [
        ((), 1, "nothing found in 1 document"),
        ((), 0, "nothing found in 0 documents"),
        (FINDINGS, 2, "1 error, 1 warning, 1 note in 2 documents"),
        (FINDINGS * 2, 2, "2 errors, 2 warnings, 2 notes in 2 documents"),
    ],
)
def test_the_summary_counts(findings, documents, text):
    assert summary(Report(findings=findings, documents=documents)) == text


def test_json_has_exactly_the_keys_that_users_rely_on():
    data = json.loads(FORMATS["json"](REPORT))
    assert list(data) == ["findings", "documents"]
    assert data["documents"] == 3
    assert list(data["findings"][0]) == [
        "code", "level", "message", "file", "line", "object", "path", "remedy", "doc",
    ]  # fmt: skip
    assert data["findings"][0]["object"] == {
        "apiVersion": "v1", "kind": "Thing", "namespace": "argocd", "name": "principal",
    }  # fmt: skip
    assert data["findings"][2]["object"] is None
    assert [each["level"] for each in data["findings"]] == ["error", "warning", "info"]


SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "semanticVersion": {"type": "string"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "name": {"type": "string"},
                                                "shortDescription": {"$ref": "#/$defs/message"},
                                                "fullDescription": {"$ref": "#/$defs/message"},
                                                "help": {"$ref": "#/$defs/message"},
                                                "defaultConfiguration": {
                                                    "properties": {"level": {"$ref": "#/$defs/level"}}
                                                },
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                },
            },
        },
    },
    "$defs": {
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
        "result": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": -1},
                "level": {"$ref": "#/$defs/level"},
                "message": {"$ref": "#/$defs/message"},
                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                "locations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "physicalLocation": {
                                "type": "object",
                                "required": ["artifactLocation"],
                                "properties": {
                                    "artifactLocation": {
                                        "type": "object",
                                        "properties": {"uri": {"type": "string", "pattern": "^[!-~]*$"}},
                                    },
                                    "region": {
                                        "type": "object",
                                        "properties": {"startLine": {"type": "integer", "minimum": 1}},
                                    },
                                },
                            },
                            "logicalLocations": {"type": "array", "uniqueItems": True},
                        },
                    },
                },
            },
        },
    },
}
"""The parts of the standard's JSON schema that are used here."""


def test_sarif_has_the_standards_structure():
    import jsonschema

    data = json.loads(FORMATS["sarif"](REPORT))
    jsonschema.validate(data, SARIF)
    (run,) = data["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == ["MT1701", "MT1709", "MT1711"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    first, _, last = run["results"]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "dir/my%20file.yaml"},
        "region": {"startLine": 7},
    }
    assert first["level"] == "error"
    assert "locations" not in last
    assert last["level"] == "note"


def test_a_fingerprint_stays_when_lines_move():
    def prints(line):
        data = json.loads(FORMATS["sarif"](Report(findings=(finding(line=line),), documents=1)))
        return data["runs"][0]["results"][0]["partialFingerprints"]

    assert prints(7) == prints(70)


def test_junit_counts_errors_as_failures_and_clean_files_as_passed():
    root = ET.fromstring(FORMATS["junit"](REPORT))
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures")) == ("4", "1")
    cases = list(suite)
    assert [case.get("classname") for case in cases] == [
        "dir/my file.yaml", "dir/my file.yaml", "(missing)", "clean.yaml",
    ]  # fmt: skip
    failure = cases[0].find("failure")
    assert failure is not None
    assert failure.get("message") == "spec.a is 20."
    assert "dir/my file.yaml:7" in (failure.text or "")
    assert cases[1].find("failure") is None
    assert list(cases[3]) == []


@pytest.mark.parametrize("name", FORMATS)
def test_no_findings_are_a_report_too(name):
    text = FORMATS[name](Report(findings=(), documents=0))
    assert name == "text" or text.endswith("\n")


def read(name, text):
    if name in ("json", "sarif"):
        return json.loads(text)
    if name == "junit":
        return ET.fromstring(text)
    return text


@pytest.mark.parametrize("name", FORMATS)
@given(st.text() | st.just(HOSTILE))
def test_whatever_a_finding_says_the_report_can_be_read(name, text):
    text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    about = ObjectRef(text, text, text, text)
    report = Report(
        findings=(finding(message=text, file=text, path=text, remedy=text, object=about),),
        documents=1,
        sources=(text, "x"),
    )
    written = FORMATS[name](report)
    read(name, written)
    if name == "text":
        assert all(line.isprintable() for line in written.splitlines() if text.isprintable())
        assert "\x1b" not in written


def test_selecting_by_code_and_level():
    assert [f.code for f in select(FINDINGS, ignore={"MT1701"}, level=Level.INFO)] == ["MT1709", "MT1711"]
    assert [f.code for f in select(FINDINGS, ignore=(), level=Level.WARNING)] == ["MT1701", "MT1709"]
    assert [f.code for f in select(FINDINGS, ignore=(), level=Level.ERROR)] == ["MT1701"]
