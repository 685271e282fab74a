# `make run` and `make test` include the set-up; `make help` lists all targets. See CONTRIBUTING.md.
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
# No contraction: native and wasm differ only where v_fma does.
CFLAGS_COMMON := -std=c11 $(WARNINGS) -ffp-contract=off -isystem $(INC)
# OPTIMISE replaces both optimisation levels. Kernels consist mostly of inlined vector functions: full debugging
# information would take a third of their compile time. Line numbers (-g1) are enough for backtraces and profilers.
OPTIMISE ?=
SANITIZE ?=
# The program and the shared library are made of the same objects; SM_API marks what the library exports.
CFLAGS_NATIVE := $(CFLAGS_COMMON) -fPIC -fvisibility=hidden $(SANITIZE) -D_GNU_SOURCE -pthread
CFLAGS := $(CFLAGS_NATIVE) $(or $(OPTIMISE),-O2) -g
KERNEL_CFLAGS := $(CFLAGS_NATIVE) $(or $(OPTIMISE),-O3) -g1
# libinih (Debian: libinih-dev) reads files of options. It is linked statically where possible, so that the program runs
# without it; the program is built without this option when it is missing.
INIH := $(firstword $(filter /%,$(foreach file,libinih.a libinih.so,$(shell $(CC) -print-file-name=$(file)))))
LDLIBS := $(INIH) -lm -pthread $(SANITIZE)

# The fast kernels: every src/ops/X.c except the references and kernels.c. Each is compiled once per target.
KERNEL_SOURCES := $(filter-out %_reference.c src/ops/kernels.c,$(wildcard src/ops/*.c))
REFERENCE_SOURCES := $(wildcard src/ops/*_reference.c)
CORE_SOURCES := $(wildcard src/*.c) src/ops/kernels.c $(REFERENCE_SOURCES)
NATIVE_SOURCES := $(wildcard native/*.c $(foreach room,data train metrics evaluate report onnx calibrate bench,native/$(room)/*.c))

TARGET_FLAGS_scalar := -DSM_TARGET=1 $(if $(OPTIMISE),,-O2)
TARGET_FLAGS_simd128 := -DSM_TARGET=4
TARGET_FLAGS_avx2 := -DSM_TARGET=8 -mavx2 -mfma
TARGET_FLAGS_avx512 := -DSM_TARGET=16 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mavx2 -mfma -mprefer-vector-width=512
NATIVE_TARGETS := scalar simd128 $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),avx2 avx512)

CORE_OBJECTS := $(CORE_SOURCES:%.c=$(BUILD)/%.o)
KERNEL_OBJECTS := $(foreach t,$(NATIVE_TARGETS),$(KERNEL_SOURCES:src/ops/%.c=$(BUILD)/src/ops/$(t)/%.o))
NATIVE_OBJECTS := $(NATIVE_SOURCES:%.c=$(BUILD)/%.o)
LIBRARY := $(BUILD)/libsonomask.a
NATIVE_LIBRARY := $(BUILD)/libsonomask_native.a

# The time of everything that archives hold: that of the commit; in a source archive that of its files.
SOURCE_DATE_EPOCH ?= $(shell if [ -e .git ]; then git log -1 --format=%ct; else stat -c %Y pyproject.toml; fi)

# ---- What people type ----

# Text after `##` on a target's line is shown by `make help`.
.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9._-]*:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'V=1 shows the commands. BUILD=DIR builds elsewhere. CC, OPTIMISE and SANITIZE change how C is compiled.'

.PHONY: run
run: setup-run ## Build the page and serve it at http://localhost:8080/web/ (PORT=N: another port)
	@echo "Building the WebAssembly modules"
	@$(MAKE) $(QUIET_JOBS) wasm-modules weights/SHA256SUMS node_modules/.package-lock.json
	node web/serve.js $(if $(PORT),--port $(PORT))

# The cheapest checks come first. The JavaScript test runner comes last, so that its summary ends the output.
.PHONY: test
test: setup-test ## Run everything that continuous integration checks
	@$(MAKE) --no-print-directory lint-format lint-js
	@echo "Building"
	@$(MAKE) $(QUIET_JOBS) $(BUILD)/sonomask wasm-modules test-programs
	@$(MAKE) --no-print-directory test-c
	@$(MAKE) $(QUIET_JOBS) test-install
	@$(MAKE) --no-print-directory lint-python test-python
	@$(MAKE) $(QUIET_JOBS) lint-c
	@$(MAKE) --no-print-directory test-sanitized
	@$(MAKE) --no-print-directory test-thread
	@SONOMASK_NEED_ORTHANC=1 $(MAKE) --no-print-directory test-js

OUT ?= runs/mine
.PHONY: train
train: setup-run ## Train a network: make train DATA="PATH..." [OUT=runs/mine] [ARGS="--fold 0 --epochs 40"]
	@if [ -z "$(DATA)" ]; then \
		echo 'usage: make train DATA="PATH..." [OUT=runs/mine] [ARGS="--fold 0 --epochs 40"]'; \
		echo 'PATH is a manifest.csv or a folder in the published BUSI layout (benign/, malignant/, normal/).'; exit 2; fi
	@$(MAKE) $(QUIET_JOBS) $(BUILD)/sonomask
	$(BUILD)/sonomask train --data $(DATA) --out $(OUT) $(ARGS)

# Beside other goals these two are built by this make first: a second make would write the same files at the same time.
BESIDE = $(filter-out 1,$(words $(MAKECMDGOALS)))
.PHONY: small-sets
small-sets: $(BUILD)/sonomask ## Measure training and calibration on few images: needs ../shared/data; some hours; resumable
	tests/small-sets.sh ../shared/data $(BUILD)/small-sets $(DRAWS)

.PHONY: native
native: $(if $(BESIDE),$(BUILD)/sonomask) ## Build the command line, build/sonomask
	@$(MAKE) $(JOBS) $(BUILD)/sonomask

.PHONY: wasm
wasm: $(if $(BESIDE),wasm-modules) ## Build the WebAssembly modules of the page and the npm package
	@$(MAKE) $(JOBS) wasm-modules

.PHONY: setup-run setup-test setup-bench
setup-run:
	@.ci/setup run
setup-test:
	@.ci/setup test
setup-bench:
	@.ci/setup bench

# As many jobs as there are processors, unless the caller gave a number.
JOBS = --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(NPROC))
NPROC := $(shell nproc)
# The same without a line per file.
QUIET_JOBS = $(JOBS) $(if $(V),,--silent)

# ---- How it is built ----

# One short line per file; the whole commands with V=1; nothing with --silent.
Q := $(if $(V),,@)
note = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-6s %s\n' $(1) $(2))

# $(call stamp,NAME): the file $(BUILD)/NAME.flags holds the value of the variable NAME and is rewritten only when that
# value changes. Whatever depends on the file is then rebuilt. A recursive make uses a temporary file of its own.
.PHONY: FORCE
define stamp
$(BUILD)/$(1).flags: FORCE
	@$$(shell mkdir -p $$(@D))$$(file >$$@.$$(MAKELEVEL),$$($(1)))cmp -s $$@.$$(MAKELEVEL) $$@ && rm $$@.$$(MAKELEVEL) || mv $$@.$$(MAKELEVEL) $$@
endef

# Inserts the guards into stb_image; all five must be in the result.
$(INC)/.made: src/stb_image.sed
	$(Q)rm -rf $(INC)/stb && mkdir -p $(INC)/stb
	$(Q)ln -sfn /usr/include/simde $(INC)/simde
	$(Q)ln -sfn /usr/include/stb/stb_image_write.h $(INC)/stb/stb_image_write.h
	$(Q)sed -f $< /usr/include/stb/stb_image.h > $(INC)/stb/stb_image.h
	$(Q)test "$$(grep -c 'sonomask guard' $(INC)/stb/stb_image.h)" = 5
	$(Q)touch $@

# Passes over whole images: gcc vectorises such loops at -O3 only.
PIXEL_LOOPS := scan_cells scan_split mask mask_label expected_dice decision letterbox resample image_png_write
# Everything that determines an object file besides its source. Expanded here and not in the recipe, where flags of single
# targets would be added.
NATIVE_COMMAND := $(CC) $(shell $(CC) --version | head -n1) $(CFLAGS) $(KERNEL_CFLAGS) $(LDLIBS) \
	$(foreach t,$(NATIVE_TARGETS),$(TARGET_FLAGS_$(t))) $(PIXEL_LOOPS)
$(eval $(call stamp,NATIVE_COMMAND))
NATIVE_FLAGS := $(BUILD)/NATIVE_COMMAND.flags
# Members of the archives: an archive is rebuilt when a source is added or removed.
$(eval $(call stamp,CORE_OBJECTS))
$(eval $(call stamp,NATIVE_OBJECTS))

$(BUILD)/%.o: %.c $(NATIVE_FLAGS) | $(INC)/.made
	@mkdir -p $(@D)
	$(call note,CC,$<)
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(REFERENCE_SOURCES:%.c=$(BUILD)/%.o): CFLAGS := $(KERNEL_CFLAGS)

# The revision goes into run.json of a training. A source archive names its own in the file REVISION.
REVISION := $(shell if [ -e .git ]; then git describe --always --dirty; else cat REVISION; fi 2>/dev/null)
$(eval $(call stamp,REVISION))
$(BUILD)/native/run_record.o: CFLAGS += -DSM_REVISION='"$(REVISION)"'
$(BUILD)/native/run_record.o: $(BUILD)/REVISION.flags

$(BUILD)/native/options_file.o: CFLAGS += $(if $(INIH),-DSM_HAVE_INIH)

$(PIXEL_LOOPS:%=$(BUILD)/src/%.o): CFLAGS += $(if $(OPTIMISE),,-O3)

# stb_image relies on signed sums that wrap around. The other flags are for warnings of gcc, which counts library headers
# as ours here: static functions that are never called, and callbacks that are never set.
$(BUILD)/src/stb.o: CFLAGS += -fwrapv -Wno-unused-function -Wno-unknown-warning-option -Wno-maybe-uninitialized

define KERNEL_RULE
$(BUILD)/src/ops/$(1)/%.o: src/ops/%.c $(NATIVE_FLAGS) | $(INC)/.made
	@mkdir -p $$(@D)
	$$(call note,CC,"$$< ($(1))")
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) $$(TARGET_FLAGS_$(1)) -MMD -MP -c -o $$@ $$<
endef
$(foreach t,$(NATIVE_TARGETS),$(eval $(call KERNEL_RULE,$(t))))
# The kernel sets that can be chosen at run time.
KERNEL_DEFINES_scalar := -DSM_HAVE_SCALAR
KERNEL_DEFINES_simd128 := -DSM_HAVE_SIMD128
KERNEL_DEFINES_avx2 := -DSM_HAVE_AVX2
KERNEL_DEFINES_avx512 := -DSM_HAVE_AVX512
KERNEL_DEFINES := $(foreach t,$(NATIVE_TARGETS),$(KERNEL_DEFINES_$(t)))
$(BUILD)/src/ops/kernels.o: CFLAGS += $(KERNEL_DEFINES)

$(LIBRARY): $(CORE_OBJECTS) $(KERNEL_OBJECTS) $(BUILD)/CORE_OBJECTS.flags
	$(call note,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(NATIVE_LIBRARY): $(filter-out $(BUILD)/native/main.o,$(NATIVE_OBJECTS)) $(BUILD)/NATIVE_OBJECTS.flags
	$(call note,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(BUILD)/sonomask: $(BUILD)/native/main.o $(NATIVE_LIBRARY) $(LIBRARY)
	$(call note,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDLIBS)

# Each source once: kernels with the flags of the widest target.
COMMA := ,
command_entries = $(foreach source,$(1),{"directory": "$(CURDIR)"$(COMMA) "file": "$(source)"$(COMMA) "command": "$(CC) $(2) -c $(source)"})
COMMAND_ENTRIES = $(call command_entries,$(CORE_SOURCES) $(NATIVE_SOURCES) $(wildcard native/python/*.c $(foreach folder,c failures fuzz node,tests/$(folder)/*.c)),$(CFLAGS) $(KERNEL_DEFINES)) \
	$(call command_entries,$(KERNEL_SOURCES),$(KERNEL_CFLAGS) $(TARGET_FLAGS_$(lastword $(NATIVE_TARGETS)))) \
	$(call command_entries,$(wildcard wasm/*.c),$(CFLAGS) -DSM_INFERENCE_ONLY)
.PHONY: compile_commands.json
compile_commands.json: $(INC)/.made ## Write how each C source is compiled, for clangd and other tools
	@$(file >$@,[$(subst } {,}$(COMMA) {,$(COMMAND_ENTRIES))])echo "Wrote $@"

# C tests: every tests/c/test_*.c is one cmocka program.
TEST_PROGRAMS := $(patsubst tests/c/%.c,$(BUILD)/tests/%,$(wildcard tests/c/test_*.c))
# tests/failures/test_*.c are programs whose allocations and file calls fail on purpose.
FAILURE_PROGRAMS := $(patsubst tests/failures/%.c,$(BUILD)/tests/%,$(wildcard tests/failures/test_*.c))
# The references compiled in double precision, for the gradient tests.
DOUBLE_OBJECTS := $(REFERENCE_SOURCES:src/ops/%.c=$(BUILD)/src/ops/double/%.o)
$(BUILD)/src/ops/double/%.o: src/ops/%.c $(NATIVE_FLAGS) | $(INC)/.made
	@mkdir -p $(@D)
	$(call note,CC,"$< (double)")
	$(Q)$(CC) $(KERNEL_CFLAGS) -DSM_REAL_DOUBLE -MMD -MP -c -o $@ $<
TEST_SUPPORT := $(patsubst tests/c/%.c,$(BUILD)/tests/c/%.o,$(filter-out tests/c/test_% tests/c/bench_%,$(wildcard tests/c/*.c)))
$(BUILD)/tests/%: $(BUILD)/tests/c/%.o $(TEST_SUPPORT) $(DOUBLE_OBJECTS) $(NATIVE_LIBRARY) $(LIBRARY)
	$(call note,LINK,$@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(LDLIBS)

.PHONY: bench-conv3x3
bench-conv3x3: $(BUILD)/tests/bench_conv3x3 ## Measure the 3x3 convolutions per layer, for work on the kernels
	$<

# Needs ../shared/data; some minutes. SCREENS is the number of screens.
SCREENS ?= 200
.PHONY: screens
screens: $(BUILD)/tests/bench_screens ## Measure the answers for whole scanner screens made from images of the folds
	$< $(SCREENS)
.PHONY: photographs
photographs: $(BUILD)/tests/bench_photographs ## Measure the answers for coloured pictures and photographs of screens
	$< $(SCREENS)

.PHONY: test-programs test-c
test-programs: $(TEST_PROGRAMS)
# The longest ones are started first, so that no processor waits for them at the end.
LONGEST := $(patsubst %,$(BUILD)/tests/test_%,command_failures training network trainer evaluate)
longest_first = $(filter $(LONGEST),$1) $(filter-out $(LONGEST),$1)
# One program per processor at a time; the output of a program is printed in one piece.
RUN_PROGRAMS = printf '%s\n' $^ | xargs -P "$$(nproc)" -I{} bash -c \
	'output=$$({} 2>&1); status=$$?; printf "== %s\n%s\n" {} "$$output"; exit $$status'
test-c: $(call longest_first,$(TEST_PROGRAMS)) ## Run the C tests
	@$(RUN_PROGRAMS)

# stb_image_write's JPEG encoder shifts into the sign bit.
$(BUILD)/native/jpeg_write.o: CFLAGS += $(if $(SANITIZE),-fno-sanitize=shift)

include tests/tests.mk

# ---- Static checks ----

C_FILES := $(shell find src native wasm tests \( -name '*.[ch]' -o -name '*.cpp' \) -not -path '*/node_modules/*')
TIDY_SOURCES := $(CORE_SOURCES) $(KERNEL_SOURCES) $(NATIVE_SOURCES) $(wildcard wasm/*.c native/python/*.c)
TIDY_MARKS := $(TIDY_SOURCES:%.c=$(BUILD)/tidy/%.ok)

.PHONY: lint lint-format lint-c
lint: lint-format lint-js lint-c ## Check format, types and style of C and JavaScript
lint-format:
	@clang-format --dry-run --Werror $(C_FILES)
lint-c: $(TIDY_MARKS)
	@echo "C sources: no warnings from clang and clang-tidy"
# clang-tidy also reports clang's own warnings. The bound on the analyzer's work per function makes it three times as fast.
TIDY_FLAGS := $(CFLAGS_COMMON) -D_GNU_SOURCE -DSM_HAVE_SCALAR $(if $(INIH),-DSM_HAVE_INIH) -Xclang -analyzer-config -Xclang max-nodes=50000
$(eval $(call stamp,TIDY_FLAGS))
$(BUILD)/tidy/%.ok: %.c .clang-tidy $(BUILD)/TIDY_FLAGS.flags | $(INC)/.made
	@mkdir -p $(@D)
	$(call note,TIDY,$<)
	@clang -std=c11 -isystem $(INC) -D_GNU_SOURCE -DSM_HAVE_SCALAR -MM -MP -MT $@ -MF $(@:.ok=.d) $<
	$(Q)clang-tidy --quiet $< -- $(TIDY_FLAGS) 2>$@.log || { cat $@.log; exit 1; }
	@touch $@

# ---- 64-bit ARM ----
# The program and its kernels are built for NEON by gcc and by clang on an x86-64 machine. The answers, computed under
# qemu-aarch64, are compared with those of the wasm modules. Not part of `make test`: it needs a cross compiler
# (`.ci/setup neon`) and some minutes.
NEON_CC := aarch64-linux-gnu-gcc
NEON_BUILD := BUILD=$(BUILD)/aarch64 CC=$(NEON_CC)
NEON_CLANG_OBJECTS := $(KERNEL_SOURCES:%.c=$(BUILD)/aarch64/clang/%.o)
$(BUILD)/aarch64/clang/%.o: %.c $(BUILD)/TIDY_FLAGS.flags | $(INC)/.made
	@mkdir -p $(@D)
	$(call note,CLANG,"$< (NEON)")
	$(Q)clang --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include $(CFLAGS_COMMON) -O1 $(TARGET_FLAGS_simd128) \
		-MMD -MP -c -o $@ $<

.PHONY: check-neon check-neon-clang
check-neon-clang: $(NEON_CLANG_OBJECTS)
check-neon: wasm-modules $(BUILD)/sonomask node_modules/.package-lock.json ## Build for 64-bit ARM and compare the answers under qemu
	@.ci/setup neon
	@$(MAKE) $(QUIET_JOBS) $(NEON_BUILD) $(BUILD)/aarch64/sonomask $(BUILD)/aarch64/tests/native_probabilities
	@$(MAKE) $(QUIET_JOBS) check-neon-clang
	BUILD=$(BUILD) NATIVE_PROBABILITIES="qemu-aarch64 -L /usr/aarch64-linux-gnu $(BUILD)/aarch64/tests/native_probabilities" \
		node --test tests/node/parity.test.js

# WebAssembly: modules for engines with relaxed SIMD (fused multiply-add), with SIMD, and for the others. They are placed
# beside their loader, so that
# the relative path is the same for the page and the npm package; they are not committed.
WASM_VARIANTS := relaxed simd scalar
WASM_DEFINES_relaxed := -msimd128 -mrelaxed-simd -DSM_TARGET=4 -DSM_HAVE_SIMD128
WASM_DEFINES_simd := -msimd128 -DSM_TARGET=4 -DSM_HAVE_SIMD128
WASM_DEFINES_scalar := -Os -DSM_TARGET=1 -DSM_HAVE_SCALAR
WASM_CFLAGS := $(CFLAGS_COMMON) -O3 -ffunction-sections -fdata-sections -DSM_INFERENCE_ONLY
# No entry and no stdio: the only import is the notification of memory growth (a test checks it). The stack comes first
# in memory, so that an overflow traps instead of overwriting data. The memory that the shipped network needs is there from
# the start: each growth takes a millisecond or more and lets the engine collect garbage. Untouched pages cost nothing.
# emmalloc is a third of the size of dlmalloc, and the module is as fast with it.
# Without a limit binaryen inlines every function that has one caller: the exports become functions of 20 kB, which the
# browser optimises as a whole when a loop in them runs long. That took as long as the first segmentation.
WASM_LDFLAGS := -O3 --no-entry -sMALLOC=emmalloc -sSTANDALONE_WASM -sALLOW_MEMORY_GROWTH -sINITIAL_MEMORY=41943040 \
	-sTOTAL_STACK=262144 -Wl,--stack-first -Wl,--gc-sections -sBINARYEN_EXTRA_PASSES=--one-caller-inline-max-function-size=100
# With -Os these are a third smaller, and the time of a whole segmentation does not change.
WASM_SMALL := $(REFERENCE_SOURCES) $(wildcard wasm/*.c src/image_check*.c src/prompt_*.c) \
	$(filter-out src/scan_cells.c,$(wildcard src/scan*.c)) $(addprefix src/, \
	stb.c mask_contours.c mask_measure.c mask_outline.c image_decode.c image_statistics.c \
	net_inference.c memory_plan.c status.c \
	pixel_prompts.c outlier.c deflate.c image_png_write.c answer.c segment.c refine.c net_fusion.c sonomask.c colour.c \
	expected_dice.c mask.c mask_label.c resample.c image.c regions.c region_prompts.c descriptors.c smooth_outline.c edge_outline.c \
	outline_shape.c outline_tissue.c grey_plane.c weights_write.c crc32.c ops/global_pool.c ops/conv3x3_direct.c \
	ops/conv1x1.c ops/upsample_bilinear.c ops/conv3x3_winograd_weight_transform.c exp_log.c)
$(foreach v,$(WASM_VARIANTS),$(WASM_SMALL:%.c=$(BUILD)/wasm/$(v)/%.o)): WASM_CFLAGS += -Os
# Run once per model, or per file.
WASM_SMALLEST := $(addprefix src/, json_read.c weights.c weights_file.c image_orientation.c nets.c net.c model.c state.c)
$(foreach v,$(WASM_VARIANTS),$(WASM_SMALLEST:%.c=$(BUILD)/wasm/$(v)/%.o)): WASM_CFLAGS += -Oz
# These are as fast as with -O3, which unrolls their loops.
WASM_ROLLED := $(addprefix src/, ops/conv3x3_winograd_input.c ops/conv3x3_winograd_output.c letterbox.c scan_cells.c \
	decision.c)
$(foreach v,$(WASM_VARIANTS),$(WASM_ROLLED:%.c=$(BUILD)/wasm/$(v)/%.o)): WASM_CFLAGS += -O2 -fno-unroll-loops
# stb_image relies on signed sums that wrap around.
$(WASM_VARIANTS:%=$(BUILD)/wasm/%/src/stb.o): WASM_CFLAGS += -fwrapv
WASM_SOURCES := $(wildcard wasm/*.c) $(CORE_SOURCES) $(KERNEL_SOURCES)
WASM_MODULES := $(WASM_VARIANTS:%=wasm/sonomask.%.wasm)

# The libraries of the readers of DICOM and TIFF as ES modules, beside the readers for the same reason.
VENDOR := wasm/vendor/openjpeg.wasm
$(VENDOR): wasm/package/vendor.js node_modules/.package-lock.json
	$(Q)node $< $(@D)
	$(Q)touch $@

.PHONY: wasm-modules
wasm-modules: $(WASM_MODULES) $(VENDOR)

WASM_COMMAND := $(EMCC) $(WASM_CFLAGS) $(WASM_LDFLAGS) $(WASM_SOURCES) $(WASM_SMALL) $(WASM_SMALLEST) $(WASM_ROLLED) \
	$(foreach v,$(WASM_VARIANTS),$(WASM_DEFINES_$(v)))
$(eval $(call stamp,WASM_COMMAND))

WASM_LINK_relaxed := -mrelaxed-simd
WASM_FINISH_relaxed = $$(Q)node wasm/package/relaxed.js $$@ || { rm -f $$@; exit 1; }
$(BUILD)/wasm/sonomask.relaxed.wasm: wasm/package/relaxed.js

define WASM_RULES
$(BUILD)/wasm/$(1)/%.o: %.c $(BUILD)/WASM_COMMAND.flags | $(INC)/.made
	@mkdir -p $$(@D)
	$$(call note,EMCC,"$$< ($(1))")
	$$(Q)$(EMCC) $$(WASM_CFLAGS) $(WASM_DEFINES_$(1)) -MMD -MP -c -o $$@ $$<
$(BUILD)/wasm/sonomask.$(1).wasm: $(WASM_SOURCES:%.c=$(BUILD)/wasm/$(1)/%.o)
	$$(call note,LINK,$$@)
	$$(Q)$(EMCC) $(WASM_LDFLAGS) $(WASM_LINK_$(1)) -o $$@ $$(filter %.o,$$^)
	$(WASM_FINISH_$(1))
wasm/sonomask.$(1).wasm: $(BUILD)/wasm/sonomask.$(1).wasm
	$$(Q)install -m 644 $$< $$@.tmp && mv $$@.tmp $$@
endef
$(foreach variant,$(WASM_VARIANTS),$(eval $(call WASM_RULES,$(variant))))

# Programs of the Node tests: one prints the native library's answers in full precision, which the modules are compared
# with; one writes weights that take clicks.
NODE_TEST_PROGRAMS := $(BUILD)/tests/native_probabilities $(BUILD)/tests/prompt_weights
$(NODE_TEST_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/tests/node/%.o $(BUILD)/native/file.o $(LIBRARY)
	@mkdir -p $(@D)
	$(call note,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDLIBS)

# The command with the kernels that wasm has. On x86-64 these give the same answers to the last bit, so the outputs of this
# program and of the Node command are compared byte by byte.
SIMD128_KERNELS := $(BUILD)/tests/simd128/kernels.o
$(SIMD128_KERNELS): src/ops/kernels.c $(NATIVE_FLAGS) | $(INC)/.made
	@mkdir -p $(@D)
	$(call note,CC,"$< (for the tests)")
	$(Q)$(CC) $(CFLAGS) -DSM_HAVE_SCALAR -DSM_HAVE_SIMD128 -MMD -MP -c -o $@ $<
$(BUILD)/tests/sonomask_simd128: $(BUILD)/native/main.o $(SIMD128_KERNELS) $(NATIVE_LIBRARY) $(LIBRARY)
	$(call note,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDLIBS)

# The npm packages: the libraries that the page loads, and the tools that check and test JavaScript.
node_modules/.package-lock.json: package-lock.json
	npm ci --ignore-scripts --no-fund --no-audit
	touch $@

# One run of the test runner, so that its summary counts everything.
NODE_TESTED := wasm-modules $(BUILD)/sonomask $(if $(shell command -v mpicc),$(BUILD)/sonomask-mpi) $(NODE_TEST_PROGRAMS) $(BUILD)/tests/sonomask_simd128 node_modules/.package-lock.json
.PHONY: test-js test-node test-web
test-js: $(NODE_TESTED) weights/SHA256SUMS ## Run the tests of the JavaScript package and of the page in Chromium
	BUILD=$(BUILD) node --test --test-concurrency=2 tests/node/*.test.js tests/web/*.test.js tests/orthanc/*.test.js tests/package/newest.test.js
test-node: $(NODE_TESTED) ## Run the tests of the JavaScript package only
	BUILD=$(BUILD) node --test tests/node/*.test.js
test-web: $(NODE_TESTED) ## Run the tests of the page only
	BUILD=$(BUILD) node --test tests/web/*.test.js

.PHONY: test-access
test-access: $(NODE_TESTED) ## Check the accessibility of all views in every language, theme and width (a part of it is in test-js)
	BUILD=$(BUILD) SONOMASK_EVERY_LOOK=1 node --test tests/web/access.test.js

.PHONY: test-dicom
test-dicom: $(NODE_TESTED) ## Compare every kind of DICOM file with dcmtk, gdcm and pydicom (a part of it is in test-js)
	@.ci/setup test
	BUILD=$(BUILD) node --test tests/dicom/matrix.test.js

.PHONY: test-orthanc
test-orthanc: $(NODE_TESTED) weights/SHA256SUMS ## Use a real Orthanc: storing and reading, the hook, the page (a part of it is in test-js)
	@.ci/setup test
	BUILD=$(BUILD) SONOMASK_NEED_ORTHANC=1 SONOMASK_WHOLE_ORTHANC=1 node --test --test-concurrency=1 tests/orthanc/*.test.js

.PHONY: bench-orthanc
bench-orthanc: wasm-modules weights/SHA256SUMS node_modules/.package-lock.json ## Measure the hook of Orthanc: 200 instances, answered or named (half a minute)
	@.ci/setup orthanc
	node tests/orthanc/rate.js

.PHONY: lint-js
lint-js: $(VENDOR)
	node_modules/.bin/eslint .
	node_modules/.bin/tsc -p tsconfig.json

# Writes a table and a chart into $(BUILD)/bench. `make bench BENCH="node native"` runs only these sections, `BENCH=--help`
# lists all; BENCH_SECONDS is the time per comparison. The other engines come from npm into tests/bench (PyTorch from
# Debian's python3-torch, when it is installed).
BENCH ?=
tests/bench/node_modules/.package-lock.json: tests/bench/package-lock.json
	npm ci --prefix tests/bench --ignore-scripts --no-fund --no-audit
	touch $@

.PHONY: bench
bench: setup-bench wasm-modules $(BUILD)/sonomask node_modules/.package-lock.json tests/bench/node_modules/.package-lock.json ## Measure speed beside other engines
	BUILD=$(BUILD) node tests/bench/bench.js $(BENCH)

# Wants a machine that does nothing else. DESK="loop zip live finder" runs only these sections, LIVE_MINUTES=10 measures the
# live picture for so long. The other rows are tests: mixed naming,
# the crash, and sessions on a clean profile.
DESK ?=
.PHONY: bench-desk
bench-desk: $(NODE_TESTED) ## Measure how fast the page answers: marking up, loops, the live picture (some minutes)
	BUILD=$(BUILD) node tests/web/bench/desk.js $(DESK)
	BUILD=$(BUILD) node --test --test-name-pattern="of 40 images|after a crash|opened on a clean profile" tests/web/compare.test.js tests/web/session.test.js

.PHONY: test-bench
test-bench: wasm-modules $(BUILD)/sonomask node_modules/.package-lock.json tests/bench/node_modules/.package-lock.json ## Check that the other engines compute the same
	node_modules/.bin/tsc -p tests/bench/tsconfig.json
	BUILD=$(BUILD) node --test tests/bench/agreement.test.js

# ---- The npm package ----
# The folder that is published, and its tarball. REPOSITORY=https://... is the address of the public repository.
REPOSITORY ?=
.PHONY: package
package: wasm-modules node_modules/.package-lock.json ## Build build/package/sonomask-VERSION.tgz, the npm package
	$(Q)node wasm/package/stage.js $(BUILD)/package/sonomask $(REPOSITORY)
	$(Q)cd $(BUILD)/package && npm pack --silent --ignore-scripts ./sonomask

# The description of the JavaScript interface, made from its declarations.
.PHONY: api
api: node_modules/.package-lock.json ## Build web/api, the pages that document the JavaScript package
	node_modules/.bin/typedoc --options wasm/package/typedoc.json

# Bundlers, runtimes and compilers come from npm into tests/package.
tests/package/node_modules/.package-lock.json: tests/package/package-lock.json
	npm ci --prefix tests/package --ignore-scripts --no-fund --no-audit
	touch $@

.PHONY: test-package
test-package: $(NODE_TESTED) tests/package/node_modules/.package-lock.json ## Use the npm package with every bundler, runtime and TypeScript (needs npm's registry; some minutes)
	node_modules/.bin/tsc -p tests/package/types.tsconfig.json
	BUILD=$(BUILD) node --test --test-concurrency=1 tests/package/*.test.js

# Firefox and WebKitGTK are driven over WebSocket and HTTP; Node 20 has WebSocket only with this option. Pictures of the page
# are in $(BUILD)/browsers.
.PHONY: test-browsers
test-browsers: $(NODE_TESTED) ## Use the page and the npm package in Firefox and WebKitGTK (two minutes)
	@.ci/setup browsers
	@$(MAKE) --no-print-directory single
	NODE_OPTIONS=--experimental-websocket BUILD=$(BUILD) node --test --test-concurrency=1 tests/browsers/*.test.js

# ---- The page ----
.PHONY: single
single: wasm-modules weights/SHA256SUMS node_modules/.package-lock.json ## Build build/sonomask.html, the page as one file that works from disk
	@mkdir -p $(BUILD)
	node web/single.js $(BUILD)/sonomask.html

# The archive is kept in $(BUILD)/orthanc.
.PHONY: orthanc
orthanc: setup-run ## Start Orthanc with the page and the hook, for this machine only, at http://localhost:8042 (PORT=N: another port)
	@.ci/setup orthanc
	@$(MAKE) $(QUIET_JOBS) wasm-modules weights/SHA256SUMS node_modules/.package-lock.json
	@rm -rf $(BUILD)/orthanc/page && node web/release/site.js $(BUILD)/orthanc/page /dicom-web
	node wasm/orthanc/start.js --page $(BUILD)/orthanc/page/public --folder $(BUILD)/orthanc $(if $(PORT),--port $(PORT))

# The page compares the weights that it received with this checksum.
weights/SHA256SUMS: weights/sonomask.safetensors
	$(Q)cd $(@D) && sha256sum $(<F) > $(@F)

include native/mpi/mpi.mk
include native/install/install.mk
include native/python/python.mk
include web/release/release.mk

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf $(BUILD) $(WASM_MODULES) wasm/vendor web/api tests/package/build compile_commands.json

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
