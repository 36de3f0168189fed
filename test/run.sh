#!/usr/bin/env bash
# Runs the named groups of tests (unit, stories, browser, external) and closes with what was skipped and why.
# Every group runs even when an earlier one failed, so that one run shows all that is wrong.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()
notes=()

run() {
	local group=$1
	shift
	echo "== $group"
	local start=$SECONDS
	"$@" || failed+=("$group")
	echo "== $group: $((SECONDS - start)) s"
}

external() {
	./test/setup.sh
	if [ -f .cache/external-missing ]; then
		notes+=("SKIPPED of external: $(paste -sd ';' .cache/external-missing)")
		[ "${CI:-}" != true ] || failed+=("external (nothing may be skipped with CI=true)")
	fi
	[ -f .cache/python ] || [ -f .cache/python-api ] || return
	run external env GLUEGUARD_TEST_PYTHON="$(cat .cache/python 2>/dev/null)" GLUEGUARD_TEST_PYTHON_API="$(cat .cache/python-api 2>/dev/null)" \
		make --no-print-directory run-external
}

browser() {
	./test/setup-browser.sh
	if [ -f .cache/chromium-missing ]; then
		notes+=("SKIPPED browser: $(cat .cache/chromium-missing)")
		[ "${CI:-}" != true ] || failed+=("browser (nothing may be skipped with CI=true)")
		return
	fi
	run browser env GLUEGUARD_TEST_CHROMIUM="$(cat .cache/chromium)" make --no-print-directory run-browser
}

for group in "$@"; do
	case "$group" in
	external) external ;;
	browser) browser ;;
	*) run "$group" make --no-print-directory "$group" ;;
	esac
done
for note in "${notes[@]}"; do echo "$note"; done
if [ ${#failed[@]} -gt 0 ]; then
	printf 'FAILED: %s\n' "${failed[*]}"
	exit 1
fi
echo "PASSED: $*"
