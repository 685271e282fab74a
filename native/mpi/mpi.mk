# Included by the Makefile: the program for mpirun. Only it needs MPI.
MPI_SOURCES := $(wildcard native/mpi/*.c)
MPI_OBJECTS := $(MPI_SOURCES:%.c=$(BUILD)/%.o)
MPI_INCLUDES = $(patsubst -I%,-isystem %,$(shell mpicc --showme:compile 2>/dev/null))
MPI_LIBRARIES = $(shell mpicc --showme:link 2>/dev/null)
$(MPI_OBJECTS): CFLAGS += $(MPI_INCLUDES)
$(BUILD)/sonomask-mpi: $(MPI_OBJECTS) $(NATIVE_LIBRARY) $(LIBRARY)
	$(call note,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(MPI_LIBRARIES) $(LDLIBS)

.PHONY: mpi test-mpi test-mpi-sanitized test-slurm bench-mpi
mpi: ## Build build/sonomask-mpi, the command line for mpirun (needs Open MPI)
	@.ci/setup mpi
	@$(MAKE) $(JOBS) $(BUILD)/sonomask-mpi

test-mpi: ## Train on 1, 2, 4 and 8 ranks, with failures, and compare the weights (a part of it is in test-js)
	@.ci/setup mpi
	@$(MAKE) $(QUIET_JOBS) $(BUILD)/sonomask $(BUILD)/sonomask-mpi
	BUILD=$(BUILD) SONOMASK_EVERY_RANK=1 node --test tests/node/mpi.test.js

# Open MPI itself leaks, and so does what it loads: their leaks are no findings.
test-mpi-sanitized: ## Run a part of test-mpi under AddressSanitizer and UndefinedBehaviorSanitizer (some minutes)
	@.ci/setup mpi
	@$(MAKE) $(QUIET_JOBS) $(SANITIZED) $(BUILD)/sanitized/sonomask $(BUILD)/sanitized/sonomask-mpi
	BUILD=$(BUILD)/sanitized ASAN_OPTIONS=detect_leaks=0 node --test tests/node/mpi.test.js

test-slurm: $(BUILD)/sonomask ## Run the job script for Slurm under real daemons (about four minutes)
	@.ci/setup slurm
	BUILD=$(BUILD) SONOMASK_SLURM=1 node --test tests/node/slurm.test.js

# MPI="SIZE BATCH SHARDS"; for a figure worth reading, with nothing else running.
bench-mpi: ## Measure data-parallel training on this machine, and predict that of many (about 1 minute)
	@.ci/setup mpi
	@$(MAKE) $(QUIET_JOBS) $(BUILD)/sonomask $(BUILD)/sonomask-mpi
	BUILD=$(BUILD) node tests/bench/ranks.js $(MPI)
