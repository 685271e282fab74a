# Included by the Makefile: the tests that need builds of their own (sanitizers, failure injection, fuzzing).

# The C tests once more under AddressSanitizer and UndefinedBehaviorSanitizer.
SANITIZED := BUILD=$(BUILD)/sanitized OPTIMISE=-O1 SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all"
.PHONY: test-sanitized
test-sanitized:
	@echo "Building with sanitizers"
	@$(MAKE) --no-print-directory $(QUIET_JOBS) $(SANITIZED) test-programs failure-programs fuzz-replay-programs
	@$(MAKE) --no-print-directory $(SANITIZED) test-c test-fuzz-corpus

# ---- Failure injection ----
# tests/failures/inject.c stands between the program and these functions. `make test-failures` fails every call once;
# as part of `make test-sanitized` a selection of them.
WRAPPED := malloc calloc realloc aligned_alloc posix_memalign strdup strndup free \
	open fopen fdopen fflush fsync rename mkdir
FAILURE_PROGRAMS := $(patsubst tests/failures/%.c,$(BUILD)/tests/%,$(wildcard tests/failures/test_*.c))
FAILURE_SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/failures/test_%,$(wildcard tests/failures/*.c)))
$(FAILURE_PROGRAMS): $(BUILD)/tests/%: $(BUILD)/tests/failures/%.o $(FAILURE_SUPPORT) $(BUILD)/tests/c/scratch_folder.o \
		$(NATIVE_LIBRARY) $(LIBRARY)
	$(CC) -o $@ $^ $(WRAPPED:%=-Wl,--wrap=%) -lcmocka $(LDLIBS)

.PHONY: failure-programs test-failures
failure-programs: $(FAILURE_PROGRAMS)
test-failures:
	@$(MAKE) --no-print-directory $(QUIET_JOBS) $(SANITIZED) failure-programs
	@for program in $(FAILURE_PROGRAMS:$(BUILD)/%=$(BUILD)/sanitized/%); do \
		SONOMASK_EVERY_FAILURE=1 $$program || exit 1; done
