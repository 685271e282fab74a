#include "augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/letterbox.h"
#include "augment_stages.h"
#include "random.h"

struct sm_augment_scratch {
    int size;
    uint8_t *grey, *mask, *small;  /**< [size][size]: the sample resized, and shrunk */
    float *plane, *spare, *inside; /**< [size][size] */
    sm_geometry_buffers geometry;
};

sm_augmentation sm_augmentation_none(void) { return (sm_augmentation){0}; }

sm_augmentation sm_augmentation_study(void) {
    return (sm_augmentation){
        .flip_probability = 0.2f,
        .contrast_probability = 0.2f,
        .contrast_low = 0.65f,
        .contrast_high = 1.5f,
        .brightness_probability = 0.2f,
        .brightness = 0.15f,
        .blur_probability = 0.2f,
        .blur_sigma = 1.5f,
        .exclusive = true,
    };
}

sm_augmentation sm_augmentation_full(void) {
    return (sm_augmentation){
        .flip_probability = 0.5f,
        .rotation_probability = 0.5f,
        .rotation_radians = 0.35f,
        .scale_probability = 0.7f,
        .scale_log = 0.3f,
        .aspect_log = 0.12f,
        .shift = 0.1f,
        .elastic_probability = 0.5f,
        .elastic_strength = 0.03f,
        .gamma_probability = 0.5f,
        .gamma_log = 0.5f,
        .contrast_probability = 0.5f,
        .contrast_low = 0.65f,
        .contrast_high = 1.5f,
        .brightness_probability = 0.4f,
        .brightness = 0.15f,
        .blur_probability = 0.25f,
        .blur_sigma = 1.5f,
        .low_resolution_probability = 0.2f,
        .speckle_probability = 0.2f,
        .speckle = 0.2f,
        .paste_probability = 0.3f,
        .crop_probability = 0.06f,
        .erase_probability = 0.05f,
        .seam_probability = 0.1f,
        .marks_probability = 0.3f,
    };
}

/** Full without flip, rotation, scale, shift and elastic deformation. */
static sm_augmentation without_geometry(void) {
    sm_augmentation augmentation = sm_augmentation_full();
    augmentation.flip_probability = 0;
    augmentation.rotation_probability = 0;
    augmentation.scale_probability = 0;
    augmentation.elastic_probability = 0;
    return augmentation;
}

/** Full without gamma, contrast and brightness. */
static sm_augmentation without_intensity(void) {
    sm_augmentation augmentation = sm_augmentation_full();
    augmentation.gamma_probability = 0;
    augmentation.contrast_probability = 0;
    augmentation.brightness_probability = 0;
    return augmentation;
}

/** Full without blur, low resolution and speckle. */
static sm_augmentation without_quality(void) {
    sm_augmentation augmentation = sm_augmentation_full();
    augmentation.blur_probability = 0;
    augmentation.low_resolution_probability = 0;
    augmentation.speckle_probability = 0;
    return augmentation;
}

/** Full without copy-paste augmentation. */
static sm_augmentation without_paste(void) {
    sm_augmentation augmentation = sm_augmentation_full();
    augmentation.paste_probability = 0;
    return augmentation;
}

/** Full without normal images made of images with a lesion, and without their seams elsewhere. */
static sm_augmentation without_negatives(void) {
    sm_augmentation augmentation = sm_augmentation_full();
    augmentation.crop_probability = 0;
    augmentation.erase_probability = 0;
    augmentation.seam_probability = 0;
    return augmentation;
}

/** Full without burned-in marks. */
static sm_augmentation without_marks(void) {
    sm_augmentation augmentation = sm_augmentation_full();
    augmentation.marks_probability = 0;
    return augmentation;
}

sm_status sm_augmentation_by_name(const char *name, sm_augmentation *augmentation, sm_error *error) {
    static const struct {
        const char *name;
        sm_augmentation (*make)(void);
    } known[] = {
        {"none", sm_augmentation_none},    {"study", sm_augmentation_study},    {"full", sm_augmentation_full},
        {"no-geometry", without_geometry}, {"no-intensity", without_intensity}, {"no-quality", without_quality},
        {"no-paste", without_paste},       {"no-negatives", without_negatives}, {"no-marks", without_marks}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0) {
            *augmentation = known[i].make();
            return SM_OK;
        }
    return sm_fail(error, SM_ERROR_ARGUMENT,
                   "unknown augmentation \"%s\" (none, study, full, no-geometry, no-intensity, no-quality, no-paste, "
                   "no-negatives or no-marks)",
                   name);
}

sm_augment_scratch *sm_augment_scratch_create(int size) {
    if (size < 1 || size > 4096) return NULL; // a float holds pixel indices exactly up to 2^24
    sm_augment_scratch *scratch = calloc(1, sizeof *scratch);
    if (!scratch) return NULL;
    const size_t side = (size_t)size, area = side * side;
    scratch->size = size;
    scratch->grey = malloc(area);
    scratch->mask = malloc(area);
    scratch->small = malloc(area);
    scratch->plane = malloc(area * sizeof(float));
    scratch->spare = malloc(area * sizeof(float));
    scratch->inside = malloc(area * sizeof(float));
    scratch->geometry.pairs = malloc((side + 1) * (side + 1) * 2 * sizeof(float));
    scratch->geometry.rows = malloc(SM_GEOMETRY_ROWS * side * sizeof(float));
    scratch->geometry.indices = malloc(side * sizeof(int32_t));
    if (!scratch->grey || !scratch->mask || !scratch->small || !scratch->plane || !scratch->spare || !scratch->inside ||
        !scratch->geometry.pairs || !scratch->geometry.rows || !scratch->geometry.indices) {
        sm_augment_scratch_free(scratch);
        return NULL;
    }
    return scratch;
}

void sm_augment_scratch_free(sm_augment_scratch *scratch) {
    if (!scratch) return;
    free(scratch->grey);
    free(scratch->mask);
    free(scratch->small);
    free(scratch->plane);
    free(scratch->spare);
    free(scratch->inside);
    free(scratch->geometry.pairs);
    free(scratch->geometry.rows);
    free(scratch->geometry.indices);
    free(scratch);
}

/** Each transformation has a random stream of its own, so that switching one off does not change the others. */
typedef enum transformation {
    FLIP,
    ROTATION,
    SCALE,
    ELASTIC,
    GAMMA,
    CONTRAST,
    BRIGHTNESS,
    BLUR,
    LOW_RESOLUTION,
    SPECKLE,
    TRANSFORMATION_COUNT
} transformation;

/** Index of the random stream that chooses among exclusive transformations. */
enum { EXCLUSIVE_STREAM = 11 };

/** The transformations of one example. One that was not drawn has the value that changes nothing. */
typedef struct drawn {
    sm_geometry geometry;
    float gamma;          /**< exponent; 1: unchanged */
    float contrast;       /**< factor; 1: unchanged */
    float brightness;     /**< 0: unchanged */
    float blur_sigma;     /**< 0: unchanged */
    float low_resolution; /**< factor; 1: unchanged */
    float speckle;        /**< 0: unchanged */
    uint64_t speckle_seed;
} drawn;

static void probabilities_of(const sm_augmentation *augmentation, float probabilities[TRANSFORMATION_COUNT]) {
    probabilities[FLIP] = augmentation->flip_probability;
    probabilities[ROTATION] = augmentation->rotation_probability;
    probabilities[SCALE] = augmentation->scale_probability;
    probabilities[ELASTIC] = augmentation->elastic_probability;
    probabilities[GAMMA] = augmentation->gamma_probability;
    probabilities[CONTRAST] = augmentation->contrast_probability;
    probabilities[BRIGHTNESS] = augmentation->brightness_probability;
    probabilities[BLUR] = augmentation->blur_probability;
    probabilities[LOW_RESOLUTION] = augmentation->low_resolution_probability;
    probabilities[SPECKLE] = augmentation->speckle_probability;
}

/** Draws which transformations happen. Their strengths are drawn from `streams` afterwards. */
static void choose(const sm_augmentation *augmentation, uint64_t seed, bool happens[TRANSFORMATION_COUNT],
                   sm_random streams[TRANSFORMATION_COUNT]) {
    float probabilities[TRANSFORMATION_COUNT];
    probabilities_of(augmentation, probabilities);
    int possible = 0;
    for (int kind = 0; kind < TRANSFORMATION_COUNT; kind++) {
        streams[kind] = sm_random_make(sm_random_derive(seed, (uint64_t)kind));
        happens[kind] = sm_random_uniform(&streams[kind]) < probabilities[kind];
        possible += probabilities[kind] > 0.0f;
    }
    if (!augmentation->exclusive) return;
    sm_random choice = sm_random_make(sm_random_derive(seed, EXCLUSIVE_STREAM));
    int chosen = sm_random_below(&choice, possible + 1); // the last one: no transformation
    for (int kind = 0; kind < TRANSFORMATION_COUNT; kind++) happens[kind] = probabilities[kind] > 0.0f && chosen-- == 0;
}

static sm_geometry draw_geometry(const sm_augmentation *augmentation, const bool *happens, sm_random *streams) {
    sm_geometry geometry = {.flip = happens[FLIP], .scale_x = 1.0f, .scale_y = 1.0f};
    if (happens[ROTATION])
        geometry.rotation =
            sm_random_range(&streams[ROTATION], -augmentation->rotation_radians, augmentation->rotation_radians);
    if (happens[SCALE]) {
        sm_random *random = &streams[SCALE];
        const float scale = sm_random_range(random, -augmentation->scale_log, augmentation->scale_log);
        const float aspect = sm_random_range(random, -augmentation->aspect_log, augmentation->aspect_log);
        geometry.scale_x = expf(scale + 0.5f * aspect);
        geometry.scale_y = expf(scale - 0.5f * aspect);
        geometry.shift_x = sm_random_range(random, -augmentation->shift, augmentation->shift);
        geometry.shift_y = sm_random_range(random, -augmentation->shift, augmentation->shift);
    }
    if (happens[ELASTIC]) {
        geometry.elastic = augmentation->elastic_strength;
        geometry.elastic_seed = sm_random_next(&streams[ELASTIC]);
    }
    return geometry;
}

static drawn draw(const sm_augmentation *augmentation, uint64_t seed) {
    bool happens[TRANSFORMATION_COUNT];
    sm_random streams[TRANSFORMATION_COUNT];
    choose(augmentation, seed, happens, streams);
    drawn result = {.geometry = draw_geometry(augmentation, happens, streams),
                    .gamma = 1.0f,
                    .contrast = 1.0f,
                    .low_resolution = 1.0f};
    if (happens[GAMMA])
        result.gamma = expf(sm_random_range(&streams[GAMMA], -augmentation->gamma_log, augmentation->gamma_log));
    if (happens[CONTRAST])
        result.contrast = sm_random_range(&streams[CONTRAST], augmentation->contrast_low, augmentation->contrast_high);
    if (happens[BRIGHTNESS])
        result.brightness = sm_random_range(&streams[BRIGHTNESS], -augmentation->brightness, augmentation->brightness);
    if (happens[BLUR]) result.blur_sigma = sm_random_range(&streams[BLUR], 0.3f, augmentation->blur_sigma);
    if (happens[LOW_RESOLUTION]) result.low_resolution = sm_random_range(&streams[LOW_RESOLUTION], 1.5f, 2.5f);
    if (happens[SPECKLE]) {
        result.speckle = sm_random_range(&streams[SPECKLE], 0.0f, augmentation->speckle);
        result.speckle_seed = sm_random_next(&streams[SPECKLE]);
    }
    return result;
}

/** Sets `*grey` and `*mask` to the sample at its size in the square: unchanged, or resized into the scratch. */
static sm_status fit_sample(const sm_sample *sample, const sm_letterbox *box, sm_augment_scratch *scratch,
                            const uint8_t **grey, const uint8_t **mask) {
    *grey = sample->grey;
    *mask = sample->mask;
    if (box->inner_width == sample->width && box->inner_height == sample->height) return SM_OK;
    *grey = scratch->grey;
    *mask = scratch->mask;
    sm_status status = sm_plane_resize(sample->grey, sample->width, sample->height, scratch->grey, box->inner_width,
                                       box->inner_height, NULL);
    if (status == SM_OK)
        status = sm_plane_resize(sample->mask, sample->width, sample->height, scratch->mask, box->inner_width,
                                 box->inner_height, NULL);
    return status;
}

/** Shrinks the grey values by `factor` and enlarges them again, into the scratch. */
static sm_status lower_resolution(const uint8_t **grey, const sm_letterbox *box, float factor,
                                  sm_augment_scratch *scratch) {
    int width = (int)lrintf((float)box->inner_width / factor), height = (int)lrintf((float)box->inner_height / factor);
    if (width < 1) width = 1;
    if (height < 1) height = 1;
    sm_status status = sm_plane_resize(*grey, box->inner_width, box->inner_height, scratch->small, width, height, NULL);
    if (status == SM_OK)
        status =
            sm_plane_resize(scratch->small, width, height, scratch->grey, box->inner_width, box->inner_height, NULL);
    *grey = scratch->grey;
    return status;
}

/** Bytes to 0..1 through a power law. */
static void apply_gamma(const uint8_t *grey, float *plane, int count, float gamma) {
    float table[256];
    for (int value = 0; value < 256; value++) {
        const float share = (float)value / 255.0f;
        table[value] = gamma == 1.0f ? share : powf(share, gamma); // exact, where powf may round
    }
    for (int i = 0; i < count; i++) plane[i] = table[grey[i]];
}

/** Interleaves grey and mask, and repeats the last column and row so that bilinear sampling needs no bounds check. */
static void make_pairs(const float *plane, const uint8_t *mask, int width, int height, float *pairs) {
    const size_t row_size = 2 * ((size_t)width + 1);
    for (int y = 0; y < height; y++) {
        const float *restrict grey_row = plane + (ptrdiff_t)y * width;
        const uint8_t *restrict mask_row = mask + (ptrdiff_t)y * width;
        float *restrict pair = pairs + (size_t)y * row_size;
        for (int x = 0; x < width; x++) {
            pair[2 * x] = grey_row[x];
            pair[2 * x + 1] = (float)mask_row[x] * (1.0f / 255.0f);
        }
        pair[2 * width] = pair[2 * width - 2];
        pair[2 * width + 1] = pair[2 * width - 1];
    }
    memcpy(pairs + (size_t)height * row_size, pairs + (size_t)(height - 1) * row_size, row_size * sizeof *pairs);
}

/** 0..1 inside the picture to -1..1, and -1 outside. */
static void normalise(float *restrict image, const float *restrict inside, int count) {
    for (int i = 0; i < count; i++) image[i] = 2.0f * image[i] * inside[i] - 1.0f;
}

sm_status sm_augment(const sm_augmentation *augmentation, const sm_sample *sample, int size, uint64_t seed,
                     sm_augment_scratch *scratch, float *image, float *mask) {
    if (size < 1 || size > scratch->size) return SM_ERROR_ARGUMENT;
    const drawn what = draw(augmentation, seed);
    const sm_letterbox box = sm_letterbox_make(sample->width, sample->height, size);
    const int inner_count = box.inner_width * box.inner_height, count = size * size;
    const uint8_t *grey, *lesion;
    sm_status status = fit_sample(sample, &box, scratch, &grey, &lesion);
    if (status == SM_OK && what.low_resolution > 1.0f)
        status = lower_resolution(&grey, &box, what.low_resolution, scratch);
    if (status != SM_OK) return status;

    apply_gamma(grey, scratch->plane, inner_count, what.gamma);
    if (what.blur_sigma > 0.0f)
        sm_plane_blur(scratch->plane, scratch->spare, box.inner_width, box.inner_height, what.blur_sigma);
    make_pairs(scratch->plane, lesion, box.inner_width, box.inner_height, scratch->geometry.pairs);
    sm_geometry_sample(&what.geometry, &box, &scratch->geometry, image, mask, scratch->inside);
    if (what.contrast != 1.0f) sm_adjust_contrast(image, scratch->inside, count, what.contrast);
    if (what.brightness != 0.0f) sm_adjust_brightness(image, count, what.brightness);
    if (what.speckle > 0.0f) sm_add_speckle(image, count, what.speckle, what.speckle_seed);
    normalise(image, scratch->inside, count);
    return SM_OK;
}
