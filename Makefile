# "make" alone lists what there is to make.
GO ?= go

.PHONY: help
help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r t d; do printf '  make %-10s %s\n' "$$t" "$$d"; done

.PHONY: certify
certify: setup ## run the reference suite on every kernel of the matrix
	$(GO) run . certify $(ARGS)

.PHONY: test
test: setup ## run all tests, those inside VMs too
	$(GO) test $(TESTFLAGS) ./...

.PHONY: setup
setup: ## install what this machine lacks (QEMU)
	@scripts/setup

.PHONY: build
build: ## build the command ./assay
	$(GO) build -trimpath -o assay .

.PHONY: bench
bench: setup ## measure the lab against its own cold boot, in one run
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 60m ./vmtest

.PHONY: generate
generate: ## regenerate what is committed (needs scripts/setup --dev)
	$(GO) generate ./...

.PHONY: lint
lint: ## check formatting, vet, and the house rules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) test ./scripts

.PHONY: clean
clean: ## remove what was built here (the cache stays: see assay kernels rm)
	rm -f assay
