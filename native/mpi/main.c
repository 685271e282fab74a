/** build/sonomask-mpi: the commands train, evaluate, predict and bench on the processes that mpirun started. */
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../command.h"
#include "../program.h"
#include "mpi_ranks.h"

/** Commands that divide their work among the ranks. All others run in one process. */
static bool is_shared(int argc, char **argv) {
    static const char *const shared[] = {"train",  "evaluate", "predict",   "bench",  "help",
                                         "--help", "-h",       "--version", "version"};
    if (argc < 2) return true;
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (strcmp(argv[1], shared[i]) == 0) return true;
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0) return true;
    return false;
}

/** All ranks compute the same messages, so that only the first one prints them. MPI and failures of a single rank use
 * the file descriptor. Open MPI does not pass standard input on to the others either. */
static bool silence(void) {
    FILE *errors = fopen("/dev/null", "w");
    FILE *output = fopen("/dev/null", "w");
    if (!errors || !output) {
        if (errors) fclose(errors);
        if (output) fclose(output);
        return false;
    }
    stderr = errors;
    stdout = output;
    return true;
}

static int run(int argc, char **argv, sm_mpi_ranks *own) {
    const sm_ranks *ranks = sm_mpi_ranks_get(own);
    if (ranks->count > 1 && !is_shared(argc, argv)) {
        if (ranks->rank == 0)
            fprintf(stderr, "sonomask: %s runs in one process: start it without mpirun, or with -n 1\n", argv[1]);
        return SM_EXIT_USAGE;
    }
    sm_ranks_set(ranks);
    const int status = sm_program(argc, argv);
    sm_ranks_set(NULL);
    return status;
}

int main(int argc, char **argv) {
    int level = 0;
    if (MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS) {
        fprintf(stderr, "sonomask: MPI cannot be started\n");
        return SM_EXIT_FAILED;
    }
    sm_mpi_ranks *own = sm_mpi_ranks_create();
    if (!own) {
        fprintf(stderr, "sonomask: no memory for MPI\n");
        MPI_Abort(MPI_COMM_WORLD, SM_EXIT_FAILED);
        return SM_EXIT_FAILED;
    }
    const int rank = sm_mpi_ranks_get(own)->rank;
    const bool several = sm_mpi_ranks_get(own)->count > 1;
    FILE *const errors = stderr, *const output = stdout;
    const bool silent = rank > 0 && silence();
    const int status = run(argc, argv, own);
    if (silent) {
        fclose(stderr);
        fclose(stdout);
        stderr = errors;
        stdout = output;
    }
    /* Wrong usage is the same on all ranks. After any other failure that the ranks have not agreed on, some may wait
     * for this one: mpirun ends them. */
    if (several && status == SM_EXIT_FAILED && !sm_mpi_ranks_in_order(own)) {
        fflush(NULL);
        MPI_Abort(MPI_COMM_WORLD, status);
        _exit(status);
    }
    sm_mpi_ranks_free(own);
    MPI_Finalize();
    return rank == 0 ? status : SM_EXIT_DONE; /* one status is enough for mpirun */
}
