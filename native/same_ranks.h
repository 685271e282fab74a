/** What all ranks (ranks.h) of a run must have in common. */
#ifndef SONOMASK_SAME_RANKS_H
#define SONOMASK_SAME_RANKS_H

#include "command_line.h"
#include "ranks.h"

/** Fails on all ranks unless the program and the kernels of the processor are the same everywhere. */
sm_status sm_same_program(const sm_ranks *ranks, sm_error *error);
/** Fails on all ranks unless the options, the number of threads among them, are the same everywhere. */
sm_status sm_same_options(const sm_ranks *ranks, const sm_command_line *line, const void *arguments, sm_error *error);
/**
 * Fails on all ranks unless the file's bytes are the same everywhere, or when a rank cannot read it. `what` completes
 * "rank 1 has WHAT than rank 0".
 */
sm_status sm_same_file(const sm_ranks *ranks, const char *path, const char *what, sm_error *error);

#endif
