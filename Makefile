# What people type. Every target sets up what it needs; a step already done costs next to nothing.
ENV ?= dev
KEEP ?=
PYTHON ?= python3
RUN = .venv/bin/python

.PHONY: help setup tools tools-all rehearse test test-all lint types golden requirements benchmarks clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: .venv/.ready ## Make the virtual environment

.venv/.ready: requirements.txt
	@sh tools/virtual-environment.sh "$(PYTHON)"

tools: setup ## Get the programs of a rehearsal: the official ones with internet, built from Go modules without
	@$(RUN) -m tools.install

tools-all: setup ## Get every program of the project
	@$(RUN) -m tools.install --all

rehearse: tools ## Run an environment for real on a simulated vCenter: ENV=dev, KEEP=1 leaves it running
	@./slipway rehearse $(ENV) $(if $(KEEP),--keep)

lint: setup ## Check style
	@$(RUN) -m ruff check --quiet && $(RUN) -m ruff format --check --quiet
	@test -z "$$(gofmt -l rehearsal/vcenter tools)" || { echo "gofmt: run gofmt -w rehearsal/vcenter tools"; exit 1; }

types: setup ## Check types, of tests too
	@$(RUN) -m mypy .

test: tools lint types ## Check style and types, run the unit, component and rehearsal tests
	@$(RUN) -m tools.install cloud-init
	@cd rehearsal/vcenter && go vet ./... && go test ./...
	@$(RUN) -m pytest -m "not long" -n 2 --dist loadfile

test-all: tools-all ## Run what takes longer than `make test`: build every program, many machines
	@$(RUN) -m pytest -m long

golden: setup ## Write the expected texts of tests/golden anew, to be looked at as a diff
	@$(RUN) -m pytest -m "not long and not rehearsal" --update-golden

benchmarks: tools ## Print figures: start-up, previews, 50 machines, a whole cluster
	@$(RUN) -m tests.benchmarks

requirements: setup ## Write requirements.txt anew from requirements.in
	@$(RUN) -m pip install --quiet uv && $(RUN) -m uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header requirements.in -o requirements.txt

clean: ## Remove everything that was made in this folder, but for state
	rm -rf .venv .tools .rehearsal .mypy_cache .ruff_cache .pytest_cache .hypothesis
