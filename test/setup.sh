#!/usr/bin/env bash
# Finds or installs a Python that has the AWS CLI and moto at the pinned versions, and one that has Schemathesis, and writes
# their paths to .cache/python and .cache/python-api. What can't be had is left out: the reason goes to
# .cache/external-missing instead, and the exit status is still 0: the caller decides whether that is a failure.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache
rm -f .cache/python .cache/python-api .cache/external-missing

has_pinned() { "$1" test/external/check_versions.py "$2" >/dev/null 2>&1; }
missing() { printf '%s\n' "$1" >>.cache/external-missing; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

venv_works() {
	python3 -c 'import venv, ensurepip' 2>/dev/null && return
	echo "setup: installing python3-venv" >&2
	as_root apt-get update -qq >&2 && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3 python3-venv >&2
}

# prepare WHAT REQUIREMENTS VENV FILE CANDIDATE...: writes the path of a Python that has the requirements to the file.
prepare() {
	local what=$1 requirements=$2 venv=$3 file=$4 python
	shift 4
	for python in "$@" "$venv/bin/python" python3; do
		[ -n "$python" ] && command -v "$python" >/dev/null || continue
		has_pinned "$python" "$requirements" && { "$python" -c 'import sys; print(sys.executable)' >"$file"; return; }
	done
	venv_works || { missing "python3 with venv is not here and could not be installed (Debian package python3-venv)"; return; }
	echo "setup: installing $what into $venv" >&2
	python3 -m venv "$venv" >&2 || { missing "python3 -m venv $venv failed"; return; }
	"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2 || { missing "$what could not be installed ($requirements)"; return; }
	has_pinned "$venv/bin/python" "$requirements" || { missing "pip installed other versions than $requirements names"; return; }
	printf '%s\n' "$PWD/$venv/bin/python" >"$file"
}

prepare "the AWS CLI and moto" test/external/requirements.txt .cache/venv .cache/python "${GLUEGUARD_TEST_PYTHON:-}"
prepare Schemathesis test/external/requirements-api.txt .cache/venv-api .cache/python-api "${GLUEGUARD_TEST_PYTHON_API:-}"
