# Foyer. "make" alone lists what there is.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1.0-dev)
TAGS    := migrated_fynedo
LDFLAGS := -X foyer/app.Version=$(VERSION)

# Where the program asks for news of releases, and the publisher's key in base64
# (scripts/sign-update.sh). Without both it asks nowhere.
export UPDATE_URL ?=
export UPDATE_KEY ?=
ifneq ($(and $(UPDATE_URL),$(UPDATE_KEY)),)
LDFLAGS += -X foyer/app/update.URL=$(UPDATE_URL) -X foyer/app/update.Key=$(UPDATE_KEY)
endif

# The C libraries are linked statically where the system has them so; see
# scripts/pkgconfig.sh.
export PKG_CONFIG_PATH := $(CURDIR)/build/pkgconfig$(if $(PKG_CONFIG_PATH),:$(PKG_CONFIG_PATH))

# What people get.
export GOFLAGS := -tags=$(TAGS) -buildvcs=false
# What is tested. Vet, lint and the arrows use exactly these flags too, so that
# every dependency is compiled once (Fyne and the SFU take minutes).
CHECKED := GOFLAGS="-race -tags=$(TAGS) -buildvcs=false" GORACE="atexit_sleep_ms=0 suppressions=$(CURDIR)/scripts/race-suppressions.txt"

# What is measured, and what draws: the race detector takes ten times the memory, and as
# much time for each pixel. These are the flags of what people get.
PLAIN := GOFLAGS="-tags=$(TAGS) -buildvcs=false"

# Everything but the tests of the whole program, which want the machine to
# themselves and come last.
PACKAGES = $$($(GO) list ./... | grep -v -e '^foyer/e2e' -e '^foyer/internal/attack')

PARTS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 3 ? 3 : n)))

.PHONY: help
help: ## list what can be made
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## install what is missing, build, and open the window, or without a display show a room in the terminal
	bin/foyer --or-try

.PHONY: build
build: deps ## build bin/foyer
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/foyer .

.PHONY: test
test: test-parts test-beside test-e2e ## install what is missing and run every test, with the race detector

# Those that take longest begin first: nothing is left to run beside them at the end.
LONGEST = ./engine/host ./engine/client ./ui/view ./ui ./engine/host/register ./engine/media/audio ./engine/media/voice

# Three packages at a time, however many processors there are at least: those of
# the server and of its client wait for most of their time. make lint vets.
.PHONY: test-parts
test-parts: deps-test
	$(CHECKED) $(GO) test -vet=off -p $(PARTS) -timeout 15m $(LONGEST) $(PACKAGES)

.PHONY: test-one
test-one: deps-test ## some tests of one package, with the race detector and without: PKG=./app/desktop RUN='^TestKilled'
	$(CHECKED) $(GO) test -vet=off -count=1 -timeout 15m -run '$(RUN)' $(PKG)
	$(PLAIN) $(GO) test -vet=off -count=1 -timeout 15m -run '$(RUN)' $(PKG)

.PHONY: test-looks
test-looks: deps-test ## only what is compared by eye or ear, without the race detector
	$(PLAIN) $(GO) test -timeout 10m ./ui/view ./engine/media/voice

# The attacks wait for half of their time, and drawing never does: side by side, what draws
# gives way.
.PHONY: test-beside
test-beside: deps-test
	$(PLAIN) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-plain . # or both would compile the same
	@nice -n 19 $(MAKE) test-looks >build/looks.log 2>&1 & looks=$$!; status=0; \
	$(MAKE) test-attack || status=$$?; \
	wait $$looks || status=$$?; cat build/looks.log; exit $$status

.PHONY: gallery
gallery: deps-test ## write every screen in every theme and language into build/gallery, with an index.html
	$(PLAIN) $(GO) test -count=1 -timeout 30m ./ui/view -run 'TestGallery$$' -gallery $(CURDIR)/build/gallery

# Side by side run the tests that wait more than they work: for a cut, or for
# LiveKit to give somebody up. So there are more of them than processors.
# E2E='^TestJ11$$' runs some of them. Their windows have no race detector, with which
# five of them keep two processors busy with pixels: WINDOWS=checked gives it to them.
WINDOWS ?= plain
.PHONY: test-e2e e2e
e2e: test-e2e ## only the tests of the whole program
test-e2e: deps-test
	$(CHECKED) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-checked .
	$(PLAIN) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-plain .
	FOYER_BIN=$(CURDIR)/build/foyer-checked FOYER_WINDOW_BIN=$(CURDIR)/build/foyer-$(WINDOWS) FOYER_ARTIFACTS=$(CURDIR)/artifacts \
		$(CHECKED) $(GO) test -vet=off -timeout 20m -parallel 5 -run '$(E2E)' ./e2e/...

.PHONY: test-attack
test-attack: deps-test ## only the attacks, each for a moment
	$(PLAIN) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-plain .
	FOYER_BIN=$(CURDIR)/build/foyer-plain $(PLAIN) $(GO) test -count=1 -timeout 15m -run '$(ATTACK)' ./internal/attack

.PHONY: attack
attack: deps-test ## every attack with all that an attacker has, or some (ATTACK='/^stream$$'), and write their rows of docs/attacks.md
	$(PLAIN) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-plain .
	FOYER_BIN=$(CURDIR)/build/foyer-plain $(PLAIN) $(GO) test -count=1 -timeout 3h -v -run '$(ATTACK)' ./internal/attack \
		-attacks.long -attacks.table $(CURDIR)/docs/attacks.md

# The parts that need no C compiler: the core, the state and the words of the
# window, the keeper, the arrows.
QUICK = ./engine ./engine/call ./engine/enginetest ./engine/eventqueue ./engine/internal/... ./engine/devices/yuv ./engine/devices/testpicture \
	./engine/host/keeper ./engine/media/pixel/... ./engine/netcheck ./ui/model ./ui/words ./app/appleevent ./app/instance \
	./app/locale ./app/update ./internal/contract ./internal/matrix

.PHONY: quick
quick: ## format, vet and the tests that need no C compiler, in under a minute
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
		if [ -n "$$files" ]; then printf 'gofmt would change:\n%s\n' "$$files"; exit 1; fi
	CGO_ENABLED=0 $(GO) vet $(QUICK)
	CGO_ENABLED=0 $(GO) test $(QUICK)

# What macOS gets and needs no cgo there: with that, only a Mac can check it.
DARWIN = $(QUICK) ./app/install ./engine/doorclient ./engine/private

.PHONY: vet-darwin
vet-darwin: ## vet what macOS gets, as far as that goes without a Mac
	GOOS=darwin CGO_ENABLED=0 $(GO) vet $(DARWIN)
	GOOS=darwin CGO_ENABLED=0 $(GO) build ./engine/roomserver # its tests need the room server, and that needs cgo

.PHONY: exit-matrix
exit-matrix: deps-test ## measure every way out again and write docs/leaving.md's table
	@scripts/deps.sh vm
	scripts/exit-matrix.sh

.PHONY: exit-matrix-windows
exit-matrix-windows: deps-test ## the same for its rows of windows, which need no virtual machine
	scripts/exit-matrix.sh windows

.PHONY: vm-test
vm-test: deps-test ## the ways out with a real V4L2 camera, in a virtual machine
	@scripts/deps.sh vm
	scripts/vm-test.sh

.PHONY: check
check: lint arrows ## format, vet, lint and the arrows between packages

.PHONY: lint
lint: deps tools ## gofmt, go vet and golangci-lint
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
		if [ -n "$$files" ]; then printf 'gofmt would change:\n%s\n' "$$files"; exit 1; fi
	$(CHECKED) $(GO) vet ./...
	$(CHECKED) scripts/lint.sh .tools/bin/golangci-lint

.PHONY: arrows
arrows: deps
	$(CHECKED) $(GO) test -count=1 ./internal/house ./internal/contract

# Results of a run that failed are results, too: the table is written and says so.
.PHONY: contract-status
contract-status: deps-test ## run the tests of the contract's rows and write docs/contract-status.md
	@mkdir -p build artifacts
	$(CHECKED) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-checked .
	-FOYER_BIN=$(CURDIR)/build/foyer-checked $(CHECKED) $(GO) test -json -p 1 -timeout 30m \
		-run '^(Test|Fuzz)([NJLKO][0-9]|Reason|ParseReason|Bind|Migration|RoomParameter)' $(PACKAGES) ./e2e/... > artifacts/contract.json
	$(GO) run ./internal/contract/status artifacts/contract.json

.PHONY: cuts
cuts: deps-test ## cuts of 4 to 60 s, in network namespaces (needs root)
	$(CHECKED) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-checked .
	FOYER_BIN=$(CURDIR)/build/foyer-checked $(CHECKED) $(GO) test -count=1 -timeout 10m -v -run TestO6_O8_Cuts ./e2e -cuts.all

.PHONY: reach
reach: deps-test ## joins from another home: ports forwarded, UDP dropped, only the door's port, a router that is asked (needs root)
	$(PLAIN) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-plain .
	FOYER_BIN=$(CURDIR)/build/foyer-plain $(PLAIN) $(GO) test -count=1 -timeout 10m -v -parallel 1 -run 'TestMediaWhereTheDoorAnswered|TestRouterOpens' ./e2e -reach.rounds 20

.PHONY: storm
storm: deps-test ## ten minutes of commands and failures at random, against the real server
	$(CHECKED) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-checked .
	FOYER_BIN=$(CURDIR)/build/foyer-checked $(CHECKED) $(GO) test -count=1 -timeout 20m -v -run StormAgainst ./e2e -storm.long

.PHONY: fuzz
fuzz: deps-test ## every fuzz target for FUZZTIME, 20s each if not given; keeps what it finds in testdata/fuzz
	$(PLAIN) scripts/fuzz.sh $(or $(FUZZTIME),20s)

.PHONY: licences
licences: deps ## write the licences of the libraries, which the window shows, into assets; run it when go.mod changes
	$(PLAIN) $(GO) run ./internal/licences/write

.PHONY: fmt
fmt: ## format the Go files
	git ls-files -co --exclude-standard '*.go' | xargs gofmt -w

.PHONY: bench
bench: deps-test ## measure what was promised, and write docs/performance.md's table
	@mkdir -p build
	$(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-bench .
	@FOYER_BIN=$(CURDIR)/build/foyer-bench $(GO) run ./bench -markdown docs/performance.md

.PHONY: bench-peer
bench-peer: deps-test ## the same work in Chromium with LiveKit's own client, side by side
	@mkdir -p build
	$(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-bench .
	@FOYER_BIN=$(CURDIR)/build/foyer-bench $(GO) run ./bench -peer -markdown docs/performance.md

.PHONY: bench-hour
bench-hour: deps-test ## the memory of a window that stays in a room of four for STAY, an hour if not given
	@mkdir -p build
	$(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-bench .
	@FOYER_BIN=$(CURDIR)/build/foyer-bench $(GO) run ./bench -stay $(or $(STAY),1h)

.PHONY: lines
lines: deps-test ## calls over narrow and lossy lines, Foyer and Chromium in every pair (needs root, an otherwise idle computer, 20 minutes)
	@mkdir -p build
	$(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-bench .
	@FOYER_BIN=$(CURDIR)/build/foyer-bench $(GO) run ./bench -lines -markdown docs/performance.md

.PHONY: screenshots
screenshots: deps-test ## images of the real window, in artifacts/
	$(CHECKED) $(GO) build -ldflags '$(LDFLAGS)' -o build/foyer-checked .
	FOYER_BIN=$(CURDIR)/build/foyer-checked FOYER_ARTIFACTS=$(CURDIR)/artifacts \
		$(CHECKED) $(GO) test -count=1 -timeout 5m -run TestWindow ./e2e

.PHONY: deps
deps: ## install the C libraries, or say how
	@scripts/deps.sh build
	@scripts/pkgconfig.sh build/pkgconfig

.PHONY: deps-test
deps-test: deps ## and what the tests need besides
	@scripts/deps.sh test
	@cd e2e/browser && if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; \
		then npm ci --no-audit --no-fund --ignore-scripts; fi

.PHONY: tools
tools:
	@GO=$(GO) scripts/tools.sh .tools/bin

FOYER = bin/foyer
include packaging/linux/install.mk

.PHONY: package-linux
package-linux: deps tools-package ## write tar.xz, deb, rpm and their bill of materials of what is committed into build/packages
	@GO=$(GO) VERSION=$(VERSION) GOFLAGS= PKG_CONFIG_PATH= scripts/package-linux.sh build/packages

.PHONY: package-flatpak
package-flatpak: package-linux ## and a Flatpak of it (needs flatpak-builder and Flathub; never tried)
	scripts/package-flatpak.sh build/packages

.PHONY: package-windows
package-windows: deps-windows ## cross-compile what is committed, and write its installer into build/packages
	@GO=$(GO) VERSION=$(VERSION) GOFLAGS= PKG_CONFIG_PATH= scripts/package-windows.sh build/packages

.PHONY: test-windows
test-windows: deps-windows build ## package for Windows, then install, use and remove the package under Wine
	@GO=$(GO) VERSION=$(VERSION) GOFLAGS= PKG_CONFIG_PATH= scripts/test-windows.sh bin/foyer

.PHONY: test-packages
test-packages: deps-package package-linux ## install the packages in clean systems, use them and remove them (needs root)
	@GO=$(GO) VERSION=$(VERSION) GOFLAGS= PKG_CONFIG_PATH= scripts/test-packages.sh build/packages

.PHONY: package-macos
package-macos: ## write a disk image into build/packages (on a Mac; never run yet)
	@GO=$(GO) VERSION=$(VERSION) GOFLAGS= PKG_CONFIG_PATH= scripts/package-macos.sh build/packages

.PHONY: container
container: deps ## build an image of the room server with podman, docker or buildah
	@GO=$(GO) VERSION=$(VERSION) scripts/container.sh

.PHONY: deps-package
deps-package: deps-test
	@scripts/deps.sh package

.PHONY: deps-windows
deps-windows:
	@scripts/deps.sh windows

.PHONY: tools-package
tools-package:
	@GO=$(GO) scripts/tools.sh .tools/bin fyne nfpm

.PHONY: clean
clean: ## remove what was built
	rm -rf bin build artifacts .tools
