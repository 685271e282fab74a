/** Shared by the parts of the flat interface: the state of the one context, and failing. */
#ifndef SONOMASK_EXPORTS_STATE_H
#define SONOMASK_EXPORTS_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "../src/sonomask.h"

// Exports a function under its name; a native build, as in the tests, does not need it.
#if defined(__wasm__)
#define SM_EXPORT(name) __attribute__((export_name(#name)))
#else
#define SM_EXPORT(name)
#endif

/** Lengths of the records that the getters return. */
enum { RESULT_FIELDS = 19, MODEL_FIELDS = 17, LESION_FIELDS = 25, REGION_FIELDS = 11, DESCRIPTOR_FIELDS = 21 };

typedef struct sm_exports_state {
    sm_model *model; /**< model and state are both NULL or both set */
    sm_state *state;
    uint8_t *input; /**< from malloc */
    size_t input_size;
    sm_image image;
    sm_result result;
    uint8_t *output; /**< from malloc */
    size_t output_size;
    sm_error error;
    double record[LESION_FIELDS]; /**< what the record getters return */
} sm_exports_state;

extern sm_exports_state sm_exports;

void sm_exports_release_input(void);
void sm_exports_release_output(void);
/** Stores one line for sonomask_error_message; returns the status. */
sm_status sm_exports_fail(sm_status status, const char *message);
/** Fails when a width and height from JavaScript are outside the limits of images. */
sm_status sm_exports_check_size(int width, int height);

#endif
