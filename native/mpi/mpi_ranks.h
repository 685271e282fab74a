/** Ranks (ranks.h) that are processes of MPI. */
#ifndef SONOMASK_MPI_RANKS_H
#define SONOMASK_MPI_RANKS_H

#include "../ranks.h"

typedef struct sm_mpi_ranks sm_mpi_ranks;

/** The processes of MPI_COMM_WORLD, after MPI_Init. NULL when memory is short. */
sm_mpi_ranks *sm_mpi_ranks_create(void);
const sm_ranks *sm_mpi_ranks_get(const sm_mpi_ranks *ranks);
/** Waits until posted messages have left, but not when another rank is lost. */
void sm_mpi_ranks_free(sm_mpi_ranks *ranks);
/** The run ends in order on all ranks: it succeeded, or all have agreed on a failure. */
bool sm_mpi_ranks_in_order(const sm_mpi_ranks *ranks);

#endif
