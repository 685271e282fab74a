/** The working state of one thread. */
#include "state.h"

#include <stdlib.h>

#include "memory_plan.h"
#include "reserved.h"
#include "status.h"

size_t sm_square_pixels(const sm_model *model) {
    return (size_t)model->metadata.input_size * (size_t)model->metadata.input_size;
}

sm_status sm_view_allocate(const sm_model *model, sm_view *view, sm_error *error) {
    const size_t pixels = sm_square_pixels(model);
    if (!view->square) view->square = sm_floats_reserve(pixels);
    if (!view->probability) view->probability = sm_floats_reserve(pixels);
    if (view->square && view->probability) return SM_OK;
    return sm_fail(error, SM_ERROR_MEMORY, "no memory for the network's input and output");
}

static sm_status allocate(sm_state *state, const sm_parallel *parallel, sm_error *error) {
    const sm_status status = sm_view_allocate(state->model, &state->views[0], error);
    if (status != SM_OK) return status;
    state->mirrored = sm_floats_reserve(sm_square_pixels(state->model));
    if (!state->mirrored) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the network's input and output");
    return sm_inference_state_create(state->model->inference, parallel, &state->inference, error);
}

sm_status sm_state_create(const sm_model *model, const sm_state_options *options, sm_state **state, sm_error *error) {
    static const sm_state_options defaults;
    if (!options) options = &defaults;
    if (!state) return sm_fail(error, SM_ERROR_ARGUMENT, "no place for the state: NULL");
    *state = NULL;
    if (!model) return sm_fail(error, SM_ERROR_ARGUMENT, "no model: NULL");
    if (!SM_RESERVED_ZERO(options)) return sm_fail(error, SM_ERROR_ARGUMENT, SM_RESERVED_MESSAGE, "state");
    const sm_parallel *parallel = options->parallel;
    if (parallel && (parallel->threads < 1 || parallel->threads > SM_THREADS_MAX || !parallel->run))
        return sm_fail(error, SM_ERROR_ARGUMENT, "invalid sm_parallel: %d threads (1 to %d) or no run function",
                       parallel->threads, SM_THREADS_MAX);
    sm_state *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the state");
    made->model = model;
    const sm_status status = allocate(made, parallel, error);
    if (status != SM_OK) {
        sm_state_free(made);
        return status;
    }
    *state = made;
    return SM_OK;
}

void sm_state_free(sm_state *state) {
    if (!state) return;
    sm_inference_state_free(state->inference);
    sm_floats_free(state->mirrored);
    for (int i = 0; i < SM_REGIONS_MAX; i++) {
        sm_floats_free(state->views[i].square);
        sm_floats_free(state->views[i].probability);
    }
    free(state);
}

size_t sm_state_bytes(const sm_state *state) {
    if (!state) return 0;
    size_t squares = 1;
    for (int i = 0; i < SM_REGIONS_MAX; i++)
        squares += (state->views[i].square != NULL) + (size_t)(state->views[i].probability != NULL);
    return sizeof *state + sm_inference_activation_bytes(state->inference) +
           squares * sm_square_pixels(state->model) * sizeof(float);
}
