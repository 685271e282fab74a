/* Distillation: targets mixed with the answers of teacher networks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/train/distillation.h"
#include "../../src/memory_plan.h"
#include "../../src/net_inference.h"
#include "../../src/types.h"
#include "../../src/weights.h"
#include "assert_near.h"
#include "scratch_folder.h"
#include "test_random.h"

enum { SIDE = 64, PIXELS = SIDE * SIDE, BATCH = 2 };

/** A random teacher in a file, and its parameters. */
typedef struct teacher {
    const char *path;
    sm_net net;
    float *parameters;
} teacher;

static teacher make_teacher(const char *folder, const char *name, unsigned seed, int size, float temperature,
                            sm_type_activation activation) {
    teacher made = {.path = scratch_path(folder, name)};
    assert_int_equal(sm_net_make("unet16", &made.net, NULL), SM_OK);
    made.parameters = sm_floats_allocate(made.net.total_count);
    assert_non_null(made.parameters);
    sm_net_initialise(&made.net, seed, made.parameters);
    /* A bias for each class, so that the answers differ from uniform ones. */
    const int bias = sm_net_parameter(&made.net, made.net.type_layer, SM_PARAMETER_BIAS);
    for (int c = 0; c < SM_CLASS_COUNT; c++) made.parameters[made.net.parameters[bias].offset + (size_t)c] = (float)c;
    const sm_weights_metadata metadata = {.network = "unet16",
                                          .input_size = size,
                                          .threshold = 0.5f,
                                          .temperature = temperature,
                                          .type_activation = activation};
    uint8_t *bytes = NULL;
    size_t length = 0;
    assert_int_equal(sm_weights_write(&made.net, made.parameters, &metadata, SM_WEIGHTS_FLOAT32, &bytes, &length, NULL),
                     SM_OK);
    scratch_write(folder, name, bytes, length);
    free(bytes);
    return made;
}

/** A batch of noise. */
static sm_batch make_batch(void) {
    static float images[BATCH * PIXELS], masks[BATCH * PIXELS];
    static const sm_class_set classes[BATCH] = {1 << SM_CLASS_BENIGN, 1 << SM_CLASS_NORMAL};
    uint32_t random = 5;
    for (int i = 0; i < BATCH * PIXELS; i++) {
        images[i] = test_random_signed(&random);
        masks[i] = (float)(i % 3 == 0);
    }
    return (sm_batch){.images = images, .masks = masks, .classes = classes};
}

static void assert_mixed(const teacher *t, float share, double temperature, bool two_sigmoid, const sm_batch *batch,
                         const sm_batch *softened) {
    static float logits[PIXELS];
    float type_logits[SM_CLASS_COUNT];
    sm_inference *inference = NULL;
    sm_inference_state *working = NULL;
    assert_int_equal(
        sm_inference_create(&t->net, t->parameters, SIDE, sm_kernels_for(SM_BACKEND_AUTO), &inference, NULL), SM_OK);
    assert_int_equal(sm_inference_state_create(inference, NULL, &working, NULL), SM_OK);
    for (int i = 0; i < BATCH; i++) {
        sm_inference_run(working, batch->images + (ptrdiff_t)i * PIXELS, logits, type_logits);
        for (int k = 0; k < PIXELS; k++) {
            const double probability = 1 / (1 + exp(-(double)logits[k]));
            const double target = (double)batch->masks[i * PIXELS + k];
            assert_near(softened->masks[i * PIXELS + k], (1 - (double)share) * target + (double)share * probability,
                        1e-5);
        }
        double exponentials[SM_CLASS_COUNT], sum = 0;
        if (two_sigmoid) type_logits[SM_CLASS_NORMAL] = 0;
        for (int c = 0; c < SM_CLASS_COUNT; c++) sum += exponentials[c] = exp((double)type_logits[c] / temperature);
        for (int c = 0; c < SM_CLASS_COUNT; c++)
            assert_near(softened->type_probabilities[i * SM_CLASS_COUNT + c],
                        (1 - (double)share) * (batch->classes[i] == 1 << c) + (double)share * exponentials[c] / sum,
                        1e-5);
    }
    sm_inference_state_free(working);
    sm_inference_free(inference);
}

static void test_targets_are_mixed(void **state) {
    const char *folder = *state;
    static const struct {
        float share, temperature;
        sm_type_activation activation;
    } cases[] = {{0.25f, 1, SM_TYPE_SOFTMAX}, {1, 2.5f, SM_TYPE_SOFTMAX}, {0.5f, 0.5f, SM_TYPE_TWO_SIGMOID}};
    const sm_batch batch = make_batch();
    for (int i = 0; i < 3; i++) {
        teacher t = make_teacher(folder, "teacher", 7, SIDE, cases[i].temperature, cases[i].activation);
        sm_distillation *distillation = NULL;
        assert_int_equal(sm_distillation_create(&t.path, 1, cases[i].share, SIDE, BATCH,
                                                sm_kernels_for(SM_BACKEND_AUTO), NULL, &distillation, NULL),
                         SM_OK);
        const sm_batch softened = sm_distillation_soften(distillation, &batch, 1);
        assert_ptr_equal(softened.images, batch.images);
        assert_ptr_equal(softened.classes, batch.classes);
        assert_mixed(&t, cases[i].share, (double)cases[i].temperature, cases[i].activation == SM_TYPE_TWO_SIGMOID,
                     &batch, &softened);
        sm_distillation_free(distillation);
        sm_floats_free(t.parameters);
    }
}

static void test_the_seed_draws_the_teacher(void **state) {
    const char *folder = *state;
    teacher teachers[] = {make_teacher(folder, "first", 1, SIDE, 1, SM_TYPE_SOFTMAX),
                          make_teacher(folder, "second", 2, SIDE, 1, SM_TYPE_SOFTMAX)};
    const char *const paths[] = {teachers[0].path, teachers[1].path};
    const sm_batch batch = make_batch();
    sm_distillation *both = NULL, *single[2] = {NULL, NULL};
    const sm_kernels *kernels = sm_kernels_for(SM_BACKEND_AUTO);
    assert_int_equal(sm_distillation_create(paths, 2, 1, SIDE, BATCH, kernels, NULL, &both, NULL), SM_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(sm_distillation_create(&paths[i], 1, 1, SIDE, BATCH, kernels, NULL, &single[i], NULL), SM_OK);
    int drawn[2] = {0};
    for (uint64_t seed = 0; seed < 12; seed++) {
        const sm_batch softened = sm_distillation_soften(both, &batch, seed);
        int same = 0;
        for (int i = 0; i < 2; i++) {
            const sm_batch alone = sm_distillation_soften(single[i], &batch, seed);
            const bool equal = memcmp(softened.masks, alone.masks, sizeof(float[BATCH * PIXELS])) == 0;
            drawn[i] += equal;
            same += equal;
        }
        assert_int_equal(same, 1);
    }
    assert_true(drawn[0] > 2 && drawn[1] > 2);
    /* The hash depends on the files and on their order. */
    assert_true(sm_distillation_hash(both) != sm_distillation_hash(single[0]));
    assert_true(sm_distillation_hash(single[0]) != sm_distillation_hash(single[1]));
    assert_true(sm_distillation_hash(NULL) == 0);
    sm_distillation_free(both);
    for (int i = 0; i < 2; i++) {
        sm_distillation_free(single[i]);
        sm_floats_free(teachers[i].parameters);
    }
}

static void test_teacher_of_another_size(void **state) {
    const char *folder = *state;
    static const int sizes[] = {32, 96};
    const sm_batch batch = make_batch();
    const sm_kernels *kernels = sm_kernels_for(SM_BACKEND_AUTO);
    for (int s = 0; s < 2; s++) {
        const int size = sizes[s];
        teacher t = make_teacher(folder, "sized", 3, size, 1, SM_TYPE_SOFTMAX);
        sm_distillation *distillation = NULL;
        assert_int_equal(sm_distillation_create(&t.path, 1, 1, SIDE, BATCH, kernels, NULL, &distillation, NULL), SM_OK);
        const sm_batch softened = sm_distillation_soften(distillation, &batch, 1);
        sm_inference *inference = NULL;
        sm_inference_state *working = NULL;
        assert_int_equal(sm_inference_create(&t.net, t.parameters, size, kernels, &inference, NULL), SM_OK);
        assert_int_equal(sm_inference_state_create(inference, NULL, &working, NULL), SM_OK);
        static float square[96 * 96], answer[96 * 96], mask[PIXELS];
        float type_logits[SM_CLASS_COUNT];
        sm_square_resize(batch.images + PIXELS, SIDE, square, size);
        sm_inference_run(working, square, answer, type_logits);
        for (int i = 0; i < size * size; i++) answer[i] = 1 / (1 + expf(-answer[i]));
        sm_square_resize(answer, size, mask, SIDE);
        for (int i = 0; i < PIXELS; i++) assert_near(softened.masks[PIXELS + i], mask[i], 1e-5);
        sm_inference_state_free(working);
        sm_inference_free(inference);
        sm_distillation_free(distillation);
        sm_floats_free(t.parameters);
    }
}

static void test_bad_teachers_are_named(void **state) {
    const char *folder = *state;
    teacher good = make_teacher(folder, "good", 1, SIDE, 1, SM_TYPE_SOFTMAX);
    scratch_text(folder, "text", "no weights");
    const char *const paths[] = {good.path, scratch_path(folder, "text")};
    const char *const missing[] = {scratch_path(folder, "nowhere")};
    sm_distillation *distillation = NULL;
    sm_error error = {0};
    const sm_kernels *kernels = sm_kernels_for(SM_BACKEND_AUTO);
    assert_int_equal(sm_distillation_create(paths, 2, 1, SIDE, BATCH, kernels, NULL, &distillation, &error),
                     SM_ERROR_WEIGHTS);
    assert_null(distillation);
    assert_non_null(strstr(error.message, "/text: "));
    assert_int_equal(sm_distillation_create(missing, 1, 1, SIDE, BATCH, kernels, NULL, &distillation, &error),
                     SM_ERROR_IO);
    assert_non_null(strstr(error.message, "/nowhere: "));
    sm_floats_free(good.parameters);
}

/** A plane x + 2y stays that plane at any size, but for a border where pixels are repeated. */
static void test_resize_keeps_a_plane(void **state) {
    (void)state;
    static const int cases[][2] = {{32, 64}, {64, 32}, {48, 64}, {64, 48}, {96, 20}, {40, 40}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static float input[96 * 96], output[96 * 96];
        const int side = cases[i][0], output_side = cases[i][1];
        const double step = (double)side / output_side;
        for (int k = 0; k < side * side; k++) input[k] = (float)(k % side + 2 * (k / side));
        sm_square_resize(input, side, output, output_side);
        const int border = 2;
        for (int y = border; y < output_side - border; y++)
            for (int x = border; x < output_side - border; x++)
                assert_near(output[y * output_side + x], (x + 0.5) * step - 0.5 + 2 * ((y + 0.5) * step - 0.5), 1e-3);
        assert_true(output[0] >= 0 && output[output_side * output_side - 1] <= (float)(3 * (side - 1)));
        const float last = output[output_side * output_side - 1]; /* the last pixels are averaged, not others */
        assert_true(last > (float)(3 * (side - 1)) - 3 * (float)step);
    }
    /* Halving averages each block of four pixels. */
    static const float input[16] = {1, 3, 0, 8, 5, 7, 4, 0, 2, 2, 9, 9, 2, 2, 9, 9};
    float output[4];
    sm_square_resize(input, 4, output, 2);
    assert_true(output[3] == 9 && output[2] == 2);
    assert_near(output[0], 4, 1e-6);
    assert_near(output[1], 3, 1e-6);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_targets_are_mixed),       cmocka_unit_test(test_the_seed_draws_the_teacher),
        cmocka_unit_test(test_teacher_of_another_size), cmocka_unit_test(test_bad_teachers_are_named),
        cmocka_unit_test(test_resize_keeps_a_plane),
    };
    return cmocka_run_group_tests_name("distillation", tests, scratch_setup, scratch_teardown);
}
