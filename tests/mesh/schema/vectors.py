"""The answers of Kubernetes' own Go code, and how to ask for them again: `python -m tests.mesh.schema.vectors ORACLE`.

The rows hold what is asked as well as what was answered; see oracle/README.md.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from mesh.manifests import read_documents

FOLDER = Path(__file__).parent
SHARED = Path(os.environ.get("MESHTETHER_SHARED", FOLDER.parents[3] / "shared"))
CRDS = SHARED / "crds"
"""Upstream CRDs, beside the project."""

RULES = FOLDER / "cel_go.json"
VERDICTS = FOLDER / "verdicts_go.json"


def rows(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text("utf-8"))


@cache
def schema(file: str, kind: str, version: str) -> dict[str, Any]:
    """The schema of one version of a kind."""
    for manifest in read_documents((CRDS / file).read_text("utf-8"), file)[0]:
        spec = manifest.data["spec"]
        if spec["names"]["kind"] == kind:
            return next(each["schema"]["openAPIV3Schema"] for each in spec["versions"] if each["name"] == version)
    raise KeyError(f"{kind} in {file}")


def ask(oracle: str, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    text = "\n".join(json.dumps(each) for each in requests)
    answer = subprocess.run([oracle], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in answer.stdout.strip().split("\n")]


def ask_rules(oracle: str) -> None:
    asked = [{"rule": row["rule"], "self": row["self"]} for row in rows(RULES)]
    answers = ask(oracle, [{"rule": row["rule"], "object": row["self"]} for row in asked])
    for row, answer in zip(asked, answers, strict=True):
        if answer.get("fault"):
            row["fault"] = answer["fault"].splitlines()[0][:200]
        elif answer["errors"]:
            row["error"] = answer["errors"][0][:200]
        else:
            row["value"] = answer.get("value")
    write(RULES, asked)


def ask_verdicts(oracle: str) -> None:
    asked = rows(VERDICTS)
    known: dict[str, dict[str, Any]] = {}
    for row in asked:
        place = (row["crd"], row["kind"], row["version"])
        known.setdefault("/".join(place), {"ref": "/".join(place), "schema": schema(*place), "root": True})
    requests = [
        {"ref": "/".join((row["crd"], row["kind"], row["version"])), "object": row["object"], "root": True}
        for row in asked
    ]
    answers = ask(oracle, [*known.values(), *requests])[len(known) :]
    for row, answer in zip(asked, answers, strict=True):
        row["errors"] = sorted(error.removeprefix("<nil>: ") for error in answer["errors"])
        row["unknown"] = sorted(answer["unknown"])
    write(VERDICTS, asked)


def write(path: Path, asked: list[dict[str, Any]]) -> None:
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in asked)
    path.write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    ask_rules(sys.argv[1])
    ask_verdicts(sys.argv[1])
