/**
 * Simulated prompts for training. Some images of a batch get clicks or a box as a user would set them: the first click
 * anywhere on the lesion, later ones where the network's answer is wrong, a box around a lesion, not quite exact.
 * (Sofiiuk, Petrov and Konushin, "Reviving iterative training with mask guidance for interactive segmentation", 2022,
 * simulate clicks likewise.)
 */
#ifndef SONOMASK_PROMPT_SIMULATION_H
#define SONOMASK_PROMPT_SIMULATION_H

#include <stdbool.h>
#include <stdint.h>

#include "../../src/net_training.h"

typedef struct sm_prompt_simulation sm_prompt_simulation;

/** For batches of `batch` squares of side `size`. A share of `share` of the images gets prompts. Errors:
 *  SM_ERROR_MEMORY. */
sm_status sm_prompt_simulation_create(int size, int batch, float share, sm_prompt_simulation **simulation,
                                      sm_error *error);
void sm_prompt_simulation_free(sm_prompt_simulation *simulation);

/** The batches are parts of larger ones: their first image is number `first` there, and the prompts of an image are
 * those that it gets in the larger batch. 0 at first. */
void sm_prompt_simulation_place(sm_prompt_simulation *simulation, int first);

/**
 * Draws the prompts that do not depend on the network's answer, and sets batch->prompts to them; they are valid until
 * the next call. `*needs_answer`: some images shall also get a click on an error of the answer to these prompts. The
 * same seed gives the same prompts. Errors: SM_ERROR_MEMORY.
 */
sm_status sm_prompt_simulation_begin(sm_prompt_simulation *simulation, sm_batch *batch, uint64_t seed,
                                     bool *needs_answer, sm_error *error);

/** Adds those clicks; `logits` ([batch][size][size]) is the answer to the prompts so far. Errors: SM_ERROR_MEMORY. */
sm_status sm_prompt_simulation_correct(sm_prompt_simulation *simulation, const sm_batch *batch, const float *logits,
                                       sm_error *error);

#endif
