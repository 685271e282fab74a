/** The executable. Only main ends the program. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

/** Several processes of mpirun would do the same work and write the same files: the program for MPI, which lies beside
 *  this one, takes their place. Returns only when there is none. */
static int run_for_mpi(char **argv) {
    static const char ending[] = "/sonomask-mpi";
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - sizeof ending);
    if (length > 0) {
        path[length] = '\0';
        char *slash = strrchr(path, '/');
        if (slash) {
            memcpy(slash, ending, sizeof ending);
            execv(path, argv);
        }
    }
    fprintf(stderr, "sonomask: mpirun needs the program sonomask-mpi: \"make mpi\" builds it\n");
    return 1;
}

int main(int argc, char **argv) {
    const char *ranks = getenv("OMPI_COMM_WORLD_SIZE");
    if (ranks && strcmp(ranks, "1") != 0) return run_for_mpi(argv);
    return sm_program(argc, argv);
}
