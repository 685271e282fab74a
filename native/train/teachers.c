#include "teachers.h"

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
    int size; /* of the squares that it was trained on */
    float temperature;
    bool two_sigmoid;
    sm_inference *inference;
    sm_inference_state *state;
} teacher;

struct sm_teachers {
    teacher *all;
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

sm_status sm_teachers_create(const char *const *paths, int count, float share, int size, int batch,
                             const sm_kernels *kernels, const sm_parallel *parallel, sm_teachers **teachers,
                             sm_error *error) {
    *teachers = NULL;
    sm_teachers *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for teachers");
    *made = (sm_teachers){.count = count,
                          .size = size,
                          .batch = batch,
                          .share = share,
                          .kernels = kernels,
                          .hash = 0xCBF29CE484222325ULL,
                          .all = calloc((size_t)count, sizeof *made->all)};
    sm_status status = made->all ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for teachers");
    int largest = size;
    for (int i = 0; i < count && status == SM_OK; i++) {
        status = read_teacher(paths[i], kernels, parallel, &made->all[i], &made->hash, error);
        if (made->all[i].size > largest) largest = made->all[i].size;
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
        *teachers = made;
    else
        sm_teachers_free(made);
    return status;
}

void sm_teachers_free(sm_teachers *teachers) {
    if (!teachers) return;
    for (int i = 0; i < teachers->count && teachers->all; i++) {
        sm_inference_state_free(teachers->all[i].state);
        sm_inference_free(teachers->all[i].inference);
    }
    free(teachers->all);
    sm_floats_free(teachers->square);
    sm_floats_free(teachers->mask);
    sm_floats_free(teachers->masks);
    sm_floats_free(teachers->type_probabilities);
    free(teachers);
}

uint64_t sm_teachers_hash(const sm_teachers *teachers) { return teachers ? teachers->hash : 0; }

/** The value at (x, y), pixels from the first centre on, between its four neighbours. */
static float between(const float *plane, int side, float x, float y) {
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

/** Bilinear; when shrinking, the mean of four such points an output pixel, so that speckle does not alias. */
static void resize(const float *input, int side, float *output, int output_side) {
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
                spread == 0
                    ? between(input, side, x, y)
                    : 0.25f *
                          (between(input, side, x - spread, y - spread) + between(input, side, x + spread, y - spread) +
                           between(input, side, x - spread, y + spread) + between(input, side, x + spread, y + spread));
        }
}

static void soften_type(const sm_teachers *t, const teacher *one, float logits[SM_CLASS_COUNT], int type,
                        float *probabilities) {
    if (one->two_sigmoid) logits[SM_CLASS_NORMAL] = 0;
    for (int c = 0; c < SM_CLASS_COUNT; c++) logits[c] /= one->temperature;
    t->kernels->softmax(logits, 1, SM_CLASS_COUNT, probabilities);
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        probabilities[c] = t->share * probabilities[c] + (1 - t->share) * (c == type ? 1.0f : 0);
}

sm_batch sm_teachers_soften(sm_teachers *teachers, const sm_batch *batch, uint64_t seed) {
    sm_random random = sm_random_make(seed);
    const teacher *one = &teachers->all[sm_random_below(&random, teachers->count)];
    size_t pixels = (size_t)teachers->size * (size_t)teachers->size;
    size_t teacher_pixels = (size_t)one->size * (size_t)one->size;
    for (int i = 0; i < teachers->batch; i++) {
        const float *truth = batch->masks + (size_t)i * pixels;
        float *mask = teachers->masks + (size_t)i * pixels;
        float logits[SM_CLASS_COUNT];
        resize(batch->images + (size_t)i * pixels, teachers->size, teachers->square, one->size);
        sm_inference_run(one->state, teachers->square, teachers->mask, logits);
        teachers->kernels->sigmoid(teachers->mask, teacher_pixels, teachers->mask);
        resize(teachers->mask, one->size, mask, teachers->size);
        for (size_t k = 0; k < pixels; k++) mask[k] = truth[k] + teachers->share * (mask[k] - truth[k]);
        soften_type(teachers, one, logits, batch->types[i], teachers->type_probabilities + i * SM_CLASS_COUNT);
    }
    return (sm_batch){.images = batch->images,
                      .masks = teachers->masks,
                      .types = batch->types,
                      .type_probabilities = teachers->type_probabilities};
}
