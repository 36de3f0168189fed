#!/usr/bin/env bash
# Finds or installs a Python that has the AWS CLI and moto at the pinned versions, and writes its path to .cache/python.
# When they can't be had, writes the reason to .cache/external-missing instead and still exits 0: the caller decides
# whether that is a failure.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache
rm -f .cache/python .cache/external-missing
requirements=test/external/requirements.txt

has_pinned() { "$1" test/external/check_versions.py "$requirements" >/dev/null 2>&1; }
missing() { printf '%s\n' "$1" >.cache/external-missing; exit 0; }

for python in "${GLUEGUARD_TEST_PYTHON:-}" .cache/venv/bin/python python3; do
	[ -n "$python" ] && command -v "$python" >/dev/null || continue
	has_pinned "$python" && { "$python" -c 'import sys; print(sys.executable)' >.cache/python; exit 0; }
done

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
	echo "setup: installing python3-venv" >&2
	as_root apt-get update -qq >&2 && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3 python3-venv >&2 ||
		missing "python3 with venv is not here and could not be installed (Debian package python3-venv)"
fi
echo "setup: installing the AWS CLI and moto into .cache/venv" >&2
python3 -m venv .cache/venv >&2 || missing "python3 -m venv .cache/venv failed"
.cache/venv/bin/pip install --quiet --disable-pip-version-check -r "$requirements" >&2 ||
	missing "the AWS CLI and moto could not be installed ($requirements)"
has_pinned .cache/venv/bin/python || missing "pip installed other versions than $requirements names"
printf '%s\n' "$PWD/.cache/venv/bin/python" >.cache/python
