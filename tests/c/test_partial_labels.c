/* Training on images that are labelled in part: losses by hand, and gradients of the whole network. */
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
#include "assert_near.h"
#include "network_case.h"

enum { PIXELS = NETWORK_PIXELS, BATCH = NETWORK_BATCH };

static const sm_square_click click = {12.25f, 9.5f, true};
static const sm_square_prompts some_prompts[BATCH] = {
    {.clicks = &click, .click_count = 1}, {.has_box = true, .left = 5, .top = 7.5f, .right = 20, .bottom = 21}};

static void open_case(network_case *c) { network_case_open(c, "sonomask2", sm_kernels_for(SM_BACKEND_AUTO)); }

/** Labels the first two images; nothing is known about the type of the others. */
static void label(network_case *c, sm_class_set first, sm_class_set second) {
    for (int i = 0; i < BATCH; i++) c->classes[i] = SM_CLASSES_ANY;
    c->classes[0] = first;
    c->classes[1] = second;
}

static void test_class_sets(void **state) {
    (void)state;
    for (int c = 0; c < SM_CLASS_COUNT; c++) {
        sm_class found = (sm_class)SM_CLASS_COUNT;
        assert_true(sm_class_set_single(sm_class_set_of((sm_class)c), &found));
        assert_int_equal(found, c);
        assert_true(sm_class_set_single(sm_class_set_of((sm_class)c), NULL));
        assert_int_equal(sm_class_set_has(SM_CLASSES_LESION, (sm_class)c), c != SM_CLASS_NORMAL);
        assert_true(sm_class_set_has(SM_CLASSES_ANY, (sm_class)c));
    }
    sm_class untouched = SM_CLASS_MALIGNANT;
    assert_false(sm_class_set_single(SM_CLASSES_LESION, &untouched));
    assert_false(sm_class_set_single(SM_CLASSES_ANY, &untouched));
    assert_int_equal(untouched, SM_CLASS_MALIGNANT);
}

/** Softmax of the type logits of an image in the last step. */
static void probabilities_of(const network_case *c, int image, double probabilities[SM_CLASS_COUNT]) {
    const float *logits = sm_training_type_logits(c->training) + (ptrdiff_t)image * SM_CLASS_COUNT;
    double sum = 0;
    for (int k = 0; k < SM_CLASS_COUNT; k++) sum += probabilities[k] = exp((double)logits[k]);
    for (int k = 0; k < SM_CLASS_COUNT; k++) probabilities[k] /= sum;
}

/** Minus the logarithm of the probability that the class is in the set. */
static double likelihood_loss(const network_case *c, int image, sm_class_set classes) {
    double probabilities[SM_CLASS_COUNT], possible = 0;
    probabilities_of(c, image, probabilities);
    for (int k = 0; k < SM_CLASS_COUNT; k++)
        if (sm_class_set_has(classes, (sm_class)k)) possible += probabilities[k];
    return -log(possible);
}

/** The loss of label smoothing: cross-entropy with equal targets. */
static double smoothing_loss(const network_case *c, int image) {
    double probabilities[SM_CLASS_COUNT], loss = 0;
    probabilities_of(c, image, probabilities);
    for (int k = 0; k < SM_CLASS_COUNT; k++) loss -= log(probabilities[k]) / SM_CLASS_COUNT;
    return loss;
}

static void test_the_type_loss_is_that_of_the_possible_classes(void **state) {
    (void)state;
    static const sm_class_set sets[] = {1 << SM_CLASS_NORMAL, 1 << SM_CLASS_BENIGN, 1 << SM_CLASS_MALIGNANT,
                                        SM_CLASSES_LESION, SM_CLASSES_ANY};
    static const float smoothings[] = {0, 0.2f};
    network_case c;
    open_case(&c);
    for (int s = 0; s < 2; s++)
        for (int a = 0; a < 5; a++) {
            const int b = (a + 1 + s) % 5;
            label(&c, sets[a], sets[b]);
            c.options.label_smoothing = smoothings[s];
            const sm_losses losses = network_case_step(&c, c.gradients);
            double expected = 0;
            for (int i = 0; i < BATCH; i++) {
                if (c.classes[i] == SM_CLASSES_ANY) continue;
                expected += (1 - (double)smoothings[s]) * likelihood_loss(&c, i, c.classes[i]) +
                            (double)smoothings[s] * smoothing_loss(&c, i);
            }
            assert_near(losses.type, expected / BATCH, 1e-5);
            assert_int_equal(losses.typed, (c.classes[0] != SM_CLASSES_ANY) + (c.classes[1] != SM_CLASSES_ANY));
            assert_int_equal(losses.masked, BATCH);
        }
    network_case_close(&c);
}

/** The study's loss compares two outputs with one class: a set of several does not count. */
static void test_the_study_loss_needs_one_class(void **state) {
    (void)state;
    network_case c;
    network_case_open(&c, "unet16", sm_kernels_for(SM_BACKEND_AUTO));
    c.options.type_mae = true;
    label(&c, SM_CLASSES_LESION, sm_class_set_of(SM_CLASS_MALIGNANT));
    const sm_losses losses = network_case_step(&c, c.gradients);
    const float *logits = sm_training_type_logits(c.training) + SM_CLASS_COUNT;
    const double benign = 1 / (1 + exp(-(double)logits[SM_CLASS_BENIGN]));
    const double malignant = 1 / (1 + exp(-(double)logits[SM_CLASS_MALIGNANT]));
    assert_near(losses.type, (benign + 1 - malignant) / 2 / BATCH, 1e-6);
    assert_int_equal(losses.typed, 1);
    network_case_close(&c);
}

static double mask_loss(network_case *c, const float *weights) {
    c->mask_weights = weights;
    return network_case_step(c, c->gradients).mask;
}

/** The losses of the images add up, each times its weight. */
static void test_mask_weights(void **state) {
    (void)state;
    network_case c;
    open_case(&c);
    const double both = mask_loss(&c, NULL);
    const double ones = mask_loss(&c, (const float[]){1, 1, 1, 1});
    const double first = mask_loss(&c, (const float[]){1, 0, 1, 0}),
                 second = mask_loss(&c, (const float[]){0, 1, 0, 1});
    assert_near(ones, both, 0);
    assert_near(first + second, both, 1e-6);
    assert_true(first > 0.1 && second > 0.1);
    assert_near(mask_loss(&c, (const float[]){0.25f, 2, 0.25f, 2}), 0.25 * first + 2 * second, 1e-6);
    assert_near(mask_loss(&c, (const float[]){0, 0, 0, 0}), 0, 0);
    c.mask_weights = (const float[]){0, 0.5f, 0, 0};
    assert_int_equal(network_case_step(&c, c.gradients).masked, 1);
    network_case_close(&c);
}

static void test_nothing_known_gives_no_gradient(void **state) {
    (void)state;
    network_case c;
    open_case(&c);
    static const float unknown[BATCH] = {0};
    label(&c, SM_CLASSES_ANY, SM_CLASSES_ANY);
    c.mask_weights = unknown;
    c.prompts = some_prompts;
    const sm_losses losses = network_case_step(&c, c.gradients);
    assert_near(losses.total, 0, 0);
    assert_int_equal(losses.typed + losses.masked, 0);
    for (size_t i = 0; i < c.net.trainable_count; i++) assert_true(c.gradients[i] == 0);
    network_case_close(&c);
}

/** What stands in place of an unknown mask has no influence, neither on the loss nor on any gradient. */
static void test_an_unknown_mask_has_no_influence(void **state) {
    (void)state;
    network_case c;
    open_case(&c);
    static const float weights[BATCH] = {1, 0, 1, 0.5f};
    c.mask_weights = weights;
    float *kept = sm_floats_allocate(c.net.trainable_count);
    assert_non_null(kept);
    const double total = network_case_step(&c, kept).total;
    for (int i = PIXELS; i < 2 * PIXELS; i++) c.masks[i] = 1 - c.masks[i];
    assert_near(network_case_step(&c, c.gradients).total, total, 0);
    assert_memory_equal(c.gradients, kept, c.net.trainable_count * sizeof *kept);
    c.masks[PIXELS - 1] = 1 - c.masks[PIXELS - 1]; /* of the image whose mask is known */
    assert_true(network_case_step(&c, c.gradients).total != total);
    assert_memory_not_equal(c.gradients, kept, c.net.trainable_count * sizeof *kept);
    sm_floats_free(kept);
    network_case_close(&c);
}

/** A lesion without mask and type, a mask without type, an image with both, and one about which nothing is known. */
static void label_in_part(network_case *c) {
    static const float weights[BATCH] = {0, 1, 1, 0};
    label(c, SM_CLASSES_LESION, SM_CLASSES_ANY);
    c->classes[2] = sm_class_set_of(SM_CLASS_NORMAL);
    c->mask_weights = weights;
    c->prompts = some_prompts;
}

static void test_gradient_of_the_whole_network(void **state) {
    (void)state;
    network_case c;
    open_case(&c);
    label_in_part(&c);
    network_case_step(&c, c.gradients);
    int checked = 0;
    const double error = network_case_slope_error(&c, c.gradients, 1, 3 * NETWORK_TENSOR_STEP, &checked);
    if (!(error < 0.06)) fail_msg("error %g", error);
    assert_true(checked >= 5); /* the sanitized build checks fewer */
    network_case_close(&c);
}

static void test_wrong_gradient_is_caught(void **state) {
    (void)state;
    network_case c;
    open_case(&c);
    label_in_part(&c);
    network_case_step(&c, c.gradients);
    const int index = sm_net_parameter(&c.net, c.net.type_layer, SM_PARAMETER_BIAS);
    const sm_parameter *p = &c.net.parameters[index];
    float *gradient = c.gradients + p->offset;
    assert_true(network_case_slope_error(&c, c.gradients, index, c.net.parameter_count, NULL) < 0.06);
    /* As if the lesion were known to be benign. */
    double probabilities[SM_CLASS_COUNT];
    probabilities_of(&c, 0, probabilities);
    const double wrong = (double)c.options.type_weight / BATCH * probabilities[SM_CLASS_MALIGNANT] /
                         (probabilities[SM_CLASS_BENIGN] + probabilities[SM_CLASS_MALIGNANT]);
    gradient[SM_CLASS_BENIGN] -= (float)wrong;
    gradient[SM_CLASS_MALIGNANT] += (float)wrong;
    assert_true(network_case_slope_error(&c, c.gradients, index, c.net.parameter_count, NULL) > 0.3);
    network_case_close(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_class_sets),
        cmocka_unit_test(test_the_type_loss_is_that_of_the_possible_classes),
        cmocka_unit_test(test_the_study_loss_needs_one_class),
        cmocka_unit_test(test_mask_weights),
        cmocka_unit_test(test_nothing_known_gives_no_gradient),
        cmocka_unit_test(test_an_unknown_mask_has_no_influence),
        cmocka_unit_test(test_gradient_of_the_whole_network),
        cmocka_unit_test(test_wrong_gradient_is_caught),
    };
    return cmocka_run_group_tests_name("partial labels", tests, NULL, NULL);
}
