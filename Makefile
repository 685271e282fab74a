# sonomask: `make run` and `make test` do everything, set-up included. See README.md.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
EMCC ?= emcc
INC := $(BUILD)/inc

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
# No contraction: native and wasm shall differ only where v_fma says so.
CFLAGS_COMMON := -std=c11 $(WARNINGS) -ffp-contract=off -isystem $(INC)
OPTIMISE ?= -O3
SANITIZE ?=
CFLAGS := $(CFLAGS_COMMON) $(OPTIMISE) -g $(SANITIZE) -D_GNU_SOURCE -pthread
LDLIBS := -lm -pthread $(SANITIZE)

# The fast kernels are every src/ops/X.c that is no reference and no plain file; each is compiled for every target.
KERNEL_SOURCES := $(filter-out %_reference.c src/ops/kernels.c,$(wildcard src/ops/*.c))
REFERENCE_SOURCES := $(wildcard src/ops/*_reference.c)
CORE_SOURCES := $(wildcard src/*.c) src/ops/kernels.c $(REFERENCE_SOURCES)
NATIVE_SOURCES := $(wildcard native/*.c native/data/*.c native/train/*.c native/report/*.c native/onnx/*.c native/calibrate/*.c \
	native/bench/*.c)

TARGET_FLAGS_scalar := -DSM_TARGET=1
TARGET_FLAGS_simd128 := -DSM_TARGET=4
TARGET_FLAGS_avx2 := -DSM_TARGET=8 -mavx2 -mfma
TARGET_FLAGS_avx512 := -DSM_TARGET=16 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mprefer-vector-width=512
NATIVE_TARGETS := scalar simd128 $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),avx2 avx512)

CORE_OBJECTS := $(CORE_SOURCES:%.c=$(BUILD)/%.o)
KERNEL_OBJECTS := $(foreach t,$(NATIVE_TARGETS),$(KERNEL_SOURCES:src/ops/%.c=$(BUILD)/src/ops/$(t)/%.o))
NATIVE_OBJECTS := $(NATIVE_SOURCES:%.c=$(BUILD)/%.o)
LIBRARY := $(BUILD)/libsonomask.a
NATIVE_LIBRARY := $(BUILD)/libsonomask_native.a

# ---- What people type ----

# Builds the page's wasm modules and serves the page; it segments its sample at once with the committed weights.
.PHONY: run
run: setup-run
	@echo "Building the WebAssembly modules"
	@$(MAKE) --no-print-directory $(QUIET_JOBS) wasm weights/SHA256SUMS node_modules/.package-lock.json
	node web/serve.js $(if $(PORT),--port $(PORT))

# Everything that CI checks, cheapest first; the test runner's own summary comes last.
.PHONY: test
test: setup-test
	@$(MAKE) --no-print-directory lint-format lint-js
	@echo "Building"
	@$(MAKE) --no-print-directory $(QUIET_JOBS) native wasm test-programs
	@$(MAKE) --no-print-directory test-c
	@$(MAKE) --no-print-directory $(QUIET_JOBS) lint-c
	@$(MAKE) --no-print-directory test-sanitized
	@$(MAKE) --no-print-directory test-thread
	@$(MAKE) --no-print-directory test-js

# Trains a network: make train DATA="PATH..." OUT=runs/mine [ARGS="--fold 0 --epochs 40"]
OUT ?= runs/mine
.PHONY: train
train: setup-run
	@if [ -z "$(DATA)" ]; then \
		echo 'usage: make train DATA="PATH..." [OUT=runs/mine] [ARGS="--fold 0 --epochs 40"]'; \
		echo 'PATH is a manifest.csv or a folder in the published BUSI layout (benign/, malignant/, normal/).'; exit 2; fi
	@$(MAKE) --no-print-directory $(QUIET_JOBS) native
	$(BUILD)/sonomask train --data $(DATA) --out $(OUT) $(ARGS)

.PHONY: native
native: $(BUILD)/sonomask

.PHONY: setup-run setup-test
setup-run:
	@.ci/setup run
setup-test:
	@.ci/setup test

# As many jobs as processors; the compiler's commands are shown with V=1.
QUIET_JOBS := -j$(shell nproc) $(if $(V),,--silent)

# ---- How it is built ----

# stb_image gets its guards here; every one of the five must find its place.
$(INC)/.made: src/stb_image.sed
	rm -rf $(INC)/stb && mkdir -p $(INC)/stb
	ln -sfn /usr/include/simde $(INC)/simde
	ln -sfn /usr/include/stb/stb_image_write.h $(INC)/stb/stb_image_write.h
	sed -f $< /usr/include/stb/stb_image.h > $(INC)/stb/stb_image.h
	test "$$(grep -c 'sonomask guard' $(INC)/stb/stb_image.h)" = 5
	touch $@

$(BUILD)/%.o: %.c | $(INC)/.made
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# stb_image relies on signed sums that wrap around. The other flags are for warnings of gcc, which counts library headers
# as ours here: static functions that are never called, and callbacks that are never set.
$(BUILD)/src/stb.o: CFLAGS += -fwrapv -Wno-unused-function -Wno-unknown-warning-option -Wno-maybe-uninitialized

define KERNEL_RULE
$(BUILD)/src/ops/$(1)/%.o: src/ops/%.c | $(INC)/.made
	@mkdir -p $$(@D)
	$(CC) $(CFLAGS) $(TARGET_FLAGS_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach t,$(NATIVE_TARGETS),$(eval $(call KERNEL_RULE,$(t))))
# The choice among them at run time knows only those that were compiled.
KERNEL_DEFINES_scalar := -DSM_HAVE_SCALAR
KERNEL_DEFINES_simd128 := -DSM_HAVE_SIMD128
KERNEL_DEFINES_avx2 := -DSM_HAVE_AVX2
KERNEL_DEFINES_avx512 := -DSM_HAVE_AVX512
$(BUILD)/src/ops/kernels.o: CFLAGS += $(foreach t,$(NATIVE_TARGETS),$(KERNEL_DEFINES_$(t)))

$(LIBRARY): $(CORE_OBJECTS) $(KERNEL_OBJECTS)
	rm -f $@ && ar rcs $@ $^

$(NATIVE_LIBRARY): $(filter-out $(BUILD)/native/main.o,$(NATIVE_OBJECTS))
	rm -f $@ && ar rcs $@ $^

$(BUILD)/sonomask: $(BUILD)/native/main.o $(NATIVE_LIBRARY) $(LIBRARY)
	$(CC) -o $@ $^ $(LDLIBS)

# C tests: every tests/c/test_*.c is one cmocka program.
TEST_PROGRAMS := $(patsubst tests/c/%.c,$(BUILD)/tests/%,$(wildcard tests/c/test_*.c))
# tests/failures/test_*.c are programs whose allocations and file calls fail on purpose.
FAILURE_PROGRAMS := $(patsubst tests/failures/%.c,$(BUILD)/tests/%,$(wildcard tests/failures/test_*.c))
# The references once more in double precision, for the gradient tests.
DOUBLE_OBJECTS := $(REFERENCE_SOURCES:src/ops/%.c=$(BUILD)/src/ops/double/%.o)
$(BUILD)/src/ops/double/%.o: src/ops/%.c | $(INC)/.made
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -DSM_REAL_DOUBLE -MMD -MP -c -o $@ $<
TEST_SUPPORT := $(patsubst tests/c/%.c,$(BUILD)/tests/c/%.o,$(filter-out tests/c/test_% tests/c/bench_%,$(wildcard tests/c/*.c)))
$(BUILD)/tests/%: $(BUILD)/tests/c/%.o $(TEST_SUPPORT) $(DOUBLE_OBJECTS) $(NATIVE_LIBRARY) $(LIBRARY)
	$(CC) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(LDLIBS)

# Speed of the 3x3 convolutions by layer, for working on the kernels.
.PHONY: bench-conv3x3
bench-conv3x3: $(BUILD)/tests/bench_conv3x3
	$<

.PHONY: test-programs test-c
test-programs: $(TEST_PROGRAMS)
# As many at once as there are processors; each one's output in one piece.
RUN_PROGRAMS = printf '%s\n' $^ | xargs -P "$$(nproc)" -I{} bash -c \
	'output=$$({} 2>&1); status=$$?; printf "== %s\n%s\n" {} "$$output"; exit $$status'
test-c: $(TEST_PROGRAMS)
	@$(RUN_PROGRAMS)

# The JPEG writer (a library's), of the robustness curves and of test images, shifts into the sign bit.
$(BUILD)/tests/c/stb_write.o $(BUILD)/native/report/jpeg_write.o: CFLAGS += $(if $(SANITIZE),-fno-sanitize=shift)

include tests/tests.mk

# ---- Checks that run nothing ----

C_FILES := $(shell find src native wasm tests -name '*.[ch]' -not -path '*/node_modules/*')
TIDY_SOURCES := $(CORE_SOURCES) $(KERNEL_SOURCES) $(NATIVE_SOURCES) $(wildcard wasm/*.c)
TIDY_MARKS := $(TIDY_SOURCES:%.c=$(BUILD)/tidy/%.ok)
CLANG_OBJECTS := $(TIDY_SOURCES:%.c=$(BUILD)/clang/%.o)

.PHONY: lint lint-format lint-c
lint: lint-format lint-js lint-c
lint-format:
	clang-format --dry-run --Werror $(C_FILES)
# clang finds other things than gcc does, and clang-tidy more than both.
lint-c: $(CLANG_OBJECTS) $(TIDY_MARKS)
	@echo "C sources: no warnings from clang and clang-tidy"
$(BUILD)/clang/%.o: %.c | $(INC)/.made
	@mkdir -p $(@D)
	clang $(CFLAGS_COMMON) -O1 -D_GNU_SOURCE -pthread -MMD -MP -c -o $@ $<
$(BUILD)/clang/src/stb.o: CFLAGS_COMMON += -fwrapv
$(BUILD)/tidy/%.ok: %.c .clang-tidy | $(INC)/.made
	@mkdir -p $(@D)
	@clang -std=c11 -isystem $(INC) -D_GNU_SOURCE -DSM_HAVE_SCALAR -MM -MP -MT $@ -MF $(@:.ok=.d) $<
	clang-tidy --quiet $< -- $(CFLAGS_COMMON) -D_GNU_SOURCE -DSM_HAVE_SCALAR 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

# ---- 64-bit ARM ----
# The program and its kernels for NEON, by gcc and by clang, on an x86-64 machine; under qemu-aarch64 they answer as the
# wasm modules do. Not part of `make test`, as it needs a cross compiler (`.ci/setup neon`) and some minutes.
NEON_CC := aarch64-linux-gnu-gcc
NEON_BUILD := BUILD=$(BUILD)/aarch64 CC=$(NEON_CC)
NEON_CLANG_OBJECTS := $(KERNEL_SOURCES:%.c=$(BUILD)/aarch64/clang/%.o)
$(BUILD)/aarch64/clang/%.o: %.c | $(INC)/.made
	@mkdir -p $(@D)
	clang --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include $(CFLAGS_COMMON) -O1 $(TARGET_FLAGS_simd128) \
		-MMD -MP -c -o $@ $<

.PHONY: check-neon check-neon-clang
check-neon-clang: $(NEON_CLANG_OBJECTS)
check-neon: wasm $(BUILD)/sonomask node_modules/.package-lock.json
	@.ci/setup neon
	@$(MAKE) --no-print-directory $(QUIET_JOBS) $(NEON_BUILD) native $(BUILD)/aarch64/tests/native_probabilities
	@$(MAKE) --no-print-directory $(QUIET_JOBS) check-neon-clang
	BUILD=$(BUILD) NATIVE_PROBABILITIES="qemu-aarch64 -L /usr/aarch64-linux-gnu $(BUILD)/aarch64/tests/native_probabilities" \
		node --test tests/node/parity.test.js

# WebAssembly: one module for engines with SIMD, one for the others. Built modules lie beside their loader, where the
# page's server and the npm package find them by the same relative path; they are not committed.
WASM_VARIANTS := simd scalar
WASM_DEFINES_simd := -msimd128 -DSM_TARGET=4 -DSM_HAVE_SIMD128
WASM_DEFINES_scalar := -DSM_TARGET=1 -DSM_HAVE_SCALAR
WASM_CFLAGS := $(CFLAGS_COMMON) -O3 -ffunction-sections -fdata-sections -DSM_INFERENCE_ONLY
# No entry and no stdio: the only import left is the notice of memory growth, which a test checks. The stack comes
# first in memory, so that an overflow traps instead of writing over data.
WASM_LDFLAGS := -O3 --no-entry -sSTANDALONE_WASM -sALLOW_MEMORY_GROWTH -sINITIAL_MEMORY=1048576 -sTOTAL_STACK=262144 \
	-Wl,--stack-first -Wl,--gc-sections
# stb_image relies on signed sums that wrap around. It and the references are a third smaller for size, and no slower
# where it matters.
$(WASM_VARIANTS:%=$(BUILD)/wasm/%/src/stb.o): WASM_CFLAGS += -Os -fwrapv
$(foreach v,$(WASM_VARIANTS),$(REFERENCE_SOURCES:%.c=$(BUILD)/wasm/$(v)/%.o)): WASM_CFLAGS += -Os
WASM_SOURCES := $(wildcard wasm/*.c) $(CORE_SOURCES) $(KERNEL_SOURCES)
WASM_MODULES := $(WASM_VARIANTS:%=wasm/sonomask.%.wasm)

.PHONY: wasm
wasm: $(WASM_MODULES)

define WASM_RULES
$(BUILD)/wasm/$(1)/%.o: %.c | $(INC)/.made
	@mkdir -p $$(@D)
	$(EMCC) $$(WASM_CFLAGS) $(WASM_DEFINES_$(1)) -MMD -MP -c -o $$@ $$<
$(BUILD)/wasm/sonomask.$(1).wasm: $(WASM_SOURCES:%.c=$(BUILD)/wasm/$(1)/%.o)
	$(EMCC) $(WASM_LDFLAGS) -o $$@ $$^
wasm/sonomask.$(1).wasm: $(BUILD)/wasm/sonomask.$(1).wasm
	install -m 644 $$< $$@.tmp && mv $$@.tmp $$@
endef
$(foreach variant,$(WASM_VARIANTS),$(eval $(call WASM_RULES,$(variant))))

# What the Node tests compare the modules with: the native library's answers in full precision.
$(BUILD)/tests/native_probabilities: $(BUILD)/tests/node/native_probabilities.o $(BUILD)/native/file.o $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(LDLIBS)

# The npm packages: the page's two libraries, and what checks and tests JavaScript.
node_modules/.package-lock.json: package-lock.json
	npm ci --ignore-scripts --no-fund --no-audit
	touch $@

# The package, its command, and the page in Chromium. One runner, so that its summary counts everything.
NODE_TESTED := wasm $(BUILD)/sonomask $(BUILD)/tests/native_probabilities node_modules/.package-lock.json
.PHONY: test-js test-node test-web
test-js: $(NODE_TESTED)
	BUILD=$(BUILD) node --test --test-concurrency=2 tests/node/*.test.js tests/web/*.test.js
test-node: $(NODE_TESTED)
	BUILD=$(BUILD) node --test tests/node/*.test.js
test-web: $(NODE_TESTED)
	BUILD=$(BUILD) node --test tests/web/*.test.js

.PHONY: lint-js
lint-js: node_modules/.package-lock.json
	node_modules/.bin/eslint .
	node_modules/.bin/tsc -p tsconfig.json

# Speed beside the peers, in one run: a table and a chart in $(BUILD)/bench. `make bench BENCH="node native"` runs some
# of the sections, `BENCH=--help` lists them; BENCH_SECONDS is the time a comparison takes. Peers come from npm into
# tests/bench (PyTorch from Debian's python3-torch, when it is installed).
BENCH ?=
tests/bench/node_modules/.package-lock.json: tests/bench/package-lock.json
	npm ci --prefix tests/bench --ignore-scripts --no-fund --no-audit
	touch $@

.PHONY: bench
bench: wasm $(BUILD)/sonomask node_modules/.package-lock.json tests/bench/node_modules/.package-lock.json
	BUILD=$(BUILD) node tests/bench/bench.js $(BENCH)

# Whether the engines compute the same from the exported networks.
.PHONY: test-bench
test-bench: wasm $(BUILD)/sonomask node_modules/.package-lock.json tests/bench/node_modules/.package-lock.json
	node_modules/.bin/tsc -p tests/bench/tsconfig.json
	BUILD=$(BUILD) node --test tests/bench/agreement.test.js

# ---- The page ----
# The page as one file that works by double-click, from disk.
.PHONY: single
single: wasm weights/SHA256SUMS node_modules/.package-lock.json
	@mkdir -p $(BUILD)
	node web/single.js $(BUILD)/sonomask.html

# What the page compares the weights with that it was given.
weights/SHA256SUMS: weights/sonomask.safetensors
	cd $(@D) && sha256sum $(<F) > $(@F)

.PHONY: clean
clean:
	rm -rf $(BUILD) $(WASM_MODULES)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
