/** Export of a network as ONNX. Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. */
#ifndef SONOMASK_ONNX_H
#define SONOMASK_ONNX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../src/weights.h"

enum { SM_ONNX_IR_VERSION = 8, SM_ONNX_OPSET = 17 };

/**
 * Writes `net` with `parameters` ([net->total_count]) for inputs of `size` x `size` pixels:
 *   input "image" [batch][1][size][size]: grey, letterboxed, -1..1;
 *   with `prompts`, inputs "clicks" and "box", see onnx_prompts.h;
 *   output "mask" [batch][1][size][size]: probability of lesion; output "type" [batch][SM_CLASS_COUNT]: calibrated.
 * As in sm_refine, prompts that show a lesion exclude the type normal. Layers for training only are left out, and batch
 * normalisation is fused into the convolutions. The metadata become properties of the model. `*bytes` is released with
 * free(). Errors: SM_ERROR_ARGUMENT (size, or prompts for a network that takes none), SM_ERROR_WEIGHTS (a value that is
 * not finite, for example from a negative running variance), SM_ERROR_MEMORY.
 */
sm_status sm_onnx_write(const sm_net *net, const float *parameters, const sm_weights_metadata *metadata, int size,
                        bool prompts, uint8_t **bytes, size_t *byte_count, sm_error *error);

#endif
