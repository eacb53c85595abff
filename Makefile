# Weir. `make run` and `make test` do all their own set-up on a fresh Debian 12 with the Swift toolchain.

SHELL := /bin/bash
SWIFT ?= swift
CONFIG ?=
# The machine's packages that Weir is built with and tested beside.
BUILD_PACKAGES = libsqlite3-dev libarchive-dev libmaxminddb-dev make
PEER_PACKAGES = postfix miltertest python3 zstd sqlite3 procps m4 pflogsumm
# For the Debian package; the second line for its test alone.
DEB_PACKAGES = dpkg-dev python3 git xz-utils
DEB_TEST_PACKAGES = $(DEB_PACKAGES) perl linux-libc-dev debian-archive-keyring
# The package's release build has Swift's libraries linked in, in a folder of its own.
DEB_SCRATCH = .build/package
BENCH_PACKAGES = postfix postfwd pflogsumm gcc bc
SHARED ?= ../shared
CORPORA ?= .build/corpora

.PHONY: build run demo test check peers deb deb-test bench evaluate fuzz golden release setup peers-setup bench-setup corpora format clean

build: setup ## Build for debugging
	$(SWIFT) build

release: setup ## Build for production
	$(SWIFT) build -c release --product weir

run: release ## Build and serve on loopback, in observe mode, with state in ./var/weir
	.build/release/weir serve $(if $(CONFIG),--config $(CONFIG))

demo: ## Beside a running `make run`: play a stolen account among honest ones
	@[ -x .build/release/weir ] || { echo "Start Weir first: make run (in another terminal)"; exit 1; }
	.build/release/weir demo

test: setup corpora ## The whole suite but the peers: no network, no mail server
	WEIR_CORPORA=$(abspath $(CORPORA)) $(SWIFT) test --disable-xctest

check: setup ## Format, tidy, imports; a warning is an error in every target already
	$(SWIFT) format lint --strict --recursive --configuration .swift-format Package.swift Sources Tests Benchmarks Evaluation Fuzz
	$(SWIFT) test --disable-xctest --filter TidyTests
	Tests/check_links.sh

format: ## Put everything into the house's form
	$(SWIFT) format --in-place --recursive --configuration .swift-format Package.swift Sources Tests Benchmarks Evaluation Fuzz

peers: setup peers-setup corpora ## Against a real Postfix, Sendmail, miltertest and log summaries on loopback
	$(SWIFT) build --product weir
	WEIR_CORPORA=$(abspath $(CORPORA)) python3 Tests/Peers/run_peers.py --weir .build/debug/weir

deb: setup ## A Debian package in .build/deb; VERSION and MAINTAINER may be given
	@Tests/need.sh $(DEB_PACKAGES)
	$(SWIFT) build -c release --product weir --static-swift-stdlib --scratch-path $(DEB_SCRATCH) \
	  -Xcc -ffile-prefix-map=$(CURDIR)=.
	Packaging/build_deb $(DEB_SCRATCH) .build/deb

deb-test: deb ## Install, run, upgrade, remove and purge the package in a Debian of its own (needs root)
	@Tests/need.sh $(DEB_TEST_PACKAGES)
	python3 Tests/Packaging/run_packaging.py --scratch $(DEB_SCRATCH)

bench: release bench-setup ## Beside the neighbours and the machine's own limit, in one run
	Benchmarks/run $(ARGS)

evaluate: setup ## The protocol of Docs/evaluation.md, up to four hours; ARGS="--seeds 1-4 …" for less
	$(SWIFT) build -c release --package-path Evaluation --scratch-path .build/evaluation
	nice -n 5 .build/evaluation/release/Evaluate $(ARGS)

fuzz: setup ## Each parser for SECONDS (default 60) under libFuzzer
	Fuzz/run $(or $(SECONDS_EACH),60)

golden: setup ## Rewrite Tests/Golden with what is printed now; git diff reviews it
	WEIR_GOLDEN=write $(SWIFT) test --disable-xctest --filter GoldenTests

corpora: ## Unpack the shared material, where it is there
	@if [ -x $(SHARED)/corpora/unpack ]; then \
	  command -v zstd >/dev/null || Tests/need.sh zstd; \
	  mkdir -p $(CORPORA) && $(SHARED)/corpora/unpack $(abspath $(CORPORA)); \
	else echo "no shared material beside this repository: tests on recorded dialogues are skipped"; fi

setup:
	@Tests/need.sh $(BUILD_PACKAGES)

peers-setup:
	@Tests/need.sh $(PEER_PACKAGES)

bench-setup:
	@Tests/need.sh $(BENCH_PACKAGES)

clean:
	rm -rf .build
