/**
 * sonomask: find the lesion in a breast ultrasound image, classify it, outline it and measure it.
 * Research software, not a medical device.
 *
 * How to use it (every step checked; `error.message` holds the reason of a failure):
 *
 *     #include <sonomask/sonomask.h>
 *
 *     sm_error error = {0};
 *     sm_model *model = NULL;
 *     sm_state *state = NULL;
 *     sm_image image = {0};
 *     sm_result result = {0};
 *     if (sm_model_create(weights, weights_size, NULL, &model, &error) == SM_OK &&
 *         sm_state_create(model, NULL, &state, &error) == SM_OK &&
 *         sm_image_decode(file, file_size, &image, &error) == SM_OK &&
 *         sm_segment(state, &image, NULL, &result, &error) == SM_OK) {
 *         // result.mask: image.height rows of image.width bytes, 0 or 255
 *         // result.lesions[0 .. result.lesion_count - 1], result.type, result.probabilities[]
 *     }
 *     sm_result_free(&result);
 *     sm_image_free(&image);
 *     sm_state_free(state);
 *     sm_model_free(model);
 *
 * A correction with a click takes a fraction of the time, because only the decoder runs again:
 *
 *     const sm_click click = {.x = 310.5f, .y = 207.5f, .inside = true};
 *     const sm_prompts prompts = {.clicks = &click, .click_count = 1};
 *     if (sm_refine(state, &prompts, NULL, &result, &error) == SM_OK) {
 *         // result.mask contains the click
 *     }
 *
 * Contract of all functions
 *   Threads: a model is immutable; any number of threads may use it at the same time. A state is the working memory of
 *     one thread: one call at a time. So a program with N threads makes one model and N states. There is no other
 *     shared state. A model must outlive its states.
 *   Input and output: the library opens no file, prints nothing and never exits. It reads bytes and returns bytes.
 *   Errors: a function that can fail returns a status. The comment of each function lists the codes that it returns.
 *     `error` may be NULL; on failure it holds the same status and one line of text, on success it is not changed.
 *     On failure the structures and pointers that the function fills are all-zero, so there is nothing to release;
 *     the contents of the caller's own buffers are unspecified.
 *   Arguments: every function checks its arguments and returns SM_ERROR_ARGUMENT for a NULL pointer that is not marked
 *     as optional, and for a size, an option or another single number that is out of range or NaN. Functions without a
 *     status do nothing with NULL. The numbers in arrays are not checked: a NaN in a probability map or in the input of
 *     sm_run makes the answers that depend on it NaN. The library cannot check that a buffer has the size that its
 *     description requires.
 *   Options: a NULL pointer to options means the defaults.
 *   Ownership: `sm_X_free` releases what `sm_X_create` or a function that fills an `sm_X` has made; sm_free releases
 *     single blocks (PNG bytes, the lesions of sm_mask_components). Each takes NULL or an all-zero structure, and
 *     leaves a structure all-zero. Do not use the C library's free(): the library may have another heap.
 *   Reuse: an sm_result starts all-zero and may then be passed to sm_segment and sm_refine any number of times: the
 *     earlier answer is released, or its memory reused. Pointers into the earlier answer are invalid afterwards.
 *   Images: rows from the top, pixels from the left, channels interleaved.
 *
 * Binary interface
 *   The number in the soname (libsonomask.so.N) is SM_ABI_VERSION. It changes only when a program built against an
 *   earlier header would no longer work with the library. Within one number, functions and enumeration values are
 *   added, never removed or renumbered. Options, sm_model_info, sm_region and sm_lesion end with `reserved` fields:
 *   later fields replace them without a change of size, and the value 0 always means the earlier behaviour. The caller
 *   sets them to 0 (zero-initialise the structure, or use the function that returns the defaults); options with other
 *   values are an SM_ERROR_ARGUMENT. The other structures do not change.
 */
#ifndef SONOMASK_H
#define SONOMASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descriptors.h"
#include "image.h"
#include "mask.h"
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Version of this header. SM_VERSION_NUMBER compares: major * 65536 + minor * 256 + patch. */
#define SM_VERSION_MAJOR 0
#define SM_VERSION_MINOR 1
#define SM_VERSION_PATCH 0
#define SM_VERSION "0.1.0"
#define SM_VERSION_NUMBER (SM_VERSION_MAJOR * 65536 + SM_VERSION_MINOR * 256 + SM_VERSION_PATCH)
#define SM_ABI_VERSION 0

/** Version of the library that runs: its SM_VERSION and SM_VERSION_NUMBER. */
SM_API const char *sm_version(void);
SM_API int sm_version_number(void);

/** Releases a block that the library has returned. NULL is allowed. */
SM_API void sm_free(void *block);

/** A network with its weights, prepared for inference. Immutable: shared by any number of threads. */
typedef struct sm_model sm_model;

/** The working memory of one thread for one model, with the features of the last image for sm_refine. */
typedef struct sm_state sm_state;

/** How to make a model. Zero-initialise for the defaults. */
typedef struct sm_model_options {
    sm_backend backend;   /**< SM_ERROR_ARGUMENT when this build or processor lacks it */
    int input_size;       /**< 0: the size in the weights; else a multiple of 32, 32..1024 */
    uint64_t reserved[6]; /**< 0 */
} sm_model_options;

/**
 * Makes a model from the bytes of a safetensors file, which may be released afterwards. `options` may be NULL.
 * Errors: SM_ERROR_ARGUMENT, SM_ERROR_WEIGHTS (truncated, not safetensors, wrong shape, non-finite), SM_ERROR_MEMORY.
 */
SM_API sm_status sm_model_create(const void *weights, size_t size, const sm_model_options *options, sm_model **model,
                                 sm_error *error);
SM_API void sm_model_free(sm_model *model);

/**
 * A compromise between lesions kept and normal images left alone, chosen on images that the network had not seen. An
 * outline counts as a lesion when its presence is at least `presence`.
 */
typedef struct sm_operating_point {
    float kept;     /**< share of the images with a lesion in which there is an outline, counted or possible, whose
                         presence is at least `presence`: 0.80, 0.90 or 0.95 */
    float presence; /**< least presence, 0..1 */
    float missed;   /**< upper 95 % bound on the share of images whose lesion no counted outline touches, 0..1 */
} sm_operating_point;

enum { SM_OPERATING_POINTS = 3 };

/** Metadata of the weights file, and the memory of the model. Strings are valid until the model is released. */
typedef struct sm_model_info {
    const char *network;       /**< "sonomask2", "sonomask", "unet16", ... */
    int input_size;            /**< side of the square input, pixels */
    float threshold;           /**< a pixel is lesion when its probability is at least this */
    float temperature;         /**< type logits are divided by this before the softmax */
    float minimum_area;        /**< components below this share of the image's area are dropped, 0..1 */
    const char *training_data; /**< free text; "" when unknown */
    const char *date;          /**< ISO 8601; "" when unknown */
    float expected_dice_power; /**< exponent that calibrates expected_dice; 1 when not fitted */
    bool knows_outliers;       /**< the file holds the statistics for sm_result.outlier_score */
    uint64_t bytes;            /**< memory that the model occupies, mostly prepared weights */
    bool takes_prompts;        /**< sm_refine works; weights of the first generation take no clicks */
    bool has_decision;         /**< the file holds what presence, operating points and margins need */
    sm_operating_point operating_points[SM_OPERATING_POINTS]; /**< by `kept`, ascending; 0 without has_decision */
    uint64_t reserved[3];                                     /**< 0 */
} sm_model_info;

/** For NULL all numbers are 0 and all strings "". */
SM_API sm_model_info sm_model_describe(const sm_model *model);

/** How to make a state. Zero-initialise for the defaults. */
typedef struct sm_state_options {
    const sm_parallel *parallel; /**< NULL: work on the calling thread only; must outlive the state */
    uint64_t reserved[7];        /**< 0 */
} sm_state_options;

/**
 * Allocates the working memory for one thread. `options` may be NULL. `model` must outlive the state.
 * Errors: SM_ERROR_ARGUMENT, SM_ERROR_MEMORY.
 */
SM_API sm_status sm_state_create(const sm_model *model, const sm_state_options *options, sm_state **state,
                                 sm_error *error);
SM_API void sm_state_free(sm_state *state);

/** Bytes that the state occupies between calls; 0 for NULL. */
SM_API size_t sm_state_bytes(const sm_state *state);

enum { SM_REGIONS_MAX = 16 };

/** How to segment. Start from sm_segment_options_default(): a threshold of 0 would make every pixel a lesion. */
typedef struct sm_segment_options {
    float threshold;             /**< 0..1; negative: the model's own */
    float minimum_area;          /**< share of the area of the region, 0..1; negative: the model's own */
    bool flip_average;           /**< also run the mirrored image and average: slower, a little more accurate */
    double operating_point;      /**< 0.80, 0.90 or 0.95; 0: the default, SM_DEFAULT_OPERATING_POINT. No effect when the
                                      weights hold no decision (sm_model_info.has_decision) */
    const sm_rectangle *regions; /**< [region_count]: the ultrasound pictures in the image, each answered by itself; of
                                      a rectangle the part in the image counts. NULL: see find_regions */
    int region_count;            /**< 0 .. SM_REGIONS_MAX */
    bool find_regions;    /**< without `regions`: find the ultrasound pictures when the image is that of a whole scanner
                               screen (sm_segment_options_default() sets it); false: the whole image is the picture */
    uint64_t reserved[3]; /**< 0 */
} sm_segment_options;

#define SM_DEFAULT_OPERATING_POINT 0.95f

SM_API sm_segment_options sm_segment_options_default(void);

/** One ultrasound picture of the image, and the answer for it as for an image of its own. */
typedef struct sm_region {
    int x, y, width, height; /**< the rectangle, pixels of the image */
    sm_class type;
    float probabilities[SM_CLASS_COUNT];
    float presence;
    float outlier_score;
    bool looks_like_ultrasound;
    uint32_t reserved[5]; /**< 0 */
} sm_region;

/** Why an answer may be less sure. Bits of sm_result.warnings. */
typedef enum sm_warning {
    SM_WARNING_TINTED = 1,     /**< the picture has a colour map; the answer is for the grey values behind it */
    SM_WARNING_OVERLAY = 2,    /**< colours, as of a Doppler mode, cover a part of the scan; it was filled from its
                                    surroundings */
    SM_WARNING_PHOTOGRAPH = 4, /**< like a photograph of a screen; the answer is for the part that may be ultrasound, as
                                  for one picture, also when it shows several */
    SM_WARNING_NO_SCAN = 8,    /**< a screenshot in which no ultrasound picture was found; the answer is for the whole
                                    image */
    SM_WARNING_VIEWS = 16,     /**< more than two ultrasound pictures were found; the search ends at four */
    SM_WARNING_SMALL_SCAN = 32 /**< what was found is less than a tenth of the image */
} sm_warning;

/**
 * The answer of sm_segment. All maps have the input image's own width and height, also when the network has seen a part
 * of the image: outside the regions the probability is 0. With several regions, each is answered for itself; the
 * lesions of all are listed, and type, probabilities, presence and outlier score are those of the region with the
 * greatest presence (the first of several).
 */
typedef struct sm_result {
    int width, height;
    sm_class type;                       /**< the most probable class */
    float probabilities[SM_CLASS_COUNT]; /**< calibrated, sum 1 */
    float *probability_map;              /**< [height][width], probability of lesion, 0..1 */
    uint8_t *mask;                       /**< [height][width], 0 or 255 */
    sm_lesion *lesions;                  /**< [lesion_count], largest first; NULL when there is none */
    int lesion_count;
    float expected_dice; /**< estimated Dice score of the mask, 0..1; without lesions, the estimated probability that
                              there is none */
    float outlier_score; /**< distance from the training images, 0 and up; above 1 is out of distribution; 0 when the
                              weights hold no statistics for it */
    bool looks_like_ultrasound; /**< outlier_score is at most 1 */
    bool refined;               /**< clicks or a box are part of the answer */
    float presence; /**< probability that the image shows a lesion, 0..1; 1 - P(normal) when the weights hold no
                         decision */
    sm_operating_point operating_point; /**< that decided; 0 when the weights hold none */
    sm_lesion *possible; /**< [possible_count] outlines that do not count, largest first: those whose presence is below
                              the operating point's; or, when the presence of the image is not and there is no other
                              outline, the largest one below the threshold. Not in `mask`; NULL when there is none */
    int possible_count;
    uint8_t *possible_mask; /**< [height][width], 0 or 255: of `possible`; NULL when there is none */
    sm_region *regions;     /**< [region_count]: where the ultrasound pictures are, at least one: those of the options,
                                 or found (from the left, then from the top), or the whole image */
    int region_count;
    uint32_t warnings;   /**< bits of sm_warning */
    float overlay_share; /**< of the regions that a colour overlay covers, 0..1 */
} sm_result;

/**
 * Segments one image. `options` may be NULL. `result` is all-zero or holds an earlier answer, which is replaced.
 *
 * When the image is that of a whole scanner screen, its ultrasound pictures are found, and the network sees them alone.
 * Nothing outside a picture, and in a sector nothing outside its shape, is part of a lesion. A found picture that is
 * clearly not ultrasound is left out when another one is. An image without a screen around it is its own region.
 *
 * Errors: SM_ERROR_ARGUMENT (also a region of no area or outside the image, and regions that overlap),
 * SM_ERROR_IMAGE_TOO_SMALL, SM_ERROR_IMAGE_TOO_LARGE, SM_ERROR_MEMORY.
 */
SM_API sm_status sm_segment(sm_state *state, const sm_image *image, const sm_segment_options *options,
                            sm_result *result, sm_error *error);
SM_API void sm_result_free(sm_result *result);

/**
 * Describes `count` lesions in the words of BI-RADS (descriptors.h): those of an answer, with its mask (or its
 * `possible` ones, with `possible_mask`) and its regions, or those that sm_mask_components measured. Each is described
 * within the region that holds its centroid, in none of them within the whole image; of a region only the rectangle is
 * read. `descriptors` is [count]. Errors: those of sm_describe.
 */
SM_API sm_status sm_describe_lesions(const sm_image *image, const uint8_t *mask, const sm_lesion *lesions, int count,
                                     const sm_region *regions, int region_count, sm_descriptors *descriptors,
                                     sm_error *error);

/** A click of the user, in pixels of the image: the centre of the top-left pixel is (0.5, 0.5), its corner (0, 0). */
typedef struct sm_click {
    float x, y;
    bool inside; /**< on a lesion; otherwise on tissue that is not lesion */
} sm_click;

/** A box around one lesion, in pixels of the image. */
typedef struct sm_box {
    float x, y; /**< the upper left corner */
    float width, height;
} sm_box;

enum { SM_CLICKS_MAX = 1000 };

/** All prompts of one image. Zero-initialise. The arrays belong to the caller. */
typedef struct sm_prompts {
    const sm_click *clicks; /**< [click_count]; may be NULL when the count is 0 */
    int click_count;        /**< 0 .. SM_CLICKS_MAX */
    const sm_box *box;      /**< NULL: none. It belongs to the region that holds the largest part of it, and this part
                                 counts */
    uint64_t reserved[4];   /**< 0 */
} sm_prompts;

/**
 * Answers again for the image of the state's last sm_segment, with clicks and a box. Only the decoder runs. `result` is
 * all-zero or holds an earlier answer, which is replaced. The answer depends on the image, the options and these
 * prompts, not on earlier refinements. Without clicks and box it is that of sm_segment. The type is estimated from the
 * image alone, as sm_segment did.
 *
 * What the mask guarantees:
 *   - Every click inside lies in an outline. This outline counts as a lesion at every operating point, however small,
 *     and its presence and that of the image are 1.
 *   - No click outside lies in an outline. An outline that it touches is removed, with all that is left of an outline
 *     of sm_segment's answer that it touches. If the outline also holds a click inside, only a part that is nearer to
 *     the click outside is removed. From the largest outline in a box, only a disc around the click is removed.
 *   - With a box, at least one outline lies in the box, and no outline crosses the edge of the box. The largest outline
 *     in the box counts as a lesion at every operating point.
 * `probability_map` is the network's; the guarantees change only the mask. When a click inside or a box shows that
 * there is a lesion, "normal" is excluded and the probabilities of the other types are divided by their sum.
 * The regions are those of sm_segment, whatever the options hold. Clicks and box change the answer of the regions that
 * they are in; a region whose features the state does not hold any more costs a run of the whole network.
 * `flip_average` has no effect.
 *
 * Errors: SM_ERROR_ARGUMENT (no image was segmented with this state, or sm_run was called since; the weights take no
 * prompts; a click or box that is not finite, not in the image and in one of its regions, or of no area; an inside and
 * an outside click on the same pixel; a click inside that touches the box from outside; clicks outside on every pixel
 * of the box; more than SM_CLICKS_MAX clicks), SM_ERROR_MEMORY. The state can be used again after any of them.
 */
SM_API sm_status sm_refine(sm_state *state, const sm_prompts *prompts, const sm_segment_options *options,
                           sm_result *result, sm_error *error);

/**
 * Runs the network alone, for callers that prepare its input themselves. `square` is [size][size] with the model's
 * input size: grey, letterboxed, -1..1. `mask` is [size][size], the probability of lesion. `probabilities` of the
 * classes are calibrated, sum 1. Either output may be NULL. sm_refine then needs a new sm_segment. Errors:
 * SM_ERROR_ARGUMENT.
 */
SM_API sm_status sm_run(sm_state *state, const float *square, float *mask, float probabilities[SM_CLASS_COUNT],
                        sm_error *error);

#ifdef __cplusplus
}
#endif
#endif
