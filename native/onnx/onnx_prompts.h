/** A user's clicks and box as inputs of an ONNX graph, and the maps of src/prompt_maps.h made of them by the graph. */
#ifndef SONOMASK_ONNX_PROMPTS_H
#define SONOMASK_ONNX_PROMPTS_H

#include "protobuf.h"

/**
 * Writes the inputs "clicks" [batch][clicks][3] (x, y in pixels of the network's square; 1: inside the lesion, 0:
 * outside, -1: no click) and "box" [batch][1][4] (left, top, right, bottom; equal sides: no box) into an open graph
 * message, and what all maps share.
 */
void sm_onnx_put_prompt_inputs(sm_protobuf *graph);

/** Writes the nodes that exclude normal from the type's logits [batch][SM_CLASS_COUNT][1][1] when a prompt shows a
 * lesion. */
void sm_onnx_put_restricted_type(sm_protobuf *graph, const char *logits, const char *output);

/** Writes the nodes that compute the tensor `name`, [batch][SM_PROMPT_CHANNELS][side][side], side = size >> level. */
void sm_onnx_put_prompt_maps(sm_protobuf *graph, const char *name, int size, int level);

#endif
