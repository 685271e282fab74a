/** Agreement of measures from two outlines: which are paired, and the coefficients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/metrics/measures.h"
#include "assert_near.h"

enum { WIDTH = 200, HEIGHT = 120 };

static void fill(uint8_t *mask, int left, int top, int width, int height) {
    for (int y = top; y < top + height; y++) memset(mask + y * WIDTH + left, 255, (size_t)width);
}

static sm_measure_pairs pair(uint8_t *network, const uint8_t *expert) {
    uint8_t *grey = malloc(WIDTH * HEIGHT);
    assert_non_null(grey);
    for (int i = 0; i < WIDTH * HEIGHT; i++) grey[i] = expert[i] ? 40 : 120;
    const sm_image image = {WIDTH, HEIGHT, 1, grey};
    const sm_result result = {.width = WIDTH, .height = HEIGHT, .mask = network};
    sm_measure_pairs pairs;
    assert_int_equal(sm_measures_pair(&image, &result, expert, &pairs, NULL), SM_OK);
    free(grey);
    return pairs;
}

static void each_lesion_is_paired_with_the_outline_that_shares_most(void **state) {
    (void)state;
    uint8_t *network = calloc(WIDTH, HEIGHT);
    uint8_t *expert = calloc(WIDTH, HEIGHT);
    assert_true(network && expert);
    fill(expert, 20, 20, 60, 30);
    fill(expert, 150, 30, 20, 40); /* upright */
    fill(expert, 100, 20, 4, 4);   /* a speck that the first outline covers as well */
    fill(network, 22, 20, 84, 30); /* larger */
    fill(network, 21, 60, 30, 20); /* on no lesion */
    fill(network, 150, 34, 20, 36);
    const sm_measure_pairs pairs = pair(network, expert);
    assert_int_equal(pairs.count, 2);
    assert_near(pairs.pairs[0].long_axis[0], hypot(84, 30), 1.5);
    assert_near(pairs.pairs[0].long_axis[1], hypot(60, 30), 1.5);
    assert_int_equal(pairs.pairs[0].words[SM_WORD_ORIENTATION][0], 1);
    assert_int_equal(pairs.pairs[0].words[SM_WORD_ORIENTATION][1], 1);
    assert_int_equal(pairs.pairs[1].words[SM_WORD_ORIENTATION][1], 0);
    assert_near(pairs.pairs[1].long_axis[1], hypot(20, 40), 1.5);
    memset(network, 0, WIDTH * HEIGHT);
    assert_int_equal(pair(network, expert).count, 0);
    free(network);
    free(expert);
}

/* The example of Shrout and Fleiss has four judges; these are its first two, with the ICC(2,1) computed by its formula.
 */
static void icc_of_a_published_table(void **state) {
    (void)state;
    static const double judges[6][2] = {{9, 2}, {6, 1}, {8, 4}, {7, 1}, {10, 5}, {6, 2}};
    sm_measure_sums sums = {0};
    assert_true(isnan(sm_measure_icc(&sums)));
    assert_true(isnan(sm_measure_kappa(&sums, SM_WORD_SHAPE)));
    for (int i = 0; i < 6; i++) {
        const sm_measure_pair one = {.long_axis = {judges[i][0], judges[i][1]}};
        sm_measure_sums_add(&sums, &one, 1);
    }
    /* Mean squares: 281 / 60 between, 41 / 60 the rest, 961 / 12 of the judges: (281 - 41) / (281 + 41 + (4805 - 41) /
     * 3). */
    assert_near(sm_measure_icc(&sums), 240.0 / 1910, 1e-9);
    assert_true(isnan(sm_measure_kappa(&sums, SM_WORD_SHAPE))); /* all have one word */
}

static void equal_axes_agree_and_a_shift_does_not(void **state) {
    (void)state;
    sm_measure_sums equal = {0}, shifted = {0};
    for (int i = 0; i < 10; i++) {
        sm_measure_sums_add(&equal, &(sm_measure_pair){.long_axis = {20 + i, 20 + i}}, 1);
        sm_measure_sums_add(&shifted, &(sm_measure_pair){.long_axis = {20 + i, 30 + i}}, 1);
    }
    assert_near(sm_measure_icc(&equal), 1, 1e-9);
    assert_true(sm_measure_icc(&shifted) < 0.3); /* absolute agreement, not consistency */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lesion_is_paired_with_the_outline_that_shares_most),
        cmocka_unit_test(icc_of_a_published_table),
        cmocka_unit_test(equal_axes_agree_and_a_shift_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
