# `make` lists the targets. Each does its own set-up, and is quick the second time. Node 24 comes from npm, so that the
# system's own Node only has to run npm itself.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

RESULTS := .cache/results
# npm touches this file whenever it installs.
MODULES := node_modules/.package-lock.json

# What the pages of the portal are made from.
PORTAL_PAGES := $(shell find portal/web api portal/api.ts -type f -not -path '*/dist/*' -not -name '*.test.ts')

# What the pages of the console are made from.
CONSOLE_PAGES := $(shell find console-proxy/web -type f -not -path '*/dist/*' -not -name '*.test.ts')

# Runs a step, and leaves a note if it fails: test/results counts those.
step = @mkdir -p $(RESULTS); rm -f $(RESULTS)/$@.*; echo "== $@: $(1)"; \
	$(1) || { touch $(RESULTS)/$@.failed; exit 1; }
vitest = vitest run --project $(1) --reporter=default --reporter=json --outputFile.json=$(RESULTS)/$(1).json

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: web ## start everything here, with a simulated Proxmox VE, until ^C
	@node cli/berth.ts demo $(ARGS)

.PHONY: demo-check
demo-check: web ## start the demo, walk through it and stop
	@node cli/berth.ts demo --check $(ARGS)

.PHONY: check
check: types lint unused unit ## static checks and unit tests, in under a minute

.PHONY: test
test: check long ## all of check, the tests that need a real Kubernetes, and the fault plans

# The fault plans take what the tests with Kubernetes leave of the processor: those wait most of the time.
.PHONY: long
long:
	@$(MAKE) --no-print-directory --jobs=2 system faults

.PHONY: types
types: $(MODULES)
	$(call step,tsc && tsc -p portal/web && tsc -p console-proxy/web)

.PHONY: lint
lint: $(MODULES)
	$(call step,biome check --error-on-warnings)

.PHONY: unused
unused: $(MODULES)
	$(call step,knip)

.PHONY: unit
unit: $(MODULES)
	$(call step,$(call vitest,unit))

.PHONY: system
system: web
	$(call step,node test/control-plane/build.ts && $(call vitest,system))

.PHONY: faults
faults: $(MODULES)
	$(call step,nice -n 19 $(call vitest,faults))

.PHONY: web
web: portal/web/dist/index.html console-proxy/web/dist/screen.html ## build the pages for the browser

# Vite empties the folder first, so that index.html is newer than everything that it was made from.
portal/web/dist/index.html: $(MODULES) $(PORTAL_PAGES)
	@echo '== pages of the portal'
	@vite build portal/web --logLevel warn

console-proxy/web/dist/screen.html: $(MODULES) $(CONSOLE_PAGES)
	@echo '== pages of the console'
	@vite build console-proxy/web --logLevel warn

.PHONY: pictures
pictures: web ## photograph every page of the portal into docs/pictures/portal
	@node test/portal/pictures.ts

.PHONY: soak
soak: $(MODULES) ## kill the operator a hundred times while machines come, change and go, and look what became of them
	@node test/soak/main.ts $(ARGS)

.PHONY: race
race: $(MODULES) ## race for the last place of a quota a hundred times, while operators are killed
	@node test/quota/race/main.ts $(ARGS)

.PHONY: clean
clean: ## remove what was built, downloaded and stored
	rm -rf .cache coverage node_modules

# Where a registry has not got the packages of other platforms, npm leaves them out of the lock and then refuses to
# `npm ci` from it; `npm install` still takes the versions that the lock names.
$(MODULES): package-lock.json
	@command -v npm >/dev/null || { echo 'npm is missing: install Node.js 20 or newer (https://nodejs.org).'; exit 1; }
	@echo '== npm packages'
	@PATH='$(SYSTEM_PATH)' npm ci --loglevel=error || PATH='$(SYSTEM_PATH)' npm install --no-save --loglevel=error
	@node --version | grep -qE '^v(2[4-9]|[3-9][0-9])' || \
	  { echo 'npm has no Node 24 for this machine: install Node.js 24 or newer (https://nodejs.org).'; exit 1; }
	@touch $@
