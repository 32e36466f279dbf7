#!/bin/sh
# Refresh the hash-pinned lock files. They name no index: whoever installs uses the index their pip is set up with.
set -eu
cd "$(dirname "$0")"
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet uv
compile() {
    "$tools/bin/uv" pip compile --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate --no-emit-index-url --no-emit-find-links --upgrade --quiet "$@"
}
compile pyproject.toml --output-file requirements.lock
compile pyproject.toml --extra lab --extra dev --output-file requirements-dev.lock
# The build backend alone, for the container image's build stage.
grep -o 'hatchling>=[0-9.]*' pyproject.toml | head -n 1 | compile - --output-file requirements-build.lock
