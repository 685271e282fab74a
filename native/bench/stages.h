/** Times the stages of a segmentation, from the bytes of an image file to the answer and the bytes of its mask. */
#ifndef SONOMASK_STAGES_H
#define SONOMASK_STAGES_H

#include <stdbool.h>

#include "../../src/sonomask.h"

enum { SM_STAGES_MAX = 16 };

typedef struct sm_stage {
    const char *name;
    double seconds; /**< median */
} sm_stage;

/** Times in seconds; all but `load` and `first` are medians over the runs. */
typedef struct sm_stage_times {
    char network[32]; /* copied: the model is released */
    int input_size, width, height, runs;
    double load;                    /**< once: from the bytes of the weights to the model and its state */
    double first;                   /**< once: decoding and segmenting the first image */
    double image;                   /**< decoding and segmenting an image */
    sm_stage stages[SM_STAGES_MAX]; /**< each measured by itself; the last one is what `image` contains besides */
    int stage_count;
    double writing; /**< encoding the mask as PNG; not part of `image` */
} sm_stage_times;

typedef struct sm_stages_options {
    const void *weights; /**< bytes of a weights file */
    size_t weights_size;
    const void *image; /**< bytes of an image file */
    size_t image_size;
    const sm_parallel *parallel;
    sm_backend backend;
    double seconds; /**< approximate duration of the measurement */
} sm_stages_options;

/** Errors: those of sm_model_create, sm_image_decode and sm_segment. */
sm_status sm_stages_measure(const sm_stages_options *options, sm_stage_times *times, sm_error *error);

/** A table, or with `as_json` one line of JSON, on stdout. */
void sm_stages_print(const sm_stage_times *times, int threads, bool as_json);

#endif
