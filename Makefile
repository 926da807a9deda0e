# Two commands matter: `make demo` shows it, `make test` proves it. Both use one build profile and one set of features, so nothing compiles twice.

CARGO ?= cargo
# The runner by process where it is installed, cargo's own where not.
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)
ifeq ($(NEXTEST),yes)
TEST := tests/in-memory $(CARGO) nextest run --profile make --release --workspace --no-fail-fast
# .config/nextest.toml says why.
export NEXTEST_TEST_THREADS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
else
TEST := tests/in-memory $(CARGO) test --release --workspace --lib --bins --tests --no-fail-fast
endif

.PHONY: proto contracts buf release-contracts proto-check fuzz fuzz-guided demo test reference model crash bench check lint deny needs build

demo: build
	target/release/largesse demo $(ARGS)

# Writes the code that is generated from proto/ and committed, after a contract was changed; and compares it without writing. `-p largesse` is there for the
# features of what both depend on: without it they are compiled a second time.
proto:
	LARGESSE_REGENERATE=1 $(CARGO) test --release -p api -p largesse --features api/regenerate --lib what_is_committed
# For authors of clients: target/contracts/proto with ours and Google's files, and contracts.binpb, a FileDescriptorSet of the same.
contracts:
	LARGESSE_CONTRACTS=$(abspath target/contracts) $(CARGO) test --release -p api -p largesse --features api/regenerate --lib contracts_are_whole
# The contracts as buf sees them: its rules, and nothing that breaks clients of the contracts as they were released (proto/released.binpb, which
# `make release-contracts` replaces). Where npm is not, or has no buf for this machine, this is skipped and says so.
buf: contracts
	@cp proto/buf.yaml target/contracts/
	@if ! { [ -x target/buf/node_modules/.bin/buf ] || npm install --silent --no-audit --no-fund --prefix target/buf @bufbuild/buf@1 >/dev/null; } 2>&1; \
	  then echo "skipped: npm can't install @bufbuild/buf here, so the contracts were not checked with buf" >&2; \
	  else cd target/contracts && ../buf/node_modules/.bin/buf lint && ../buf/node_modules/.bin/buf breaking --exclude-imports --against ../../proto/released.binpb \
	    && echo "buf: the contracts pass lint (STANDARD, COMMENTS) and break nothing that was released"; fi
release-contracts: contracts
	cp target/contracts/contracts.binpb proto/released.binpb
proto-check:
	$(CARGO) test --release -p api -p largesse --features api/regenerate --lib regenerate

# Only the binary and what it is made of: the benchmark and its dependencies are built by `make bench` and `make test`. Features come out the same as for
# the whole workspace, so the tests find these libraries built: `cargo tree -e normal,build --prefix none -f '{p} {f}'` prints no line for `-p largesse`
# that it does not print for `--workspace`. Keep it so: name an additional feature in the workspace's manifest, not in a crate's.
build:
	$(CARGO) build --release -p largesse

# With the contracts as authors of clients get them: the clients in tests/tests/e2e/clients are generated from them. `make proto-check` finds what this compiles.
test: needs contracts
	$(TEST)

# The tests that compare with real formats and recordings, where these are at hand: LARGESSE_REFERENCE_DATA names their directory.
reference: needs
	@test -n "$$LARGESSE_REFERENCE_DATA" || { echo "set LARGESSE_REFERENCE_DATA to the reference data's directory" >&2; exit 2; }
ifeq ($(NEXTEST),yes)
	$(TEST) -E 'package(iso20022) + package(bankfiles) + package(matching) + package(reconciliation) + package(bankapi) + package(rails) + package(accounts) + package(screening) + (package(purchase) & test(reference)) + (package(payout) & test(outcomes)) + (package(treasury) & test(reference)) + (package(tests) & test(recording))'
else
	$(TEST)
endif

# The model test with other seeds than the fixed ones of `make test`: SEEDS on SQLite, a quarter of them on PostgreSQL. A failure prints its seed;
# `make model SEED=n` runs that one alone.
SEEDS ?= 1000
FROM ?= $(shell date +%s)
model: needs
	LARGESSE_MODEL_SEEDS=$(SEEDS) LARGESSE_MODEL_FROM=$(FROM) $(if $(SEED),LARGESSE_MODEL_SEED=$(SEED)) \
	  $(CARGO) test --release -p ledger --test model -- --nocapture

# Kills the ledger a hundred times per database and PostgreSQL twenty times, and loses ten primaries, instead of five, three and two.
crash: needs
ifeq ($(NEXTEST),yes)
	LARGESSE_CRASHES=100 $(TEST) -E 'package(tests) & test(crash)'
else
	LARGESSE_CRASHES=100 $(CARGO) test --release -p tests --test e2e crash
endif

# One decoder, on changed inputs for SECONDS: make fuzz TARGET=codec SECONDS=60. Another SEED is another run. The targets are in tests/src/fuzz/targets.rs.
TARGET ?= codec
SECONDS ?= 60
SEED ?= 1
fuzz:
	LARGESSE_FUZZ_TARGET=$(TARGET) LARGESSE_FUZZ_SECONDS=$(SECONDS) LARGESSE_FUZZ_SEED=$(SEED) $(CARGO) test --release -p tests --test fuzz -- --nocapture

# The same targets under libFuzzer, guided by coverage: every target for SECONDS, or TARGET alone. What it found of interest stays in target/guided/corpus, so
# the next run goes on from there. Needs a C++ compiler. JOBS targets run at a time. An input that crashes a target is written to target/guided/crashes; the
# others run on, and make fails at the end.
GUIDED := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
JOBS ?= 1
fuzz-guided:
	RUSTFLAGS='$(GUIDED)' $(CARGO) build --release -p tests --features guided --bin guided --target $(HOST) --target-dir target/guided
	@mkdir -p target/guided/crashes
	@cd target/guided && guided=$(HOST)/release/guided; targets='$(if $(filter file,$(origin TARGET)),,$(TARGET))'; \
	  for name in $${targets:-$$($$guided)}; do echo $$name; done | xargs -P $(JOBS) -I NAME sh -c 'mkdir -p corpus/NAME && \
	  LARGESSE_FUZZ_TARGET=NAME LARGESSE_FUZZ_SEEDS=seeds/NAME timeout $$(($(SECONDS) + 120)) '$$guided' -max_total_time=$(SECONDS) -max_len=8192 \
	    -artifact_prefix=crashes/NAME- corpus/NAME seeds/NAME >NAME.log 2>&1; code=$$?; echo "NAME: $$(grep "^Done" NAME.log || tail -3 NAME.log)"; exit $$code'

# The benchmark is a program of its own beside the binary, which it measures and which runs it.
bench:
	$(CARGO) build --release -p largesse -p bench
	target/release/largesse bench $(ARGS)

check: lint proto-check buf deny

# In the tests' profile: what build scripts and macros were compiled to, SQLite's C included, is there already.
lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings

# Licences, bans and sources of all that is depended on; and known vulnerabilities, where their database can be reached.
deny:
	@$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install cargo-deny --locked --debug --quiet
	$(CARGO) deny --config .deny.toml check --hide-inclusion-graph bans licenses sources
	@if GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --exit-code https://github.com/RustSec/advisory-db HEAD >/dev/null 2>&1; \
	  then $(CARGO) deny --config .deny.toml check --hide-inclusion-graph advisories; \
	  else echo "not checked against known vulnerabilities: their database can't be reached from here" >&2; fi

# PostgreSQL's server, the XML schema checker and others: installed where we may, named where we may not.
needs:
	@deploy/needs
