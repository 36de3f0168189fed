#!/usr/bin/env bash
# Finds or installs Chromium and writes its path to .cache/chromium: Debian's headless shell of it where that can be had,
# which is the same engine without windows that nobody sees, and takes two thirds of the time; else the whole browser. When
# neither can be had, writes the reason to .cache/chromium-missing instead and still exits 0: the caller decides whether that
# is a failure.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .cache
rm -f .cache/chromium .cache/chromium-missing

found() {
	local browser
	for browser in "$@"; do
		[ -n "$browser" ] && command -v "$browser" >.cache/chromium && return
	done
	rm -f .cache/chromium
	return 1
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
installed() {
	command -v apt-get >/dev/null || return 1
	echo "setup: installing $1" >&2
	as_root apt-get update -qq >&2 && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >&2
}

found "${GLUEGUARD_TEST_CHROMIUM:-}" chromium-headless-shell && exit 0
installed chromium-headless-shell && found chromium-headless-shell && exit 0
found chromium chromium-browser google-chrome && exit 0
installed chromium && found chromium && exit 0
echo "Chromium is not here and could not be installed (Debian packages chromium-headless-shell, chromium)" >.cache/chromium-missing
