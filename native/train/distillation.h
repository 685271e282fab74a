/**
 * Knowledge distillation (Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015): the targets
 * are mixed with the answers of trained teacher networks. Outlines on which the teachers disagree with the data set,
 * such as wrong ones, then weigh less.
 */
#ifndef SONOMASK_DISTILLATION_H
#define SONOMASK_DISTILLATION_H

#include <stdint.h>

#include "../../src/net_training.h"
#include "../../src/parallel.h"

typedef struct sm_distillation sm_distillation;

enum { SM_DISTILLATION_CLICKS = 16 };

/**
 * Reads the teachers' weights files `paths` for batches of `batch` squares of side `size`. Targets become
 * (1 - share) * target + share * teacher. `kernels` and `parallel` must outlive the result. Errors name the file.
 */
sm_status sm_distillation_create(const char *const *paths, int count, float share, int size, int batch,
                                 const sm_kernels *kernels, const sm_parallel *parallel, sm_distillation **distillation,
                                 sm_error *error);
void sm_distillation_free(sm_distillation *distillation);

/**
 * The batch with mixed targets, valid until the next call. One teacher, drawn by `seed`, answers for the whole batch:
 * over many batches the targets average over all teachers, at the cost of one. Images are resized to the size that the
 * teacher was trained for. A teacher that takes prompts gets those of the batch, up to SM_DISTILLATION_CLICKS per
 * image.
 */
sm_batch sm_distillation_soften(sm_distillation *distillation, const sm_batch *batch, uint64_t seed);

/** Hash of the teachers' files, so that a checkpoint is refused for other teachers; 0 for NULL. */
uint64_t sm_distillation_hash(const sm_distillation *distillation);

/**
 * Resizes a square of floats bilinearly. Shrinking takes the mean of four samples per output pixel, so that speckle
 * does not alias. `input` is [side][side], `output` is [output_side][output_side].
 */
void sm_square_resize(const float *input, int side, float *output, int output_side);

#endif
