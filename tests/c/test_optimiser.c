/* AdamW, its schedule, gradient clipping and EMA weights, against the published formulas in double precision. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/parallel.h"
#include "../../native/train/optimiser.h"
#include "../../src/memory_plan.h"
#include "../../src/sonomask.h"

static void test_schedule(void **state) {
    (void)state;
    sm_optimiser_options options = sm_optimiser_options_default();
    options.learning_rate = 1;
    options.warm_up_steps = 10;
    options.total_steps = 110;
    assert_true(fabsf(sm_learning_rate(&options, 0) - 0.1f) < 1e-6f);
    assert_true(fabsf(sm_learning_rate(&options, 4) - 0.5f) < 1e-6f);
    assert_true(fabsf(sm_learning_rate(&options, 9) - 1) < 1e-6f);
    assert_true(fabsf(sm_learning_rate(&options, 10) - 1) < 1e-6f);
    assert_true(fabsf(sm_learning_rate(&options, 35) - 0.853553391f) < 1e-6f); /* (1 + cos(pi / 4)) / 2 */
    assert_true(fabsf(sm_learning_rate(&options, 60) - 0.5f) < 1e-6f);
    assert_true(fabsf(sm_learning_rate(&options, 110)) < 1e-6f);
    assert_true(fabsf(sm_learning_rate(&options, 200)) < 1e-6f); /* it does not rise again */
    for (long step = 10; step < 110; step++)
        assert_true(sm_learning_rate(&options, step + 1) < sm_learning_rate(&options, step));
    options.warm_up_steps = 200; /* a training that is shorter than its warm-up */
    for (long step = 0; step < 110; step++)
        assert_true(fabsf(sm_learning_rate(&options, step) - (float)(step + 1) / 200) < 1e-6f);
    assert_true(fabsf(sm_learning_rate(&options, 200)) < 1e-6f);
}

static void test_default_options(void **state) {
    (void)state;
    const sm_optimiser_options options = sm_optimiser_options_default();
    assert_true(options.weight_decay == 1e-2f);
    assert_true(options.gradient_norm == 5);
    assert_true(options.average_decay == 0.999f);
    /* relative to the run: a short run reaches the full rate too */
    sm_optimiser_options run = options;
    run.learning_rate = 1;
    run.total_steps = 40;
    assert_int_equal(sm_warm_up_steps(&run), 2);
    assert_true(sm_learning_rate(&run, 1) == run.learning_rate);
    run.total_steps = 20000;
    assert_int_equal(sm_warm_up_steps(&run), 1000);
    run.warm_up_steps = 200;
    assert_int_equal(sm_warm_up_steps(&run), 200);
}

/** A network with its parameters, and the state of the optimiser once more in double precision. */
typedef struct fixture {
    sm_net net;
    float *parameters, *gradients;
    double *value, *first, *second, *average;
    bool *decays;
    sm_optimiser optimiser;
} fixture;

static int make_fixture(void **state) {
    fixture *f = calloc(1, sizeof *f);
    if (!f || sm_net_make("sonomask", &f->net, NULL) != SM_OK) return -1;
    const size_t count = f->net.total_count;
    f->parameters = sm_floats_allocate(count);
    f->gradients = sm_floats_allocate(f->net.trainable_count);
    f->value = calloc(count, sizeof *f->value);
    f->first = calloc(count, sizeof *f->first);
    f->second = calloc(count, sizeof *f->second);
    f->average = calloc(count, sizeof *f->average);
    f->decays = calloc(count, sizeof *f->decays);
    if (!f->parameters || !f->gradients || !f->value || !f->first || !f->second || !f->average || !f->decays) return -1;
    sm_net_initialise(&f->net, 1, f->parameters);
    for (size_t i = 0; i < count; i++) f->value[i] = f->average[i] = (double)f->parameters[i];
    for (int p = 0; p < f->net.parameter_count; p++) {
        const sm_parameter *parameter = &f->net.parameters[p];
        for (size_t i = 0; i < parameter->count; i++)
            f->decays[parameter->offset + i] = parameter->kind == SM_PARAMETER_WEIGHTS;
    }
    *state = f;
    return sm_optimiser_create(&f->net, f->parameters, sm_kernels_for(SM_BACKEND_AUTO), &f->optimiser, NULL) == SM_OK
               ? 0
               : -1;
}

static int free_fixture(void **state) {
    fixture *f = *state;
    sm_optimiser_free(&f->optimiser);
    sm_floats_free(f->parameters);
    sm_floats_free(f->gradients);
    free(f->value);
    free(f->first);
    free(f->second);
    free(f->average);
    free(f->decays);
    free(f);
    return 0;
}

/** Gradients that differ from place to place and from step to step. Returns their norm. */
static double fill_gradients(fixture *f, int step, double scale) {
    double squares = 0;
    for (size_t i = 0; i < f->net.trainable_count; i++) {
        f->gradients[i] = (float)(scale * sin(0.37 * (double)i + 1.7 * step));
        squares += (double)f->gradients[i] * (double)f->gradients[i];
    }
    return sqrt(squares);
}

/** Step `step` (1 ..) of AdamW (Loshchilov and Hutter, 2019, algorithm 2) and of the moving average. */
static void reference_step(fixture *f, int step, double rate, double decay, double clip, double average_decay) {
    for (size_t i = 0; i < f->net.trainable_count; i++) {
        const double gradient = clip * (double)f->gradients[i];
        f->first[i] = 0.9 * f->first[i] + 0.1 * gradient;
        f->second[i] = 0.999 * f->second[i] + 0.001 * gradient * gradient;
        const double first = f->first[i] / (1 - pow(0.9, step)), second = f->second[i] / (1 - pow(0.999, step));
        f->value[i] -= rate * (first / (sqrt(second) + 1e-8) + (f->decays[i] ? decay * f->value[i] : 0));
    }
    for (size_t i = 0; i < f->net.total_count; i++)
        f->average[i] = average_decay * f->average[i] + (1 - average_decay) * f->value[i];
}

static void assert_close(const float *values, const double *expected, size_t count, double tolerance) {
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)values[i] - expected[i]) <= tolerance))
            fail_msg("place %zu: %.9g instead of %.9g", i, (double)values[i], expected[i]);
}

static void test_steps_of_adamw(void **state) {
    fixture *f = *state;
    const sm_optimiser_options options = {.learning_rate = 2e-3f,
                                          .weight_decay = 0.5f, /* large, so that it shows in a few steps */
                                          .gradient_norm = 0,
                                          .average_decay = 0.15f,
                                          .warm_up_steps = 3,
                                          .total_steps = 8};
    static const double rates[] = {2e-3 / 3, 4e-3 / 3, 2e-3, 2e-3, 2e-3 * 0.904508497, 2e-3 * 0.654508497};
    for (int step = 1; step <= 6; step++) {
        const double norm = fill_gradients(f, step, 1e-3 * step);
        /* Running statistics have no gradients: the training step changes them, and the average follows. */
        for (size_t i = f->net.trainable_count; i < f->net.total_count; i++) f->value[i] += 0.01 * step;
        for (size_t i = f->net.trainable_count; i < f->net.total_count; i++) f->parameters[i] = (float)f->value[i];
        const double returned = sm_optimiser_step(&f->optimiser, &options, f->parameters, f->gradients, NULL);
        assert_true(fabs(returned - norm) < 1e-9 * norm);
        assert_int_equal(f->optimiser.step, step);
        reference_step(f, step, rates[step - 1], 0.5, 1, 0.15);
        assert_close(f->parameters, f->value, f->net.total_count, 2e-6);
        assert_close(f->optimiser.average, f->average, f->net.total_count, 2e-6);
        assert_close(f->optimiser.first, f->first, f->net.trainable_count, 1e-8);
        assert_close(f->optimiser.second, f->second, f->net.trainable_count, 1e-10);
    }
}

/** Gamma, beta and biases: a zero gradient leaves them as they are, and shortens the weights of convolutions. */
static void test_weight_decay_is_for_weights(void **state) {
    fixture *f = *state;
    const sm_optimiser_options options = {
        .learning_rate = 0.1f, .weight_decay = 0.5f, .warm_up_steps = 1, .total_steps = 100};
    memset(f->gradients, 0, f->net.trainable_count * sizeof *f->gradients);
    sm_optimiser_step(&f->optimiser, &options, f->parameters, f->gradients, NULL);
    for (int p = 0; p < f->net.parameter_count; p++) {
        const sm_parameter *parameter = &f->net.parameters[p];
        const double factor = parameter->kind == SM_PARAMETER_WEIGHTS ? 1 - 0.1 * 0.5 : 1;
        for (size_t i = parameter->offset; i < parameter->offset + parameter->count; i++)
            assert_true(fabs((double)f->parameters[i] - factor * f->value[i]) < 1e-6);
    }
}

/** Gradients longer than the limit are scaled to the limit; shorter ones are used as they are. */
static void test_gradient_clipping(void **state) {
    fixture *f = *state;
    sm_optimiser_options options = {.learning_rate = 1e-3f, .warm_up_steps = 1, .total_steps = 100};
    const double norm = fill_gradients(f, 1, 1e-2);
    options.gradient_norm = (float)(0.25 * norm);
    assert_true(fabs(sm_optimiser_step(&f->optimiser, &options, f->parameters, f->gradients, NULL) - norm) < 1e-9);
    double squares = 0;
    for (size_t i = 0; i < f->net.trainable_count; i++)
        squares += (double)f->optimiser.first[i] * (double)f->optimiser.first[i];
    assert_true(fabs(sqrt(squares) / (0.1 * 0.25 * norm) - 1) < 1e-5); /* first = 0.1 * clipped gradient */

    options.gradient_norm = (float)(1.01 * norm);
    reference_step(f, 1, 1e-3, 0, 0.25, 0);
    sm_optimiser_step(&f->optimiser, &options, f->parameters, f->gradients, NULL);
    for (size_t i = 0; i < f->net.trainable_count; i++) f->first[i] = 0.9 * f->first[i] + 0.1 * (double)f->gradients[i];
    assert_close(f->optimiser.first, f->first, f->net.trainable_count, 1e-8);
}

/** The decay in the first steps is (1 + t) / (10 + t), so that the random initial weights lose their influence sooner.
 */
static void test_young_average(void **state) {
    fixture *f = *state;
    const sm_optimiser_options options = {
        .learning_rate = 1e-2f, .average_decay = 0.5f, .warm_up_steps = 1, .total_steps = 1000};
    for (int step = 1; step <= 12; step++) {
        fill_gradients(f, step, 1e-3);
        const double young = (1.0 + step) / (10.0 + step); /* reaches 0.5 at step 8 */
        sm_optimiser_step(&f->optimiser, &options, f->parameters, f->gradients, NULL);
        for (size_t i = 0; i < f->net.total_count; i++) {
            const double kept = step < 8 ? young : 0.5;
            f->average[i] = kept * f->average[i] + (1 - kept) * (double)f->parameters[i];
        }
        assert_close(f->optimiser.average, f->average, f->net.total_count, 1e-6);
    }
}

static void test_threads_give_the_same_bits(void **state) {
    fixture *f = *state;
    sm_optimiser_options options = sm_optimiser_options_default();
    options.total_steps = 100;
    options.gradient_norm = 0.01f;
    sm_optimiser other;
    const size_t bytes = f->net.total_count * sizeof *f->parameters;
    float *parameters = sm_floats_allocate(f->net.total_count);
    assert_non_null(parameters);
    memcpy(parameters, f->parameters, bytes);
    assert_int_equal(sm_optimiser_create(&f->net, parameters, sm_kernels_for(SM_BACKEND_AUTO), &other, NULL), SM_OK);
    sm_parallel *parallel = sm_parallel_create(2);
    assert_non_null(parallel);
    for (int step = 1; step <= 3; step++) {
        fill_gradients(f, step, 1e-3);
        const double norm = sm_optimiser_step(&f->optimiser, &options, f->parameters, f->gradients, NULL);
        assert_true(norm == sm_optimiser_step(&other, &options, parameters, f->gradients, parallel));
    }
    assert_memory_equal(parameters, f->parameters, bytes);
    assert_memory_equal(other.average, f->optimiser.average, bytes);
    sm_parallel_free(parallel);
    sm_optimiser_free(&other);
    sm_floats_free(parameters);
}

static void test_a_gradient_that_is_not_finite_changes_nothing(void **state) {
    fixture *f = *state;
    sm_optimiser_options options = sm_optimiser_options_default();
    options.learning_rate = 1e-2f;
    options.total_steps = 4;
    const size_t all = f->net.total_count * sizeof(float), trained = f->net.trainable_count * sizeof(float);
    fill_gradients(f, 1, 1);
    assert_true(isfinite(sm_optimiser_step(&f->optimiser, &options, f->parameters, f->gradients, NULL)));
    float *parts[] = {f->parameters, f->optimiser.average, f->optimiser.first, f->optimiser.second}, *before[4];
    const size_t sizes[] = {all, all, trained, trained};
    for (int i = 0; i < 4; i++) {
        before[i] = malloc(sizes[i]);
        assert_non_null(before[i]);
        memcpy(before[i], parts[i], sizes[i]);
    }
    const float bad[] = {NAN, INFINITY};
    for (int k = 0; k < 2; k++) {
        fill_gradients(f, 2, 1);
        f->gradients[f->net.trainable_count - 1] = bad[k];
        const double norm = sm_optimiser_step(&f->optimiser, &options, f->parameters, f->gradients, NULL);
        assert_true(isnan(norm) || isinf(norm));
        assert_int_equal(f->optimiser.step, 1);
        for (int i = 0; i < 4; i++) assert_memory_equal(parts[i], before[i], sizes[i]);
    }
    for (int i = 0; i < 4; i++) free(before[i]);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, make_fixture, free_fixture)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_default_options),
        WITH_FIXTURE(test_steps_of_adamw),
        WITH_FIXTURE(test_weight_decay_is_for_weights),
        WITH_FIXTURE(test_gradient_clipping),
        WITH_FIXTURE(test_young_average),
        WITH_FIXTURE(test_a_gradient_that_is_not_finite_changes_nothing),
        WITH_FIXTURE(test_threads_give_the_same_bits),
    };
    return cmocka_run_group_tests_name("optimiser", tests, NULL, NULL);
}
