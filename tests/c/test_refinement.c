/* Refinement: the decoder run again with a user's clicks and box, against whole passes of other code. */
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

enum { SIZE = NETWORK_SIZE, PIXELS = NETWORK_PIXELS, BATCH = NETWORK_BATCH };

static const sm_square_click inside_and_outside[] = {{12.25f, 9.5f, true}, {25, 28.75f, false}};
static const sm_square_click outside[] = {{20.5f, 6.25f, false}};
static const sm_square_prompts none, clicks = {.clicks = inside_and_outside, .click_count = 2},
                                     one_outside = {.clicks = outside, .click_count = 1},
                                     box = {.has_box = true, .left = 5, .top = 7.5f, .right = 20, .bottom = 21};
static const sm_square_prompts *const all[] = {&none, &clicks, &one_outside, &box};
enum { KINDS = sizeof all / sizeof *all };

static const char *const networks[] = {"sonomask2", "sonomask2-unconditioned"};

static double largest_difference(const float *a, const float *b, int count) {
    double largest = 0;
    for (int i = 0; i < count; i++) largest = fmax(largest, fabs((double)a[i] - (double)b[i]));
    return largest;
}

static void test_without_prompts_the_answer_is_the_automatic_one(void **state) {
    (void)state;
    float *image = network_noise(PIXELS, 11);
    for (int backend = SM_BACKEND_SCALAR; backend <= SM_BACKEND_AVX512; backend++) {
        if (!sm_kernels_for(backend)) continue;
        for (int n = 0; n < 2; n++) {
            const sm_net net = network_make(networks[n]);
            float *parameters = network_worn_parameters(&net, 3);
            network_runner runner = network_runner_open(&net, parameters, SIZE, sm_kernels_for(backend));
            float automatic[PIXELS], refined[PIXELS];
            sm_inference_run(runner.state, image, automatic, NULL);
            sm_inference_refine(runner.state, &none, refined);
            assert_memory_equal(refined, automatic, sizeof refined);
            network_runner_close(&runner);
            sm_floats_free(parameters);
        }
    }
    sm_floats_free(image);
}

/** The same weights and prompts in the reference kernels and in the fast ones. */
static void test_against_reference_kernels(void **state) {
    (void)state;
    float *image = network_noise(PIXELS, 11);
    for (int n = 0; n < 2; n++) {
        const sm_net net = network_make(networks[n]);
        float *parameters = network_worn_parameters(&net, 3);
        float reference[KINDS][PIXELS], fast[PIXELS];
        network_runner runner = network_runner_open(&net, parameters, SIZE, sm_kernels_reference());
        sm_inference_run(runner.state, image, NULL, NULL);
        for (int k = 0; k < KINDS; k++) sm_inference_refine(runner.state, all[k], reference[k]);
        network_runner_close(&runner);
        for (int backend = SM_BACKEND_SCALAR; backend <= SM_BACKEND_AVX512; backend++) {
            const bool is_wide = n == 2;
            if (!sm_kernels_for(backend) || (is_wide && backend == SM_BACKEND_SCALAR)) continue;
            runner = network_runner_open(&net, parameters, SIZE, sm_kernels_for(backend));
            sm_inference_run(runner.state, image, NULL, NULL);
            for (int k = 0; k < KINDS; k++) {
                sm_inference_refine(runner.state, all[k], fast);
                const double difference = largest_difference(fast, reference[k], PIXELS);
                if (!(difference < 3e-4)) fail_msg("%s, prompts %d: %g", networks[n], k, difference);
            }
            network_runner_close(&runner);
        }
        sm_floats_free(parameters);
    }
    sm_floats_free(image);
}

/** Replaces the running statistics by those of the batch, as inference must find them to compute the same. */
static void adopt_statistics(network_case *c) {
    const sm_batch batch = network_case_batch(c);
    sm_training_step(c->training, c->parameters, &batch, &c->options, 1, 9, c->gradients);
    for (int i = 0; i < c->net.parameter_count; i++) {
        const sm_parameter *p = &c->net.parameters[i];
        if (p->kind != SM_PARAMETER_NORM_VARIANCE) continue;
        const int side = c->size >> c->net.layers[p->layer].level;
        const float count = (float)(BATCH * side * side); /* the running variance is the unbiased one */
        for (size_t k = 0; k < p->count; k++) c->parameters[p->offset + k] *= (count - 1) / count;
    }
}

/** Compares the answers to both images of the batch with the logits of the last training step. */
static void compare_with_training(const network_case *c) {
    const int pixels = c->size * c->size;
    float *refined = sm_floats_allocate((size_t)pixels);
    network_runner runner = network_runner_open(&c->net, c->parameters, c->size, sm_kernels_for(SM_BACKEND_AUTO));
    for (int i = 0; i < BATCH; i++) {
        float type[SM_CLASS_COUNT];
        const float *trained = sm_training_mask_logits(c->training) + (ptrdiff_t)i * pixels;
        const float *trained_type = sm_training_type_logits(c->training) + (ptrdiff_t)i * SM_CLASS_COUNT;
        sm_inference_run(runner.state, c->images + (ptrdiff_t)i * pixels, NULL, type);
        sm_inference_refine(runner.state, &c->prompts[i], refined);
        double error = 0, norm = 0;
        for (int p = 0; p < pixels; p++) {
            error += pow((double)(refined[p] - trained[p]), 2);
            norm += pow((double)trained[p], 2);
        }
        if (!(error < 1e-6 * norm)) fail_msg("%s, image %d: %g of %g", c->net.name, i, error, norm);
        assert_true(largest_difference(type, trained_type, SM_CLASS_COUNT) < 1e-3); /* prompts do not change it */
    }
    network_runner_close(&runner);
    sm_floats_free(refined);
}

/**
 * Training computes the whole network with prompts in one pass, by other code than inference. The size is such that
 * the deepest level has more than one pixel: the variance of two values may be tiny, and then rounding is amplified.
 */
static void test_against_the_forward_pass_of_training(void **state) {
    (void)state;
    for (int n = 0; n < 2; n++) {
        sm_net net = network_make(networks[n]);
        for (int i = 0; i < net.layer_count; i++) net.layers[i].dropout = 0;
        for (int k = 0; k < KINDS; k++) {
            network_case c;
            network_case_open_net(&c, &net, 2 * SIZE, sm_kernels_for(SM_BACKEND_AUTO));
            const sm_square_prompts prompts[BATCH] = {*all[k], *all[KINDS - 1 - k], none, *all[k]};
            c.prompts = prompts;
            adopt_statistics(&c);
            compare_with_training(&c);
            network_case_close(&c);
        }
    }
}

/** A prediction gives the logits of a training step and changes no parameter. */
static void test_training_predicts_as_it_steps(void **state) {
    (void)state;
    network_case c;
    network_case_open(&c, "sonomask2", sm_kernels_for(SM_BACKEND_AUTO));
    const sm_square_prompts prompts[BATCH] = {clicks, box};
    c.prompts = prompts;
    float *before = network_worn_parameters(&c.net, 3);
    network_case_step(&c, c.gradients);
    static float mask[BATCH * PIXELS], type[BATCH * SM_CLASS_COUNT];
    memcpy(mask, sm_training_mask_logits(c.training), sizeof mask);
    memcpy(type, sm_training_type_logits(c.training), sizeof type);
    c.prompts = NULL;
    sm_batch batch = network_case_batch(&c);
    sm_training_predict(c.training, c.parameters, &batch, 9);
    assert_memory_not_equal(sm_training_mask_logits(c.training), mask, sizeof mask);
    const sm_batch images_and_prompts = {.images = c.images, .prompts = prompts};
    sm_training_predict(c.training, c.parameters, &images_and_prompts, 9);
    assert_memory_equal(sm_training_mask_logits(c.training), mask, sizeof mask);
    assert_memory_equal(sm_training_type_logits(c.training), type, sizeof type);
    assert_memory_equal(c.parameters, before, c.net.total_count * sizeof *before);
    sm_floats_free(before);
    network_case_close(&c);
}

/**
 * A step after a prediction of its images keeps the features that do not depend on prompts or dropout, and gives the
 * losses, gradients and running statistics of a step alone.
 */
static void test_step_after_a_prediction(void **state) {
    (void)state;
    network_case c;
    network_case_open(&c, "sonomask2", sm_kernels_for(SM_BACKEND_AUTO));
    const sm_square_prompts prompts[BATCH] = {clicks, box};
    const size_t bytes = c.net.total_count * sizeof(float), gradient_bytes = c.net.trainable_count * sizeof(float);
    float *before = network_worn_parameters(&c.net, 3), *alone = network_worn_parameters(&c.net, 3);
    float *gradients = sm_floats_allocate(c.net.trainable_count);
    assert_non_null(gradients);
    c.prompts = prompts;
    sm_batch batch = network_case_batch(&c);
    memcpy(c.parameters, before, bytes);
    const sm_losses losses = sm_training_step(c.training, c.parameters, &batch, &c.options, 0.1f, 9, gradients);
    memcpy(alone, c.parameters, bytes);
    assert_memory_not_equal(alone, before, bytes);

    memcpy(c.parameters, before, bytes);
    batch.prompts = NULL;
    sm_training_predict(c.training, c.parameters, &batch, 4);
    memset(c.images, 0, BATCH * PIXELS * sizeof *c.images); /* not read again */
    batch.prompts = prompts;
    batch.predicted = true;
    const sm_losses after = sm_training_step(c.training, c.parameters, &batch, &c.options, 0.1f, 9, c.gradients);
    assert_memory_equal(&after, &losses, sizeof losses);
    assert_memory_equal(c.gradients, gradients, gradient_bytes);
    assert_memory_equal(c.parameters, alone, bytes);
    sm_floats_free(gradients);
    sm_floats_free(before);
    sm_floats_free(alone);
    network_case_close(&c);
}

/** An answer depends on the image and its prompts alone, whatever was asked before. */
static void test_no_answer_depends_on_an_earlier_one(void **state) {
    (void)state;
    const sm_net net = network_make("sonomask2");
    float *parameters = network_worn_parameters(&net, 3),
          *images[2] = {network_noise(PIXELS, 11), network_noise(PIXELS, 12)};
    float automatic[2][PIXELS], type[2][SM_CLASS_COUNT], refined[2][KINDS][PIXELS], again[PIXELS];
    for (int i = 0; i < 2; i++) { /* each from a state of its own */
        network_runner fresh = network_runner_open(&net, parameters, SIZE, sm_kernels_for(SM_BACKEND_AUTO));
        sm_inference_run(fresh.state, images[i], automatic[i], type[i]);
        for (int k = 0; k < KINDS; k++) sm_inference_refine(fresh.state, all[k], refined[i][k]);
        network_runner_close(&fresh);
        for (int k = 1; k < KINDS; k++)
            for (int other = 0; other < k; other++)
                assert_memory_not_equal(refined[i][k], refined[i][other], sizeof again);
    }
    network_runner runner = network_runner_open(&net, parameters, SIZE, sm_kernels_for(SM_BACKEND_AUTO));
    static const int order[] = {3, 1, 1, 0, 2, 3, 2, 1};
    for (int round = 0; round < 3; round++) {
        float again_type[SM_CLASS_COUNT];
        const int i = round % 2;
        sm_inference_run(runner.state, images[i], again, again_type);
        assert_memory_equal(again, automatic[i], sizeof again);
        assert_memory_equal(again_type, type[i], sizeof again_type);
        for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
            sm_inference_refine(runner.state, all[order[k]], again);
            assert_memory_equal(again, refined[i][order[k]], sizeof again);
        }
    }
    network_runner_close(&runner);
    sm_floats_free(parameters);
    for (int i = 0; i < 2; i++) sm_floats_free(images[i]);
}

/** Sets the weights of all prompt maps to 0, so that prompts act through the type alone. */
static void ignore_maps(const sm_net *net, float *parameters) {
    for (int i = 0; i < net->layer_count; i++) {
        const int second = net->layers[i].input[1];
        if (second < 0 || net->layers[second].kind != SM_LAYER_PROMPT) continue;
        const int inputs = sm_net_input_channels(net, i), outputs = net->layers[i].channels; /* [3][3][in][out] */
        const int maps = net->layers[second].channels;
        float *weights = network_values(net, parameters, i, SM_PARAMETER_WEIGHTS, NULL);
        for (int tap = 0; tap < 9; tap++)
            memset(weights + ((ptrdiff_t)tap * inputs + inputs - maps) * outputs, 0,
                   (size_t)maps * (size_t)outputs * sizeof *weights);
    }
}

/** Where a prompt shows a lesion, "normal" is excluded from what steers the decoder; a click outside excludes nothing.
 */
static void test_a_lesion_excludes_normal(void **state) {
    (void)state;
    const sm_net net = network_make("sonomask2");
    float *parameters = network_worn_parameters(&net, 3), *image = network_noise(PIXELS, 11);
    float automatic[PIXELS], excluded[PIXELS], refined[PIXELS], type[2][SM_CLASS_COUNT];
    ignore_maps(&net, parameters);
    network_runner runner = network_runner_open(&net, parameters, SIZE, sm_kernels_for(SM_BACKEND_AUTO));
    sm_inference_run(runner.state, image, automatic, type[0]);
    float *bias = network_values(&net, parameters, net.type_layer, SM_PARAMETER_BIAS, NULL);
    bias[SM_CLASS_NORMAL] -= 1e5f;
    network_runner without = network_runner_open(&net, parameters, SIZE, sm_kernels_for(SM_BACKEND_AUTO));
    sm_inference_run(without.state, image, excluded, type[1]);
    assert_true(largest_difference(automatic, excluded, PIXELS) > 0.01);
    sm_inference_refine(runner.state, &one_outside, refined);
    assert_true(largest_difference(refined, automatic, PIXELS) < 1e-6);
    const sm_square_prompts *const lesions[] = {&clicks, &box};
    for (int k = 0; k < 2; k++) {
        sm_inference_refine(runner.state, lesions[k], refined);
        assert_true(largest_difference(refined, excluded, PIXELS) < 1e-5);
    }
    network_runner_close(&runner);
    network_runner_close(&without);
    sm_floats_free(parameters);
    sm_floats_free(image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_prompts_the_answer_is_the_automatic_one),
        cmocka_unit_test(test_against_reference_kernels),
        cmocka_unit_test(test_against_the_forward_pass_of_training),
        cmocka_unit_test(test_training_predicts_as_it_steps),
        cmocka_unit_test(test_step_after_a_prediction),
        cmocka_unit_test(test_no_answer_depends_on_an_earlier_one),
        cmocka_unit_test(test_a_lesion_excludes_normal),
    };
    return cmocka_run_group_tests_name("refinement", tests, NULL, NULL);
}
