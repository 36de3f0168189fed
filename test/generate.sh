#!/usr/bin/env bash
# Writes every generated file anew (write), or fails when one is not what its source gives (check).
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:?write or check}
flag=()
[ "$mode" = write ] || flag=(-check)

# The API's types and routes are made of its document. They come first: what writes the others is compiled with them.
api=internal/api/openapi.yaml made=internal/api/openapi/openapi.gen.go
codegen=("$(go -C tools tool -n oapi-codegen)" -config internal/api/openapi/config.yaml)
if [ "$mode" = write ]; then
	"${codegen[@]}" -o "$made" "$api"
elif ! "${codegen[@]}" "$api" | diff -u "$made" - >&2; then
	echo "$made is not what $api gives: run make generate" >&2
	exit 1
fi

go run ./docs/gen "${flag[@]}"

./test/setup.sh
if [ -f .cache/external-missing ]; then
	echo "SKIPPED service facts: $(cat .cache/external-missing)"
	[ "${CI:-}" != true ] || exit 1
	exit 0
fi
models=$("$(cat .cache/python)" -c 'import botocore, os; print(os.path.join(botocore.__path__[0], "data"))')
go run ./internal/sandbox/model/modelgen -models "$models" "${flag[@]}"
