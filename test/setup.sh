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

# found REQUIREMENTS FILE CANDIDATE...: writes the path of the first Python that has the requirements to the file.
found() {
	local requirements=$1 file=$2 python
	shift 2
	for python in "$@" python3; do
		[ -n "$python" ] && command -v "$python" >/dev/null || continue
		has_pinned "$python" "$requirements" && { "$python" -c 'import sys; print(sys.executable)' >"$file"; return; }
	done
	return 1
}

# pinned VENV ALL: installs just what the list names. Compiling it afterwards, on every core, takes half of pip's time for it.
pinned() {
	"$1/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-compile -r "$2" >&2 || return
	"$1/bin/python" -m compileall -q -j 0 "$1/lib" >&2 || true # what does not compile is compiled, or refused, when it is used
	"$1/bin/pip" check --disable-pip-version-check >&2
}

# install WHAT REQUIREMENTS ALL VENV FILE: into the venv, and writes the path of its Python to the file. Where the list of all
# that is needed is not enough, which it may not be for another Python, pip finds the rest.
install() {
	local what=$1 requirements=$2 all=$3 venv=$4 file=$5
	echo "setup: installing $what into $venv" >&2
	python3 -m venv "$venv" >&2 || { missing "python3 -m venv $venv failed"; return; }
	pinned "$venv" "$all" || "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2 ||
		{ missing "$what could not be installed ($requirements)"; return; }
	has_pinned "$venv/bin/python" "$requirements" || { missing "pip installed other versions than $requirements names"; return; }
	printf '%s\n' "$PWD/$venv/bin/python" >"$file"
}

aws=test/external/requirements.txt
api=test/external/requirements-api.txt
found "$aws" .cache/python "${GLUEGUARD_TEST_PYTHON:-}" .cache/venv/bin/python
found "$api" .cache/python-api "${GLUEGUARD_TEST_PYTHON_API:-}" .cache/venv-api/bin/python
if [ ! -f .cache/python ] || [ ! -f .cache/python-api ]; then
	if venv_works; then
		[ -f .cache/python ] || install "the AWS CLI and moto" "$aws" test/external/requirements-all.txt .cache/venv .cache/python &
		[ -f .cache/python-api ] || install Schemathesis "$api" "$api" .cache/venv-api .cache/python-api &
		wait
	else
		missing "python3 with venv is not here and could not be installed (Debian package python3-venv)"
	fi
fi
exit 0
