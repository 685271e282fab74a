#include "distillation.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/memory_plan.h"
#include "../../src/net_inference.h"
#include "../../src/sonomask.h"
#include "../../src/weights.h"
#include "../data/random.h"
#include "../file.h"

typedef struct teacher {
    sm_net net;
    int size; /* side of its input */
    float temperature;
    bool two_sigmoid;
    sm_inference *inference;
    sm_inference_state *state;
} teacher;

struct sm_distillation {
    teacher *teachers;
    int count, size, batch;
    float share;
    const sm_kernels *kernels;
    float *square, *mask;              /* [largest size][largest size] */
    float *masks, *type_probabilities; /* [batch][size][size], [batch][SM_CLASS_COUNT] */
    uint64_t hash;
};

static sm_status read_teacher(const char *path, const sm_kernels *kernels, const sm_parallel *parallel, teacher *made,
                              uint64_t *hash, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    for (size_t i = 0; i < size; i++) *hash = (*hash ^ bytes[i]) * 0x100000001B3ULL;
    sm_weights_metadata metadata;
    float *parameters = NULL;
    status = sm_weights_read(bytes, size, &metadata, &made->net, &parameters, error);
    free(bytes);
    if (status == SM_OK) {
        made->size = metadata.input_size;
        made->temperature = metadata.temperature;
        made->two_sigmoid = metadata.type_activation == SM_TYPE_TWO_SIGMOID;
        status = sm_inference_create(&made->net, parameters, made->size, kernels, &made->inference, error);
        if (status == SM_OK) status = sm_inference_state_create(made->inference, parallel, &made->state, error);
    }
    sm_floats_free(parameters);
    return status == SM_OK ? status : sm_error_prefix(error, path);
}

sm_status sm_distillation_create(const char *const *paths, int count, float share, int size, int batch,
                                 const sm_kernels *kernels, const sm_parallel *parallel, sm_distillation **distillation,
                                 sm_error *error) {
    *distillation = NULL;
    sm_distillation *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for teachers");
    *made = (sm_distillation){.count = count,
                              .size = size,
                              .batch = batch,
                              .share = share,
                              .kernels = kernels,
                              .hash = 0xCBF29CE484222325ULL,
                              .teachers = calloc((size_t)count, sizeof *made->teachers)};
    sm_status status = made->teachers ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for teachers");
    int largest = size;
    for (int i = 0; i < count && status == SM_OK; i++) {
        status = read_teacher(paths[i], kernels, parallel, &made->teachers[i], &made->hash, error);
        if (made->teachers[i].size > largest) largest = made->teachers[i].size;
    }
    if (status == SM_OK) {
        made->square = sm_floats_allocate((size_t)largest * (size_t)largest);
        made->mask = sm_floats_allocate((size_t)largest * (size_t)largest);
        made->masks = sm_floats_allocate((size_t)batch * (size_t)size * (size_t)size);
        made->type_probabilities = sm_floats_allocate((size_t)batch * SM_CLASS_COUNT);
        if (!made->square || !made->mask || !made->masks || !made->type_probabilities)
            status = sm_fail(error, SM_ERROR_MEMORY, "no memory for teachers");
    }
    if (status == SM_OK)
        *distillation = made;
    else
        sm_distillation_free(made);
    return status;
}

void sm_distillation_free(sm_distillation *distillation) {
    if (!distillation) return;
    for (int i = 0; i < distillation->count && distillation->teachers; i++) {
        sm_inference_state_free(distillation->teachers[i].state);
        sm_inference_free(distillation->teachers[i].inference);
    }
    free(distillation->teachers);
    sm_floats_free(distillation->square);
    sm_floats_free(distillation->mask);
    sm_floats_free(distillation->masks);
    sm_floats_free(distillation->type_probabilities);
    free(distillation);
}

uint64_t sm_distillation_hash(const sm_distillation *distillation) { return distillation ? distillation->hash : 0; }

/** Bilinear sample at (x, y), in pixels from the centre of the first pixel; the border is repeated. */
static float sample_at(const float *plane, int side, float x, float y) {
    float last = (float)(side - 1);
    x = x < 0 ? 0 : x > last ? last : x;
    y = y < 0 ? 0 : y > last ? last : y;
    int left = (int)x, top = (int)y;
    int right = left + 1 < side ? left + 1 : left, bottom = top + 1 < side ? top + 1 : top;
    float across = x - (float)left, down = y - (float)top;
    const float *upper = plane + (size_t)top * (size_t)side, *lower = plane + (size_t)bottom * (size_t)side;
    float above = upper[left] + across * (upper[right] - upper[left]);
    float below = lower[left] + across * (lower[right] - lower[left]);
    return above + down * (below - above);
}

void sm_square_resize(const float *input, int side, float *output, int output_side) {
    if (side == output_side) {
        memcpy(output, input, (size_t)side * (size_t)side * sizeof *output);
        return;
    }
    float step = (float)side / (float)output_side;
    float spread = step > 1 ? 0.25f * step : 0;
    for (int row = 0; row < output_side; row++)
        for (int column = 0; column < output_side; column++) {
            float x = ((float)column + 0.5f) * step - 0.5f, y = ((float)row + 0.5f) * step - 0.5f;
            output[(size_t)row * (size_t)output_side + (size_t)column] =
                spread == 0 ? sample_at(input, side, x, y)
                            : 0.25f * (sample_at(input, side, x - spread, y - spread) +
                                       sample_at(input, side, x + spread, y - spread) +
                                       sample_at(input, side, x - spread, y + spread) +
                                       sample_at(input, side, x + spread, y + spread));
        }
}

/** Fills the class probabilities of one image: the teacher's answer, mixed with it restricted to the possible classes.
 *  `logits` is changed. */
static void soften_type(const sm_distillation *d, const teacher *chosen, float logits[SM_CLASS_COUNT],
                        sm_class_set classes, float *probabilities) {
    if (chosen->two_sigmoid) logits[SM_CLASS_NORMAL] = 0;
    for (int c = 0; c < SM_CLASS_COUNT; c++) logits[c] /= chosen->temperature;
    d->kernels->softmax(logits, 1, SM_CLASS_COUNT, probabilities);
    float restricted[SM_CLASS_COUNT];
    sm_class_set_restrict(classes, logits);
    d->kernels->softmax(logits, 1, SM_CLASS_COUNT, restricted);
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        probabilities[c] = d->share * probabilities[c] + (1 - d->share) * restricted[c];
}

/** The teacher's answer to the prompts of an image, for which it has just run; fills d->mask. */
static void answer_prompts(sm_distillation *d, const teacher *chosen, const sm_square_prompts *prompts) {
    if (!sm_prompts_any(prompts)) return;
    const float scale = (float)chosen->size / (float)d->size;
    sm_square_click clicks[SM_DISTILLATION_CLICKS];
    sm_square_prompts scaled = *prompts;
    scaled.clicks = clicks;
    if (scaled.click_count > SM_DISTILLATION_CLICKS) scaled.click_count = SM_DISTILLATION_CLICKS;
    for (int i = 0; i < scaled.click_count; i++)
        clicks[i] = (sm_square_click){
            .x = prompts->clicks[i].x * scale, .y = prompts->clicks[i].y * scale, .inside = prompts->clicks[i].inside};
    scaled.left *= scale, scaled.top *= scale, scaled.right *= scale, scaled.bottom *= scale;
    sm_inference_refine(chosen->state, &scaled, d->mask);
}

sm_batch sm_distillation_soften(sm_distillation *d, const sm_batch *batch, uint64_t seed) {
    sm_random random = sm_random_make(seed);
    const teacher *chosen = &d->teachers[sm_random_below(&random, d->count)];
    size_t pixels = (size_t)d->size * (size_t)d->size;
    size_t teacher_pixels = (size_t)chosen->size * (size_t)chosen->size;
    for (int i = 0; i < d->batch; i++) {
        const float *target = batch->masks + (size_t)i * pixels;
        float *mask = d->masks + (size_t)i * pixels;
        float logits[SM_CLASS_COUNT];
        sm_square_resize(batch->images + (size_t)i * pixels, d->size, d->square, chosen->size);
        sm_inference_run(chosen->state, d->square, d->mask, logits);
        if (batch->prompts && chosen->net.takes_prompts) answer_prompts(d, chosen, &batch->prompts[i]);
        d->kernels->sigmoid(d->mask, teacher_pixels, d->mask);
        sm_square_resize(d->mask, chosen->size, mask, d->size);
        for (size_t k = 0; k < pixels; k++) mask[k] = target[k] + d->share * (mask[k] - target[k]);
        soften_type(d, chosen, logits, batch->classes[i], d->type_probabilities + i * SM_CLASS_COUNT);
    }
    sm_batch softened = *batch;
    softened.masks = d->masks;
    softened.type_probabilities = d->type_probabilities;
    return softened;
}
