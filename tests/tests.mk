# Included by the Makefile: tests that need builds of their own (sanitizers, failure injection, threads, fuzzing).

# The C tests under AddressSanitizer and UndefinedBehaviorSanitizer, with a selection of failing calls and the committed
# corpora of the fuzz targets.
SANITIZED := BUILD=$(BUILD)/sanitized OPTIMISE=-O1 SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all"
# These take twice as long as all the rest; `make test-sanitized-slow` runs them. The rest trains, fits and differentiates,
# too, with small networks and few images.
SANITIZED_SLOW := $(patsubst %,$(BUILD)/tests/test_%,training network conv3x3 calibration_run distillation refinement)
.PHONY: test-sanitized test-sanitized-slow test-sanitized-programs test-sanitized-slow-programs
test-sanitized: ## Run the C tests and a part of the failure tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@echo "Building with sanitizers"
	@$(MAKE) $(QUIET_JOBS) $(SANITIZED) test-programs failure-programs replay-programs
	@$(MAKE) --no-print-directory $(SANITIZED) test-sanitized-programs test-fuzz-corpora
test-sanitized-programs: $(call longest_first,$(FAILURE_PROGRAMS) $(filter-out $(SANITIZED_SLOW),$(TEST_PROGRAMS)))
	@$(RUN_PROGRAMS)
test-sanitized-slow: ## Run the C tests that test-sanitized leaves out (some minutes)
	@$(MAKE) $(QUIET_JOBS) $(SANITIZED) test-programs
	@$(MAKE) --no-print-directory $(SANITIZED) test-sanitized-slow-programs
test-sanitized-slow-programs: $(SANITIZED_SLOW)
	@$(RUN_PROGRAMS)

# ---- Failure injection ----
# The linker sends these functions through tests/failures/inject.c. `make test-sanitized` fails a selection of the calls,
# `make test-failures` each one (some minutes).
WRAPPED := malloc calloc realloc aligned_alloc posix_memalign strdup strndup free \
	open fopen fdopen fflush fsync rename mkdir
FAILURE_SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/failures/test_%,$(wildcard tests/failures/*.c)))
$(FAILURE_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/tests/failures/%.o $(FAILURE_SUPPORT) $(BUILD)/tests/c/scratch_folder.o \
		$(BUILD)/tests/c/check_text.o \
		$(NATIVE_LIBRARY) $(LIBRARY)
	$(call note,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(WRAPPED:%=-Wl,--wrap=%) -lcmocka $(LDLIBS)

.PHONY: failure-programs test-failures
failure-programs: $(FAILURE_PROGRAMS)
test-failures: ## Let every allocation and file call fail once
	@$(MAKE) $(QUIET_JOBS) $(SANITIZED) failure-programs
	@for program in $(FAILURE_PROGRAMS:$(BUILD)/%=$(BUILD)/sanitized/%); do \
		SONOMASK_EVERY_FAILURE=1 $$program || exit 1; done

# ---- Data races ----
# ThreadSanitizer over the pool, the loader, a training, and predict and evaluate with several threads. The other sets
# of kernels divide the work in the same way, so one is enough.
THREAD := BUILD=$(BUILD)/thread OPTIMISE=-O2 NATIVE_TARGETS=scalar SANITIZE=-fsanitize=thread
THREAD_PROGRAMS := $(BUILD)/tests/test_parallel $(BUILD)/tests/test_loader $(BUILD)/tests/test_threads
.PHONY: thread-programs test-thread-programs test-thread
thread-programs: $(THREAD_PROGRAMS)
test-thread-programs: $(THREAD_PROGRAMS)
	@$(RUN_PROGRAMS)
test-thread: ## Run the tests with threads under ThreadSanitizer
	@echo "Building with ThreadSanitizer"
	@$(MAKE) $(QUIET_JOBS) $(THREAD) thread-programs
	@$(MAKE) --no-print-directory $(THREAD) test-thread-programs

# ---- Fuzzing ----
# tests/fuzz/fuzz_NAME.c is the target of everything of one kind that is read from outside. `make fuzz FUZZ_SECONDS=600`
# runs all of them with libFuzzer, FUZZ="weights manifest" some. Findings stay in $(BUILD)/fuzz/findings.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ ?= $(FUZZ_TARGETS) dicom
FUZZ_BUILD := BUILD=$(BUILD)/fuzz CC=clang OPTIMISE=-O1 NATIVE_TARGETS=scalar \
	SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz_%)
REPLAY_PROGRAMS := $(FUZZ_TARGETS:%=$(BUILD)/tests/replay_%)
$(FUZZ_PROGRAMS): $(BUILD)/tests/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/scratch.o $(NATIVE_LIBRARY) $(LIBRARY)
	$(call note,LINK,$@)
	$(Q)$(CC) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)
$(REPLAY_PROGRAMS): $(BUILD)/tests/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/scratch.o \
		$(BUILD)/tests/fuzz/replay.o $(NATIVE_LIBRARY) $(LIBRARY)
	$(call note,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(LDLIBS)
# Its test damages image files at random.
$(BUILD)/tests/test_fuzz_image: $(BUILD)/tests/fuzz/fuzz_image.o

# The files of ../shared/data/bad are images that broke the decoder once; they are not part of the repository.
.PHONY: replay-programs test-fuzz-corpora fuzz-programs fuzz
replay-programs: $(REPLAY_PROGRAMS)
test-fuzz-corpora: $(REPLAY_PROGRAMS)
	@for name in $(FUZZ_TARGETS); do \
		extra=; if [[ $$name == image ]]; then extra=../shared/data/bad; fi; \
		output=$$($(BUILD)/tests/replay_$$name tests/fuzz/corpus/$$name $$extra 2>&1) || { echo "$$output"; exit 1; }; \
		echo "$$output" | tail -n 1; done
fuzz-programs: $(FUZZ_PROGRAMS)
fuzz: ## Run libFuzzer on every target: make fuzz FUZZ_SECONDS=600 [FUZZ="weights manifest"]
	@$(MAKE) $(QUIET_JOBS) $(FUZZ_BUILD) fuzz-programs
	@mkdir -p $(BUILD)/fuzz/findings
	@for name in $(FUZZ); do \
		echo "== $$name, $(FUZZ_SECONDS) s"; \
		if [[ $$name == dicom ]]; then \
			node tests/node/fuzz-dicom.js --seconds $(FUZZ_SECONDS) || exit 1; continue; fi; \
		mkdir -p $(BUILD)/fuzz/corpus/$$name; \
		dictionary=tests/fuzz/$$name.dict; \
		$(BUILD)/fuzz/tests/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 -max_len=65536 \
			-close_fd_mask=3 -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/findings/$$name- \
			$$([[ -e $$dictionary ]] && echo -dict=$$dictionary) \
			$(BUILD)/fuzz/corpus/$$name tests/fuzz/corpus/$$name || exit 1; done
