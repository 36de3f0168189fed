# Every target works on a clean clone: what is missing is installed by test/setup.sh or by Go itself.
SHELL := /bin/bash
GO ?= go
LINT = $(GO) -C tools tool -n golangci-lint
export CGO_ENABLED ?= 0

# Tests are linked without debug data, which nobody reads: it saves a tenth of the time of `make unit`.
TEST := $(GO) test -ldflags=-w

# Packages whose tests have a target of their own.
STORIES := ./cmd/glueguard/...
EXTERNAL := ./test/external/...
BROWSER := ./test/browser/...
RACE := ./internal/awsapi/... ./internal/inventory/... ./internal/audit/... ./internal/store/... ./internal/sandbox/... ./internal/action/... ./internal/execute/... \
	./internal/engine/... ./internal/repair/... ./internal/auth/... ./internal/api/... ./internal/daemon/... ./test/faults/...

.PHONY: build test unit stories browser run-browser screenshots external run-external campaigns crash run-crash check format fmt lint vet tidy generate generate-check race bench live fuzz clean

build: ## the binary, into bin/
	$(GO) build -trimpath -o bin/glueguard ./cmd/glueguard

test: ## all tests; installs what they need
	@./test/run.sh unit stories browser external run-crash

unit: ## without the long forms of campaigns
	$(TEST) -short $$($(GO) list ./... | grep -v -e /cmd/glueguard -e /test/external -e /test/crash -e /test/browser)

stories: ## the user stories, in process
	$(TEST) $(STORIES)

browser: ## the console, in a real Chromium
	@./test/run.sh browser

run-browser:
	$(TEST) -count=1 -parallel 6 $(BROWSER) # the cache knows nothing of the browser; its tests wait more than they work

screenshots: ## writes docs/img: every page, light and dark, wide and phone
	@./test/setup-browser.sh
	GLUEGUARD_TEST_CHROMIUM="$$(cat .cache/chromium)" $(GO) test -count=1 $(BROWSER) -run TestScreenshots -screenshots "$(CURDIR)/docs/img"

external: ## against the real AWS CLI and moto
	@./test/run.sh external

run-external:
	$(TEST) -parallel 8 $(EXTERNAL) # its tests wait for Python processes, and for the pauses before glueguard asks moto again

run-crash: ## the short crash campaign: kill -9 in the middle of repairs
	$(TEST) -count=1 ./test/crash # the cache knows nothing of the program that the test builds

campaigns: ## what unit leaves out: each way in which each call can fail, each step at which the state can be lost, each byte
	$(GO) test -timeout 30m ./test/faults ./test/model ./internal/leftover ./internal/evidence ./internal/store/sqlite ./internal/sandbox/scenario

crash: ## the whole crash campaign: every journal boundary and a thousand random moments
	$(GO) test ./test/crash -timeout 120m -v -full

check: fmt vet tidy generate-check lint race ## what CI demands beside the tests

fmt: ## fails when a file is not formatted, and shows how it should be
	@bin=$$($(LINT)) && $$bin fmt --diff ./... || { echo "not formatted: run 'make format'"; exit 1; }

format:
	@bin=$$($(LINT)) && $$bin fmt ./...

lint:
	@bin=$$($(LINT)) && $$bin run ./...

vet:
	$(GO) vet ./...

tidy: ## fails when go.mod or go.sum are not tidy
	$(GO) mod tidy -diff
	$(GO) -C tools mod tidy -diff

generate: ## writes every generated file anew
	@./test/generate.sh write

generate-check: ## fails when a generated file is not what its source gives
	@./test/generate.sh check

race: ## the packages with goroutines under the race detector
	CGO_ENABLED=1 $(GO) test -race -short $(RACE)

bench: ## the numbers of docs/performance.md; takes a few minutes
	$(GO) run ./test/bench

live: ## the stories on a real AWS account, which costs money: see docs/live.md
	$(GO) build -o bin/live ./test/live
	@exec bin/live $(if $(LIVE_ENDPOINT),-endpoint $(LIVE_ENDPOINT)) $(LIVE_FLAGS)

fuzz: ## each fuzz target for FUZZTIME (default 30s)
	@./test/fuzz.sh

clean:
	rm -rf bin .cache
