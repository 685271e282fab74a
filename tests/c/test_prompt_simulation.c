/** Simulated prompts of a batch: how many, where, and that they depend on the seed alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/train/prompt_simulation.h"

enum { SIDE = 32, AREA = SIDE * SIDE, BATCH = 4, SEEDS = 400, LEFT = 8, TOP = 10, RIGHT = 20, BOTTOM = 18 };

typedef struct fixture {
    float masks[BATCH * AREA], weights[BATCH], logits[BATCH * AREA];
    sm_batch batch;
    sm_prompt_simulation *simulation;
} fixture;

/** Image 0 and 1 have a lesion, 2 is normal, the outline of 3 is not known. */
static int make_fixture(void **state) {
    fixture *f = calloc(1, sizeof *f);
    if (!f) return -1;
    for (int i = 0; i < BATCH; i++) {
        f->weights[i] = i < 3 ? 1.0f : 0.0f;
        for (int y = TOP; y < BOTTOM && i != 2; y++)
            for (int x = LEFT; x < RIGHT; x++) f->masks[i * AREA + y * SIDE + x] = 1;
    }
    for (int i = 0; i < BATCH * AREA; i++) f->logits[i] = f->masks[i] > 0 ? 1.0f : -1.0f; /* a perfect answer */
    f->batch = (sm_batch){.masks = f->masks, .mask_weights = f->weights};
    *state = f;
    return sm_prompt_simulation_create(SIDE, BATCH, 0.5f, &f->simulation, NULL) == SM_OK ? 0 : -1;
}

static int free_fixture(void **state) {
    fixture *f = *state;
    sm_prompt_simulation_free(f->simulation);
    free(f);
    return 0;
}

static bool has_prompt(const sm_square_prompts *prompts) { return prompts->click_count > 0 || prompts->has_box; }

static void begin(fixture *f, uint64_t seed, bool *needs_answer) {
    assert_int_equal(sm_prompt_simulation_begin(f->simulation, &f->batch, seed, needs_answer, NULL), SM_OK);
}

static void test_shares_and_places(void **state) {
    fixture *f = *state;
    int prompted = 0, boxes = 0, near = 0, clicks = 0, corrected = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        bool needs_answer;
        begin(f, (uint64_t)seed, &needs_answer);
        corrected += needs_answer;
        const sm_square_prompts *prompts = f->batch.prompts;
        assert_false(has_prompt(&prompts[2])); /* nothing to click on without an answer */
        assert_false(has_prompt(&prompts[3]));
        for (int i = 0; i < 2; i++) {
            prompted += has_prompt(&prompts[i]);
            boxes += prompts[i].has_box;
            if (prompts[i].has_box) {
                assert_true(prompts[i].left > LEFT - 2 && prompts[i].left < LEFT + 2);
                assert_true(prompts[i].bottom > BOTTOM - 2 && prompts[i].bottom < BOTTOM + 2);
            }
            for (int k = 0; k < prompts[i].click_count; k++) {
                const sm_square_click *click = &prompts[i].clicks[k];
                assert_true(click->x >= 0.5f && click->y >= 0.5f && click->x <= SIDE - 0.5f && click->y <= SIDE - 0.5f);
                if (!click->inside) continue;
                clicks++;
                near += click->x > LEFT - 4 && click->x < RIGHT + 4 && click->y > TOP - 4 && click->y < BOTTOM + 4;
            }
        }
    }
    assert_true(prompted > SEEDS * 0.8 && prompted < SEEDS * 1.1); /* half of 2 * SEEDS */
    assert_true(boxes > prompted / 8 && boxes < prompted / 3);
    assert_int_equal(near, clicks);
    assert_true(corrected > SEEDS / 10 && corrected < SEEDS / 2);
}

/** A false outline on the normal image gets a click outside, in it; a perfect answer gets no further click. */
static void test_corrections(void **state) {
    fixture *f = *state;
    int outside = 0;
    for (int y = 2; y < 9; y++)
        for (int x = 22; x < 30; x++) f->logits[2 * AREA + y * SIDE + x] = 1;
    for (int seed = 0; seed < SEEDS; seed++) {
        bool needs_answer;
        begin(f, (uint64_t)seed, &needs_answer);
        int before[BATCH];
        for (int i = 0; i < BATCH; i++) before[i] = f->batch.prompts[i].click_count;
        assert_int_equal(sm_prompt_simulation_correct(f->simulation, &f->batch, f->logits, NULL), SM_OK);
        for (int i = 0; i < BATCH; i++)
            if (i != 2) assert_int_equal(f->batch.prompts[i].click_count, before[i]);
        if (f->batch.prompts[2].click_count == 0) continue;
        outside++;
        const sm_square_click *click = &f->batch.prompts[2].clicks[0];
        assert_true(needs_answer && !click->inside);
        assert_true(click->x > 22 - 4 && click->x < 30 + 4 && click->y > 2 - 4 && click->y < 9 + 4);
    }
    assert_true(outside > SEEDS / 10);
}

static void test_seed_decides(void **state) {
    fixture *f = *state;
    sm_square_prompts first[BATCH];
    sm_square_click clicks[BATCH];
    bool needs_answer;
    begin(f, 5, &needs_answer);
    memcpy(first, f->batch.prompts, sizeof first);
    for (int i = 0; i < BATCH; i++) clicks[i] = first[i].click_count > 0 ? first[i].clicks[0] : (sm_square_click){0};
    begin(f, 6, &needs_answer);
    begin(f, 5, &needs_answer);
    for (int i = 0; i < BATCH; i++) {
        assert_int_equal(f->batch.prompts[i].click_count, first[i].click_count);
        assert_int_equal(f->batch.prompts[i].has_box, first[i].has_box);
        if (first[i].click_count > 0) assert_true(f->batch.prompts[i].clicks[0].x == clicks[i].x);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_shares_and_places, make_fixture, free_fixture),
        cmocka_unit_test_setup_teardown(test_corrections, make_fixture, free_fixture),
        cmocka_unit_test_setup_teardown(test_seed_decides, make_fixture, free_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
