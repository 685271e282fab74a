/* Networks as tables: counts, inference against the reference kernels, gradients of whole networks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/memory_plan.h"
#include "../../src/sonomask.h"
#include "network_case.h"
#include "test_random.h"

enum { SIZE = NETWORK_SIZE, BATCH = NETWORK_BATCH };

static void test_counts_of_the_reference_networks(void **state) {
    (void)state;
    sm_net unet16 = network_make("unet16");
    sm_net unet32 = network_make("unet32");
    assert_int_equal(unet16.trainable_count, 2160900);
    assert_int_equal(unet32.trainable_count, 8634884);
    assert_true(fabs(sm_net_macs(&unet16, 256) / 1e9 - 4.087) < 0.0005);
    assert_true(fabs(sm_net_macs(&unet32, 256) / 1e9 - 16.328) < 0.0005);
}

/** A 3x3 convolution without bias, and the scale and the shift of its batch normalisation. */
static int block(int inputs, int outputs) { return 9 * inputs * outputs + 2 * outputs; }

/** Gain and offset for each channel, from three probabilities and a bias. */
static int condition(int channels) { return 2 * channels * (SM_CLASS_COUNT + 1); }

/** The parameters of a second-generation network of the widths `w`, counted from its description. */
static int count_second_generation(const int w[6], bool conditioned) {
    enum { PROMPTS = 4 /* maps */ };
    int count = block(1, w[0]);
    for (int level = 1; level <= 5; level++) count += block(w[level - 1], w[level]) + block(w[level], w[level]);
    count += (2 * w[5] + 1) * SM_CLASS_COUNT; /* mean and maximum of the deepest features */
    count += block(w[5] + PROMPTS, w[4]) + condition(w[4]);
    for (int level = 4; level >= 1; level--) {
        const int deep = level == 4 ? w[4] : w[level + 1];
        count += block(w[level] + deep, w[level]) + condition(w[level]);
        if (level > 1)
            count += block(w[level] + PROMPTS, w[level]) + w[level] + 1; /* prompts, and deep supervision */
        else
            count += block(w[1], w[1]) + condition(w[1]);
    }
    count += w[1] + 1;
    return conditioned ? count : count - condition(w[4] + w[4] + w[3] + w[2] + w[1] + w[1]);
}

static void test_counts_of_the_second_generation(void **state) {
    (void)state;
    static const int widths[6] = {16, 32, 48, 96, 128, 160};
    const sm_net shipped = network_make("sonomask2"), ablation = network_make("sonomask2-unconditioned");
    assert_int_equal(shipped.trainable_count, count_second_generation(widths, true));
    assert_int_equal(ablation.trainable_count, count_second_generation(widths, false));
    for (int i = 0; i < ablation.layer_count; i++) assert_int_equal(ablation.layers[i].condition, -1);
    assert_int_equal(shipped.default_size, 192);
}

static bool starts_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

/** A correction runs the decoder, and what steers it, and nothing else. */
static void test_prompts_reach_the_decoder_alone(void **state) {
    (void)state;
    static const char *const names[] = {"sonomask2", "sonomask2-unconditioned"};
    for (int n = 0; n < 2; n++) {
        const sm_net net = network_make(names[n]);
        bool prompted[SM_NET_MAX_LAYERS];
        int maps = 0;
        double macs = 0;
        assert_true(net.takes_prompts);
        sm_net_find_prompted(&net, prompted);
        for (int i = 0; i < net.layer_count; i++) {
            const sm_layer *layer = &net.layers[i];
            const bool expected = starts_with(layer->name, "decoder") || starts_with(layer->name, "mask.") ||
                                  strcmp(layer->name, "type.softmax") == 0;
            if (prompted[i] != expected) fail_msg("%s: %s is %d", names[n], layer->name, prompted[i]);
            if (layer->kind == SM_LAYER_PROMPT) maps |= 1 << layer->level;
            if (prompted[i] && sm_net_in_inference(&net, i)) macs += sm_net_layer_macs(&net, i, 192);
        }
        assert_int_equal(maps, 1 << 5 | 1 << 4 | 1 << 3 | 1 << 2);
        assert_true(macs < 0.7 * sm_net_macs(&net, 192));
    }
    static const char *const without[] = {"sonomask", "unet16"};
    for (int n = 0; n < 2; n++) {
        const sm_net net = network_make(without[n]);
        bool prompted[SM_NET_MAX_LAYERS];
        assert_false(net.takes_prompts);
        sm_net_find_prompted(&net, prompted);
        for (int i = 0; i < net.layer_count; i++) assert_false(prompted[i]);
    }
}

static void test_unknown_network(void **state) {
    (void)state;
    sm_net net;
    sm_error error = {0};
    assert_int_equal(sm_net_make("vgg", &net, &error), SM_ERROR_ARGUMENT);
    assert_non_null(strstr(error.message, "vgg"));
    assert_non_null(strstr(error.message, "unet16"));
}

static void test_initialisation_depends_on_the_seed_only(void **state) {
    (void)state;
    sm_net net = network_make("sonomask");
    float *a = sm_floats_allocate(net.total_count);
    float *b = sm_floats_allocate(net.total_count);
    sm_net_initialise(&net, 5, a);
    sm_net_initialise(&net, 5, b);
    assert_memory_equal(a, b, net.total_count * sizeof *a);
    sm_net_initialise(&net, 6, b);
    assert_memory_not_equal(a, b, net.total_count * sizeof *a);
    sm_floats_free(a);
    sm_floats_free(b);
}

static void test_memory_plan_never_overlaps(void **state) {
    (void)state;
    unsigned random = 7;
    for (int round = 0; round < 50; round++) {
        sm_lifetime tensors[40];
        size_t total = 0;
        for (int i = 0; i < 40; i++) {
            int first = (int)(20 + 20 * test_random_signed(&random));
            tensors[i] = (sm_lifetime){.size = (size_t)(500 + 499 * test_random_signed(&random)),
                                       .first = first,
                                       .last = first + (int)(5 + 5 * test_random_signed(&random))};
            total += tensors[i].size + 16;
        }
        size_t arena = sm_memory_plan(tensors, 40);
        assert_true(arena < total);
        for (int i = 0; i < 40; i++) {
            assert_int_equal(tensors[i].offset % 16, 0);
            assert_true(tensors[i].offset + tensors[i].size <= arena);
            for (int k = 0; k < i; k++) {
                int together = tensors[i].first <= tensors[k].last && tensors[k].first <= tensors[i].last;
                int overlap = tensors[i].offset < tensors[k].offset + tensors[k].size &&
                              tensors[k].offset < tensors[i].offset + tensors[i].size;
                assert_false(together && overlap && tensors[i].size > 0 && tensors[k].size > 0);
            }
        }
    }
}

static void check_inference(const char *name, int backend) {
    const sm_kernels *kernels = sm_kernels_for(backend);
    if (!kernels) return;
    sm_net net = network_make(name);
    float *parameters = network_worn_parameters(&net, 3);
    float *image = network_noise(SIZE * SIZE, 11);
    float mask[2][SIZE * SIZE];
    float type[2][SM_CLASS_COUNT];
    const sm_kernels *sets[2] = {sm_kernels_reference(), kernels};
    for (int i = 0; i < 2; i++) {
        sm_inference *inference = NULL;
        sm_inference_state *working = NULL;
        assert_int_equal(sm_inference_create(&net, parameters, SIZE, sets[i], &inference, NULL), SM_OK);
        assert_int_equal(sm_inference_state_create(inference, NULL, &working, NULL), SM_OK);
        sm_inference_run(working, image, mask[i], type[i]);
        /* A second run gives the same answer, although tensors share memory. */
        float again[SIZE * SIZE];
        sm_inference_run(working, image, again, NULL);
        assert_memory_equal(mask[i], again, sizeof again);
        sm_inference_state_free(working);
        sm_inference_free(inference);
    }
    for (int i = 0; i < SIZE * SIZE; i++) assert_true(fabsf(mask[0][i] - mask[1][i]) < 2e-4f);
    for (int c = 0; c < SM_CLASS_COUNT; c++) assert_true(fabsf(type[0][c] - type[1][c]) < 2e-4f);
    sm_floats_free(parameters);
    sm_floats_free(image);
}

static void test_inference_against_reference(void **state) {
    (void)state;
    for (int backend = SM_BACKEND_SCALAR; backend <= SM_BACKEND_AVX512; backend++) {
        check_inference("sonomask2", backend);
        check_inference("sonomask", backend);
        check_inference("unet16", backend);
    }
}

static void test_impossible_sizes_are_refused(void **state) {
    (void)state;
    sm_net net = network_make("sonomask");
    float *parameters = network_worn_parameters(&net, 3);
    sm_inference *inference = NULL;
    sm_error error = {0};
    const sm_kernels *kernels = sm_kernels_for(SM_BACKEND_AUTO);
    assert_int_equal(sm_inference_create(&net, parameters, 100, kernels, &inference, &error), SM_ERROR_ARGUMENT);
    assert_null(inference);
    assert_non_null(strstr(error.message, "100"));
    assert_int_equal(sm_inference_create(&net, parameters, 0, kernels, &inference, &error), SM_ERROR_ARGUMENT);
    assert_int_equal(sm_inference_create(&net, parameters, 2048, kernels, &inference, &error), SM_ERROR_ARGUMENT);
    sm_floats_free(parameters);
}

/** The total loss at a weight of deep supervision. */
static double total_at(network_case *f, double auxiliary_weight) {
    f->options.auxiliary_weight = (float)auxiliary_weight;
    return network_case_step(f, f->gradients).total;
}

/** Level k has the weight w^k: with levels 2, 3 and 4, total(w) - total(0) = a w^2 + b w^3 + c w^4. */
static void test_deep_supervision_weight_is_a_power_of_the_level(void **state) {
    (void)state;
    network_case f;
    network_case_open(&f, "sonomask2", sm_kernels_for(SM_BACKEND_AUTO));
    for (int i = 0, level = 4; i < f.net.layer_count; i++)
        if (f.net.layers[i].role == SM_ROLE_AUXILIARY) assert_int_equal(f.net.layers[i].level, level--);
    const double none = total_at(&f, 0);
    /* a + b w + c w^2 at 1, 1/2 and 1/4, and its coefficients by divided differences. */
    const double at1 = total_at(&f, 1) - none, at2 = (total_at(&f, 0.5) - none) * 4,
                 at4 = (total_at(&f, 0.25) - none) * 16;
    const double slope12 = (at1 - at2) / 0.5, slope24 = (at2 - at4) / 0.25;
    const double c = (slope12 - slope24) / 0.75, b = slope24 - c * 0.75, a = at4 - b / 4 - c / 16;
    /* Each is a cross-entropy plus a soft Dice loss of unsure logits. */
    const double losses[] = {a, b, c};
    for (int k = 0; k < 3; k++)
        if (!(losses[k] > 0.3 && losses[k] < 6)) fail_msg("level %d: loss %g", k + 2, losses[k]);
    const double w = 0.75, expected = none + a * w * w + b * w * w * w + c * w * w * w * w;
    assert_true(fabs(total_at(&f, w) - expected) < 1e-5);
    network_case_close(&f);
}

static void check_gradient(const char *name, bool type_mae) {
    network_case f;
    network_case_open(&f, name, sm_kernels_for(SM_BACKEND_AUTO));
    f.options.type_mae = type_mae;
    network_case_step(&f, f.gradients);
    assert_true(network_case_slope_error(&f, f.gradients, 0, NETWORK_TENSOR_STEP, NULL) < 0.06);
    network_case_close(&f);
}

static void test_gradient_of_whole_networks(void **state) {
    (void)state;
    check_gradient("sonomask2", false);
    check_gradient("unet16", true);
}

static void test_wrong_gradient_is_caught(void **state) {
    (void)state;
    network_case f;
    network_case_open(&f, "sonomask2", sm_kernels_for(SM_BACKEND_AUTO));
    network_case_step(&f, f.gradients);
    int index = -1;
    for (int i = 0; i < f.net.parameter_count; i++)
        if (strcmp(f.net.parameters[i].name, "encoder2.conv1.weights") == 0) index = i;
    assert_true(index >= 0);
    const sm_parameter *p = &f.net.parameters[index];
    for (size_t k = 0; k < p->count; k += 2) f.gradients[p->offset + k] *= -1;
    assert_true(network_case_slope_error(&f, f.gradients, index, f.net.parameter_count, NULL) > 0.3);
    network_case_close(&f);
}

static void test_training_kernels_against_reference(void **state) {
    (void)state;
    const char *const names[] = {"sonomask2", "unet16"};
    for (int n = 0; n < 2; n++) {
        for (int backend = SM_BACKEND_SCALAR; backend <= SM_BACKEND_AVX512; backend++) {
            if (!sm_kernels_for(backend)) continue;
            network_case reference;
            network_case_open(&reference, names[n], sm_kernels_reference());
            network_case fast;
            network_case_open(&fast, names[n], sm_kernels_for(backend));
            double expected = network_case_step(&reference, reference.gradients).total;
            double got = network_case_step(&fast, fast.gradients).total;
            assert_true(fabs(expected - got) < 1e-4);
            double error = 0;
            double norm = 0;
            for (size_t i = 0; i < fast.net.trainable_count; i++) {
                double difference = (double)fast.gradients[i] - (double)reference.gradients[i];
                error += difference * difference;
                norm += (double)reference.gradients[i] * (double)reference.gradients[i];
            }
            /* Rounding may flip a ReLU or move a maximum, which changes gradients far more than values. */
            assert_true(error < 1e-3 * norm);
            network_case_close(&reference);
            network_case_close(&fast);
        }
    }
}

static void test_running_statistics_follow_the_batch(void **state) {
    (void)state;
    network_case f;
    network_case_open(&f, "unet16", sm_kernels_for(SM_BACKEND_AUTO));
    const sm_batch batch = network_case_batch(&f);
    /* With momentum 1 inference uses exactly the batch's statistics: a batch of one image three times over. */
    for (int n = 1; n < BATCH; n++) memcpy(f.images + n * SIZE * SIZE, f.images, SIZE * SIZE * sizeof *f.images);
    sm_training_step(f.training, f.parameters, &batch, &f.options, 1, 9, f.gradients);
    /* The running variance is the unbiased one: undone here, inference and training must agree closely. */
    for (int i = 0; i < f.net.parameter_count; i++) {
        const sm_parameter *p = &f.net.parameters[i];
        if (p->kind != SM_PARAMETER_NORM_VARIANCE) continue;
        int side = SIZE >> f.net.layers[p->layer].level;
        float count = (float)(BATCH * side * side);
        for (size_t k = 0; k < p->count; k++) f.parameters[p->offset + k] *= (count - 1) / count;
    }
    sm_inference *inference = NULL;
    const sm_kernels *kernels = sm_kernels_for(SM_BACKEND_AUTO);
    assert_int_equal(sm_inference_create(&f.net, f.parameters, SIZE, kernels, &inference, NULL), SM_OK);
    sm_inference_state *working = NULL;
    assert_int_equal(sm_inference_state_create(inference, NULL, &working, NULL), SM_OK);
    float mask[SIZE * SIZE];
    sm_inference_run(working, f.images, mask, NULL);
    const float *trained = sm_training_mask_logits(f.training);
    double error = 0;
    double norm = 0;
    for (int i = 0; i < SIZE * SIZE; i++) {
        error += pow((double)(mask[i] - trained[i]), 2);
        norm += pow((double)trained[i], 2);
    }
    assert_true(error < 1e-6 * norm);
    sm_inference_state_free(working);
    sm_inference_free(inference);
    network_case_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_of_the_reference_networks),
        cmocka_unit_test(test_counts_of_the_second_generation),
        cmocka_unit_test(test_prompts_reach_the_decoder_alone),
        cmocka_unit_test(test_unknown_network),
        cmocka_unit_test(test_initialisation_depends_on_the_seed_only),
        cmocka_unit_test(test_memory_plan_never_overlaps),
        cmocka_unit_test(test_inference_against_reference),
        cmocka_unit_test(test_impossible_sizes_are_refused),
        cmocka_unit_test(test_deep_supervision_weight_is_a_power_of_the_level),
        cmocka_unit_test(test_gradient_of_whole_networks),
        cmocka_unit_test(test_wrong_gradient_is_caught),
        cmocka_unit_test(test_training_kernels_against_reference),
        cmocka_unit_test(test_running_statistics_follow_the_batch),
    };
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
