/* States of a training that must not be saved, and the way back from them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/train/trainer_state.h"
#include "../../src/memory_plan.h"

/** A trainer of which only the state is there. */
static int make_trainer(void **state) {
    static sm_trainer t;
    t = (sm_trainer){.options = &t.chosen, .chosen = sm_trainer_options_default()};
    t.chosen.loss.type_mae = true; /* the type bias is written as it is */
    if (sm_net_make("sonomask2", &t.net, NULL) != SM_OK) return -1;
    t.parameters = sm_floats_allocate(t.net.total_count);
    t.result = sm_floats_allocate(t.net.total_count);
    if (!t.parameters || !t.result) return -1;
    sm_net_initialise(&t.net, 5, t.parameters);
    t.progress = (sm_checkpoint){.log = strdup("header\nrow 1\n"), .epoch = 1, .best_epoch = 1};
    *state = &t;
    return sm_optimiser_create(&t.net, t.parameters, sm_kernels_for(SM_BACKEND_AUTO), &t.optimiser, NULL) == SM_OK &&
                   t.progress.log
               ? 0
               : -1;
}

static int free_trainer(void **state) {
    sm_trainer *t = *state;
    sm_optimiser_free(&t->optimiser);
    sm_snapshot_free(&t->snapshot);
    sm_checkpoint_free(&t->progress);
    sm_floats_free(t->parameters);
    sm_floats_free(t->result);
    return 0;
}

static void assert_unsound(sm_trainer *t, const char *reason) {
    t->diverged = NULL;
    assert_false(sm_trainer_is_sound(t));
    assert_string_equal(t->diverged, reason);
    t->diverged = NULL;
}

static void test_what_a_file_cannot_hold_is_unsound(void **state) {
    sm_trainer *t = *state;
    float *average = t->optimiser.average, *last = &average[t->net.total_count - 1];
    const float kept = *last;
    assert_true(sm_trainer_is_sound(t));
    assert_memory_equal(t->result, average, t->net.total_count * sizeof *average);
    *last = -65504; /* the largest half-precision number */
    assert_true(sm_trainer_is_sound(t));
    *last = 65505;
    assert_unsound(t, "the weights were too large for 16 bits");
    t->chosen.precision = SM_WEIGHTS_FLOAT32;
    assert_true(sm_trainer_is_sound(t));
    *last = INFINITY;
    assert_unsound(t, "the weights were not finite");
    t->chosen.precision = SM_WEIGHTS_FLOAT16;
    *last = kept;
}

/** The checkpoint holds more than what is written: a training could not go on from it. */
static void test_every_part_of_the_state_counts(void **state) {
    sm_trainer *t = *state;
    float *parts[] = {t->parameters, t->optimiser.first, t->optimiser.second, t->optimiser.average};
    for (int i = 0; i < 4; i++) {
        const float kept = parts[i][7];
        parts[i][7] = i % 2 ? NAN : -INFINITY;
        assert_unsound(t, "the weights were not finite");
        parts[i][7] = kept;
    }
    assert_true(sm_trainer_is_sound(t));
}

static void test_a_state_near_the_limit_is_not_gone_back_to(void **state) {
    sm_trainer *t = *state;
    const float kept = t->parameters[3];
    assert_false(sm_trainer_is_near_limit(t));
    t->parameters[3] = -20000;
    assert_true(sm_trainer_is_near_limit(t));
    assert_true(sm_trainer_is_sound(t));
    t->chosen.precision = SM_WEIGHTS_FLOAT32;
    assert_false(sm_trainer_is_near_limit(t));
    t->chosen.precision = SM_WEIGHTS_FLOAT16;
    t->parameters[3] = kept;
}

static void test_snapshot_undoes_weights_that_are_not_finite(void **state) {
    sm_trainer *t = *state;
    const size_t all = t->net.total_count * sizeof(float), trained = t->net.trainable_count * sizeof(float);
    for (size_t i = 0; i < t->net.trainable_count; i++) {
        t->optimiser.first[i] = (float)i;
        t->optimiser.second[i] = (float)(i + 1);
    }
    t->optimiser.step = 40;
    t->progress.sums.loss = 0.5;
    float *parts[] = {t->parameters, t->optimiser.first, t->optimiser.second, t->optimiser.average}, *before[4];
    const size_t sizes[] = {all, trained, trained, all};
    for (int i = 0; i < 4; i++) {
        before[i] = malloc(sizes[i]);
        assert_non_null(before[i]);
        memcpy(before[i], parts[i], sizes[i]);
    }
    assert_int_equal(sm_snapshot_take(&t->snapshot, &t->progress, t->parameters, &t->optimiser, NULL), SM_OK);
    assert_int_equal(t->snapshot.best_epoch, 1);

    for (int i = 0; i < 4; i++)
        for (size_t k = 0; k < sizes[i] / sizeof(float); k++) parts[i][k] = NAN;
    t->optimiser.step = 60;
    t->progress.epoch = 3;
    t->progress.sums.loss = NAN;
    t->progress.halvings = 2;
    free(t->progress.log);
    t->progress.log = strdup("header\nrow 1\nrow 2\nrow 3\n");
    assert_non_null(t->progress.log);
    assert_unsound(t, "the weights were not finite");

    sm_snapshot_restore(&t->snapshot, &t->progress, t->parameters, &t->optimiser);
    assert_true(sm_trainer_is_sound(t));
    for (int i = 0; i < 4; i++) {
        assert_memory_equal(parts[i], before[i], sizes[i]);
        free(before[i]);
    }
    assert_int_equal(t->optimiser.step, 40);
    assert_int_equal(t->progress.epoch, 1);
    assert_true(t->progress.sums.loss == 0.5);
    assert_int_equal(t->progress.halvings, 2); /* how often it happened is not undone */
    assert_string_equal(t->progress.log, "header\nrow 1\n");
}

/** What is saved of an interrupted training must not be past help. */
static void test_a_state_near_the_limit_is_left(void **state) {
    sm_trainer *t = *state;
    const float kept = t->parameters[3];
    assert_int_equal(sm_snapshot_take(&t->snapshot, &t->progress, t->parameters, &t->optimiser, NULL), SM_OK);
    const int batch = t->progress.batch;
    t->progress.batch = batch + 5;
    sm_trainer_leave_limit(t);
    assert_int_equal(t->progress.batch, batch + 5);
    t->parameters[3] = 20000;
    sm_trainer_leave_limit(t);
    assert_int_equal(t->progress.batch, batch);
    assert_true(t->parameters[3] == kept);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_file_cannot_hold_is_unsound),
        cmocka_unit_test(test_every_part_of_the_state_counts),
        cmocka_unit_test(test_a_state_near_the_limit_is_not_gone_back_to),
        cmocka_unit_test(test_snapshot_undoes_weights_that_are_not_finite),
        cmocka_unit_test(test_a_state_near_the_limit_is_left),
    };
    return cmocka_run_group_tests_name("soundness", tests, make_trainer, free_trainer);
}
