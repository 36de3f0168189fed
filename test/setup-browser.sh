#!/usr/bin/env bash
# Finds or installs Chromium (Debian's package) and writes its path to .cache/chromium. When it can't be had, writes the
# reason to .cache/chromium-missing instead and still exits 0: the caller decides whether that is a failure.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache
rm -f .cache/chromium .cache/chromium-missing

found() {
	for browser in "${GLUEGUARD_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome; do
		[ -n "$browser" ] && command -v "$browser" >.cache/chromium && return
	done
	rm -f .cache/chromium
	return 1
}

found && exit 0
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
echo "setup: installing chromium" >&2
as_root apt-get update -qq >&2 && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2
found || echo "Chromium is not here and could not be installed (Debian package chromium)" >.cache/chromium-missing
