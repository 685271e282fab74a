/** What the ranks of a training compare and exchange at its start. */
#ifndef SONOMASK_TRAINER_RANKS_H
#define SONOMASK_TRAINER_RANKS_H

#include "trainer_state.h"

/** Fails on all ranks unless program, options, initial weights and data are the same everywhere. */
sm_status sm_trainer_check_ranks(const sm_trainer *trainer, sm_error *error);
/** Gives all ranks the state that rank 0 starts from or resumes. Errors: SM_ERROR_MEMORY, those of ranks.h. */
sm_status sm_trainer_share_state(sm_trainer *trainer, sm_error *error);
/** Fails on all ranks unless their weights are the same. */
sm_status sm_trainer_check_weights(const sm_trainer *trainer, sm_error *error);

#endif
