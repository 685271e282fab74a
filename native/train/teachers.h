/**
 * Teachers: trained networks whose answers soften the truth that another network learns from (Hinton, Vinyals and Dean,
 * "Distilling the knowledge in a neural network", 2015). Several of them, each trained on other images, teach what
 * they agree on; a wrong or arbitrary outline in the data then weighs less.
 */
#ifndef SONOMASK_TEACHERS_H
#define SONOMASK_TEACHERS_H

#include <stdint.h>

#include "../../src/net_training.h"
#include "../../src/parallel.h"

typedef struct sm_teachers sm_teachers;

/**
 * Reads the weights files `paths` for batches of `batch` squares of side `size`. `share` of what is learnt comes from
 * the teachers, the rest from the truth. `kernels` and `parallel` must outlive the result. Errors name the file.
 */
sm_status sm_teachers_create(const char *const *paths, int count, float share, int size, int batch,
                             const sm_kernels *kernels, const sm_parallel *parallel, sm_teachers **teachers,
                             sm_error *error);
void sm_teachers_free(sm_teachers *teachers);

/**
 * The batch with its truth softened, valid until the next call. One teacher, drawn by `seed`, answers for the whole
 * batch: over many batches that comes to the mean of all, at the cost of one. Images go to a teacher at the size that
 * it was trained for.
 */
sm_batch sm_teachers_soften(sm_teachers *teachers, const sm_batch *batch, uint64_t seed);

/** Of the files' bytes: tells one set of teachers from another when a training goes on; 0 for NULL. */
uint64_t sm_teachers_hash(const sm_teachers *teachers);

#endif
