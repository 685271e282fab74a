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
#include "../../src/net_inference.h"
#include "../../src/net_training.h"
#include "../../src/sonomask.h"
#include "test_random.h"

enum { SIZE = 32, BATCH = 2 };

static sm_net make(const char *name) {
    sm_net net;
    assert_int_equal(sm_net_make(name, &net, NULL), SM_OK);
    return net;
}

static float *noise_block(size_t count, unsigned seed) {
    float *block = sm_floats_allocate(count);
    assert_non_null(block);
    for (size_t i = 0; i < count; i++) block[i] = test_random_signed(&seed);
    return block;
}

/** Weights as after some training: conditioning and statistics differ from their initial values. */
static float *worn_parameters(const sm_net *net, unsigned seed) {
    float *parameters = sm_floats_allocate(net->total_count);
    assert_non_null(parameters);
    sm_net_initialise(net, seed, parameters);
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *p = &net->parameters[i];
        for (size_t k = 0; k < p->count; k++) {
            float *value = &parameters[p->offset + k];
            if (p->kind == SM_PARAMETER_NORM_VARIANCE)
                *value = 1.0f + 0.5f * test_random_signed(&seed);
            else if (p->kind == SM_PARAMETER_NORM_SCALE)
                *value = 1.0f + 0.3f * test_random_signed(&seed);
            else if (p->kind != SM_PARAMETER_WEIGHTS)
                *value = 0.2f * test_random_signed(&seed);
            else if (!net->layers[p->layer].normalise)
                *value += 0.3f * test_random_signed(&seed);
        }
    }
    return parameters;
}

static void test_counts_of_the_reference_networks(void **state) {
    (void)state;
    sm_net unet16 = make("unet16");
    sm_net unet32 = make("unet32");
    assert_int_equal(unet16.trainable_count, 2160900);
    assert_int_equal(unet32.trainable_count, 8634884);
    assert_true(fabs(sm_net_macs(&unet16, 256) / 1e9 - 4.087) < 0.0005);
    assert_true(fabs(sm_net_macs(&unet32, 256) / 1e9 - 16.328) < 0.0005);
}

/** The ablation lacks one gain and one offset per channel, each computed from three probabilities and a bias. */
static void test_unconditioned_differs_by_the_condition_alone(void **state) {
    (void)state;
    sm_net with = make("sonomask2");
    sm_net without = make("sonomask2-unconditioned");
    enum { CONDITIONED_CHANNELS = 128 + 128 + 96 + 48 + 32 + 32 /* the last block has two convolutions */ };
    assert_int_equal(with.trainable_count - without.trainable_count, 2 * (SM_CLASS_COUNT + 1) * CONDITIONED_CHANNELS);
    for (int i = 0; i < without.layer_count; i++) assert_int_equal(without.layers[i].condition, -1);
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
    sm_net net = make("sonomask");
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
    sm_net net = make(name);
    float *parameters = worn_parameters(&net, 3);
    float *image = noise_block(SIZE * SIZE, 11);
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
        check_inference("sonomask", backend);
        check_inference("unet16", backend);
    }
}

static void test_impossible_sizes_are_refused(void **state) {
    (void)state;
    sm_net net = make("sonomask");
    float *parameters = worn_parameters(&net, 3);
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

/** A batch of noise with a disc as target, and a network in training. */
typedef struct fixture {
    sm_net net;
    float *parameters, *gradients, *images, *masks;
    sm_class_set classes[BATCH];
    sm_training *training;
    sm_loss_options options;
} fixture;

static fixture open_fixture(const char *name, const sm_kernels *kernels) {
    fixture f = {.net = make(name),
                 .classes = {sm_class_set_of(SM_CLASS_NORMAL), sm_class_set_of(SM_CLASS_MALIGNANT)},
                 .options = sm_loss_options_default()};
    f.parameters = worn_parameters(&f.net, 3);
    f.gradients = sm_floats_allocate(f.net.trainable_count);
    f.images = noise_block(BATCH * SIZE * SIZE, 21);
    f.masks = sm_floats_allocate(BATCH * SIZE * SIZE);
    for (int i = 0; i < BATCH * SIZE * SIZE; i++) {
        int n = i / (SIZE * SIZE);
        int y = i / SIZE % SIZE - 14;
        int x = i % SIZE - 16;
        f.masks[i] = n > 0 && x * x + y * y < 60 ? 1 : 0;
        f.images[i] = 0.5f * f.images[i] - 0.5f * f.masks[i];
    }
    assert_int_equal(sm_training_create(&f.net, SIZE, BATCH, kernels, NULL, &f.training, NULL), SM_OK);
    return f;
}

static void close_fixture(fixture *f) {
    sm_training_free(f->training);
    sm_floats_free(f->parameters);
    sm_floats_free(f->gradients);
    sm_floats_free(f->images);
    sm_floats_free(f->masks);
}

static double step(fixture *f, float *gradients) {
    sm_batch batch = {.images = f->images, .masks = f->masks, .classes = f->classes};
    return sm_training_step(f->training, f->parameters, &batch, &f->options, 0, 9, gradients).total;
}

/* The sanitizers check memory accesses, which all tensors share, and are slow: they see a part of the tensors. */
#if defined(__SANITIZE_ADDRESS__)
enum { TENSOR_STEP = 5 };
#else
enum { TENSOR_STEP = 1 };
#endif

/**
 * The largest disagreement, over the parameter tensors `first`, `first + step_size` and so on, of the gradient's norm
 * with the measured slope of the loss along the gradient, relative to that norm. Moving a whole tensor along its own
 * gradient changes the loss far more than float rounding does, which moving single weights would not.
 */
static double worst_slope_error(fixture *f, const float *gradients, int first, int step_size) {
    float *scratch = sm_floats_allocate(f->net.trainable_count);
    double worst = 0;
    for (int i = first; i < f->net.parameter_count; i += step_size) {
        const sm_parameter *p = &f->net.parameters[i];
        if (p->offset >= f->net.trainable_count) continue;
        double length = 0;
        for (size_t k = 0; k < p->count; k++)
            length += (double)gradients[p->offset + k] * (double)gradients[p->offset + k];
        length = sqrt(length);
        if (length < 1e-3) continue; /* below the noise of a float32 loss */
        float *values = f->parameters + p->offset;
        float *kept = malloc(p->count * sizeof *kept);
        assert_non_null(kept);
        memcpy(kept, values, p->count * sizeof *kept);
        double best = INFINITY;
        /* Long steps cross the kinks of ReLUs, short ones suffer from rounding: the best of a few counts. */
        for (double stride = 2e-5; stride < 1e-3; stride *= 5) {
            double loss[2];
            for (int side = 0; side < 2; side++) {
                double h = (side ? stride : -stride) / length;
                for (size_t k = 0; k < p->count; k++)
                    values[k] = (float)((double)kept[k] + h * (double)gradients[p->offset + k]);
                loss[side] = step(f, scratch);
            }
            double error = fabs((loss[1] - loss[0]) / (2 * stride) - length) / length;
            if (error < best) best = error;
        }
        memcpy(values, kept, p->count * sizeof *kept);
        free(kept);
        if (best > worst) worst = best;
    }
    sm_floats_free(scratch);
    return worst;
}

/** The total loss at a weight of deep supervision. */
static double total_at(fixture *f, double auxiliary_weight) {
    f->options.auxiliary_weight = (float)auxiliary_weight;
    return step(f, f->gradients);
}

/** Level k has the weight w^k: with levels 2, 3 and 4, total(w) - total(0) = a w^2 + b w^3 + c w^4. */
static void test_deep_supervision_weight_is_a_power_of_the_level(void **state) {
    (void)state;
    fixture f = open_fixture("sonomask", sm_kernels_for(SM_BACKEND_AUTO));
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
    close_fixture(&f);
}

static void check_gradient(const char *name, bool type_mae) {
    fixture f = open_fixture(name, sm_kernels_for(SM_BACKEND_AUTO));
    f.options.type_mae = type_mae;
    step(&f, f.gradients);
    assert_true(worst_slope_error(&f, f.gradients, 0, TENSOR_STEP) < 0.06);
    close_fixture(&f);
}

static void test_gradient_of_whole_networks(void **state) {
    (void)state;
    check_gradient("sonomask", false);
    check_gradient("unet16", true);
}

static void test_wrong_gradient_is_caught(void **state) {
    (void)state;
    fixture f = open_fixture("sonomask", sm_kernels_for(SM_BACKEND_AUTO));
    step(&f, f.gradients);
    int index = -1;
    for (int i = 0; i < f.net.parameter_count; i++)
        if (strcmp(f.net.parameters[i].name, "encoder2.conv1.weights") == 0) index = i;
    assert_true(index >= 0);
    const sm_parameter *p = &f.net.parameters[index];
    for (size_t k = 0; k < p->count; k += 2) f.gradients[p->offset + k] *= -1;
    assert_true(worst_slope_error(&f, f.gradients, index, f.net.parameter_count) > 0.3);
    close_fixture(&f);
}

static void test_training_kernels_against_reference(void **state) {
    (void)state;
    const char *const names[] = {"sonomask", "unet16"};
    for (int n = 0; n < 2; n++) {
        for (int backend = SM_BACKEND_SCALAR; backend <= SM_BACKEND_AVX512; backend++) {
            if (!sm_kernels_for(backend)) continue;
            fixture reference = open_fixture(names[n], sm_kernels_reference());
            fixture fast = open_fixture(names[n], sm_kernels_for(backend));
            double expected = step(&reference, reference.gradients);
            double got = step(&fast, fast.gradients);
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
            close_fixture(&reference);
            close_fixture(&fast);
        }
    }
}

static void test_running_statistics_follow_the_batch(void **state) {
    (void)state;
    fixture f = open_fixture("unet16", sm_kernels_for(SM_BACKEND_AUTO));
    sm_batch batch = {.images = f.images, .masks = f.masks, .classes = f.classes};
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
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_of_the_reference_networks),
        cmocka_unit_test(test_unconditioned_differs_by_the_condition_alone),
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
