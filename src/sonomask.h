/**
 * sonomask: find the lesion in a breast ultrasound image, name its type, outline and measure it.
 * Research software, not a medical device.
 *
 * How to use it (every step checked; `error.message` says what went wrong):
 *
 *     sm_error error = {0};
 *     sm_model *model = NULL;
 *     sm_image image = {0};
 *     sm_result result = {0};
 *     sm_segment_options options = sm_segment_options_default();
 *     if (sm_model_create(weights, weights_size, &model, &error) == SM_OK &&
 *         sm_image_decode(file, file_size, &image, &error) == SM_OK &&
 *         sm_segment(model, &image, &options, &result, &error) == SM_OK) {
 *         // result.mask: image.height rows of image.width bytes, 0 or 255
 *         // result.lesions[0 .. result.lesion_count - 1], result.type, result.probabilities[]
 *     }
 *     sm_result_free(&result);
 *     sm_image_free(&image);
 *     sm_model_free(model);
 *
 * Conventions
 *   Ownership: whatever a function fills or creates, its `_free` partner releases. Every `_free` takes
 *     NULL or an all-zero structure and leaves the structure all-zero.
 *   Failure: a function that can fail returns a status; on failure its outputs are left all-zero (nothing
 *     to free) and `error`, which may be NULL, holds one line without a line end. The library never prints,
 *     never exits, and opens no file: bytes come in, bytes go out.
 *   Threads: no global state. One `sm_model` serves one call at a time; make one model a thread.
 *   Images: rows from the top, pixels from the left, channels interleaved.
 */
#ifndef SONOMASK_H
#define SONOMASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "mask.h"
#include "parallel.h"
#include "status.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SM_VERSION "0.1.0"

/** A network with its weights, ready to segment. */
typedef struct sm_model sm_model;

/** What the weights file says of itself. Strings live as long as the model. */
typedef struct sm_model_info {
    const char *network;       /**< one of sm_net_make: "sonomask", "unet16" ... */
    int input_size;            /**< side of the square input, pixels */
    float threshold;           /**< a pixel is lesion when its probability is at least this */
    float temperature;         /**< type logits are divided by this before the softmax */
    float minimum_area;        /**< components below this share of the image's area are dropped, 0..1 */
    const char *training_data; /**< free text; "" when unknown */
    const char *date;          /**< ISO 8601; "" when unknown */
    float expected_dice_power; /**< makes the expected Dice honest: see expected_dice.h; 1 when not fitted */
    bool knows_outliers;       /**< the file holds statistics of what the training images look like */
} sm_model_info;

/** How to make a model. Zero-initialise for the defaults. */
typedef struct sm_model_options {
    sm_backend backend;          /**< one that this build or processor lacks is an SM_ERROR_ARGUMENT */
    int input_size;              /**< 0: the size in the weights; else a multiple of 32, 32..1024 */
    const sm_parallel *parallel; /**< NULL: the calling thread only; must outlive the model */
} sm_model_options;

/**
 * Makes a model from the bytes of a safetensors file, which may be released afterwards.
 * Errors: SM_ERROR_WEIGHTS (truncated, foreign, wrong shape, non-finite), SM_ERROR_MEMORY, SM_ERROR_ARGUMENT.
 */
sm_status sm_model_create(const void *weights, size_t size, sm_model **model, sm_error *error);
sm_status sm_model_create_with(const void *weights, size_t size, const sm_model_options *options, sm_model **model,
                               sm_error *error);
void sm_model_free(sm_model *model);
sm_model_info sm_model_describe(const sm_model *model);

/**
 * Runs the network alone, for callers that prepare its input themselves: `square` is [size][size] with the model's
 * input size, grey, letterboxed, -1..1. `mask` is [size][size], probability of lesion; `probabilities` of the type are
 * calibrated, sum 1. Cannot fail.
 */
void sm_model_run(sm_model *model, const float *square, float *mask, float probabilities[SM_CLASS_COUNT]);

typedef struct sm_segment_options {
    float threshold;    /**< 0..1; negative: the model's own */
    float minimum_area; /**< share of the image's area, 0..1; negative: the model's own */
    bool flip_average;  /**< also run the mirrored image and average: slower, a little more accurate */
} sm_segment_options;

sm_segment_options sm_segment_options_default(void);

/** What `sm_segment` finds. All maps have the input image's own width and height. */
typedef struct sm_result {
    int width, height;
    sm_class type;                       /**< the most probable class */
    float probabilities[SM_CLASS_COUNT]; /**< calibrated, sum 1 */
    float *probability_map;              /**< [height][width], probability of lesion, 0..1 */
    uint8_t *mask;                       /**< [height][width], 0 or 255 */
    sm_lesion *lesions;                  /**< largest first; NULL when there is none */
    int lesion_count;
    float expected_dice; /**< how well the mask probably fits the truth, 0..1; without lesions, how probable it is that
                              there is none: see expected_dice.h */
    float outlier_score; /**< how unlike the training images the picture is, 0 and up, above 1 foreign; 0 when the
                              weights hold no statistics to tell: see outlier.h */
    bool looks_like_ultrasound; /**< outlier_score is at most 1 */
} sm_result;

/** Segments one decoded image. Errors: SM_ERROR_ARGUMENT, SM_ERROR_MEMORY. */
sm_status sm_segment(sm_model *model, const sm_image *image, const sm_segment_options *options, sm_result *result,
                     sm_error *error);
void sm_result_free(sm_result *result);

#ifdef __cplusplus
}
#endif
#endif
