/** The fits of presence, operating points and margins, on data with known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "../../native/calibrate/logistic_fit.h"
#include "../../native/calibrate/margin_fit.h"
#include "../../native/calibrate/operating_point_fit.h"
#include "../../native/data/random.h"
#include "../../native/metrics/outline_reach.h"
#include "../../native/metrics/proportion.h"
#include "assert_near.h"

static void incomplete_beta_has_known_values(void **state) {
    (void)state;
    assert_near(sm_incomplete_beta(1, 1, 0.3), 0.3, 1e-12);
    assert_near(sm_incomplete_beta(2, 3, 0.4), 0.5248, 1e-12); /* 6 x^2 - 8 x^3 + 3 x^4 */
    assert_near(sm_incomplete_beta(0.5, 0.5, 0.25), 1.0 / 3, 1e-12);
    assert_near(sm_incomplete_beta(50, 950, 0.05), 1 - sm_incomplete_beta(950, 50, 0.95), 1e-12);
    assert_near(sm_incomplete_beta(3, 4, 0), 0, 0);
    assert_near(sm_incomplete_beta(3, 4, 1), 1, 0);
}

/** One-sided 95 % bounds; without events the bound is 1 - 0.05^(1/n). */
static void proportion_bounds_are_those_of_clopper_and_pearson(void **state) {
    (void)state;
    assert_near(sm_proportion_upper(0, 10, 0.95), 1 - pow(0.05, 0.1), 1e-9);
    assert_near(sm_proportion_upper(0, 100, 0.95), 0.029513, 1e-6);
    assert_near(sm_proportion_upper(1, 10, 0.95), 0.394163, 1e-6);
    assert_near(sm_proportion_upper(5, 100, 0.95), 0.102254, 1e-5);
    /* Two-sided 95 %: 10 of 100 has the interval 0.0490 to 0.1762. */
    assert_near(sm_proportion_upper(10, 100, 0.975), 0.17622, 1e-5);
    assert_near(sm_proportion_upper(10, 10, 0.95), 1, 0);
    assert_near(sm_proportion_upper(0, 0, 0.95), 1, 0);
}

static void logistic_coefficients_are_recovered(void **state) {
    (void)state;
    enum { COUNT = 40000 };
    sm_logistic_case *cases = malloc(COUNT * sizeof *cases);
    assert_non_null(cases);
    sm_random random = sm_random_make(3);
    for (int i = 0; i < COUNT; i++) {
        const double a = 2 * (double)sm_random_normal(&random), b = 3 * (double)sm_random_normal(&random);
        const double p = 1 / (1 + exp(-(0.8 * a + 0.3 * b - 0.7)));
        cases[i] = (sm_logistic_case){{a, b}, (double)sm_random_uniform(&random) < p, 2};
    }
    double found[3];
    assert_true(sm_logistic_fit(cases, COUNT, found));
    assert_near(found[0], 0.8, 0.04);
    assert_near(found[1], 0.3, 0.02);
    assert_near(found[2], -0.7, 0.05);
    const double none[3] = {0};
    assert_near(sm_logistic_loss(cases, COUNT, none), log(2), 1e-12);
    assert_true(sm_logistic_loss(cases, COUNT, found) < 0.5);
    free(cases);
}

/** Weights act like copies; separable cases stay finite; evidence is never counted in reverse. */
static void logistic_fit_of_special_cases(void **state) {
    (void)state;
    const sm_logistic_case copies[] = {{{1, 0}, true, 1}, {{1, 0}, true, 1}, {{1, 0}, false, 1}, {{-1, 0}, false, 1}};
    const sm_logistic_case weighted[] = {{{1, 0}, true, 2}, {{1, 0}, false, 1}, {{-1, 0}, false, 1}};
    double first[3], second[3];
    assert_true(sm_logistic_fit(copies, 4, first));
    assert_true(sm_logistic_fit(weighted, 3, second));
    for (int k = 0; k < 3; k++) assert_near(first[k], second[k], 1e-6);
    const sm_logistic_case separable[] = {{{20, 20}, true, 1}, {{-20, -20}, false, 1}};
    assert_true(sm_logistic_fit(separable, 2, first));
    for (int k = 0; k < 3; k++) assert_true(isfinite(first[k]));
    assert_true(first[0] > 0 && first[1] > 0);
    /* The second feature is higher for negatives. */
    const sm_logistic_case reverse[] = {
        {{2, -1}, true, 1}, {{1, 0}, true, 1}, {{0.5, 2}, false, 1}, {{1.5, 3}, false, 1}};
    assert_true(sm_logistic_fit(reverse, 4, first));
    assert_true(first[0] > 0);
    assert_near(first[1], 0, 0);
    double kept[3] = {7, 8, 9};
    assert_false(sm_logistic_fit(copies, 2, kept)); /* positives only */
    assert_near(kept[0], 7, 0);
}

static void levels_are_weighted_quantiles(void **state) {
    (void)state;
    /* Ten images of one set; the tenth has no outline. */
    sm_kept_case cases[12];
    for (int i = 0; i < 10; i++)
        cases[i] = (sm_kept_case){.presence = i == 9 ? -1 : 0.9 - 0.1 * i, .weight = 0.1, .group = i};
    double level = -1;
    assert_int_equal(sm_presence_level(cases, 10, 0.8, &level, NULL), SM_OK);
    assert_near(level, 0.2, 1e-12); /* the eighth highest */
    assert_near(sm_kept_share(cases, 10, level), 0.8, 1e-12);
    assert_int_equal(sm_presence_level(cases, 10, 0.9, &level, NULL), SM_OK);
    assert_near(level, 0.1, 1e-12);
    assert_int_equal(sm_presence_level(cases, 10, 0.95, &level, NULL), SM_OK);
    assert_near(level, 0, 0); /* out of reach */
    assert_near(sm_kept_share(cases, 10, 0), 0.9, 1e-12);
    /* A second set of two images weighs as much as the ten. */
    cases[10] = (sm_kept_case){.presence = 0.95, .weight = 0.5, .group = 10, .source = 1};
    cases[11] = (sm_kept_case){.presence = 0.05, .weight = 0.5, .group = 11, .source = 1};
    assert_int_equal(sm_presence_level(cases, 12, 0.9, &level, NULL), SM_OK);
    assert_near(level, 0.05, 1e-12);
    assert_int_equal(sm_presence_level(NULL, 0, 0.9, &level, NULL), SM_OK);
    assert_near(level, 0, 0);
    assert_true(isnan(sm_kept_share(NULL, 0, 0.5)));
}

static void missed_bound_counts_patients(void **state) {
    (void)state;
    /* 100 patients of two images; five have one missed image. */
    sm_kept_case cases[200];
    for (int i = 0; i < 200; i++)
        cases[i] = (sm_kept_case){.presence = i % 2 == 0 && i < 10 ? 0.1 : 0.9, .weight = 1, .group = i / 2};
    double bound = 0;
    assert_int_equal(sm_missed_bound(cases, 200, 100, 0.5, &bound, NULL), SM_OK);
    assert_near(bound, 0.102254, 1e-5); /* 5 of 100 */
    assert_int_equal(sm_missed_bound(cases, 200, 100, 0.05, &bound, NULL), SM_OK);
    assert_near(bound, 0.029513, 1e-6); /* none of 100 */
    /* Two sets of 10 and 40 patients: 10 weights of 0.1 and 40 of 0.025 are 4 / 0.125 = 32 patients. */
    for (int i = 0; i < 50; i++)
        cases[i] = (sm_kept_case){.presence = i == 0 ? 0.1 : 0.9, .weight = 1, .group = i, .source = i >= 10};
    assert_int_equal(sm_missed_bound(cases, 50, 50, 0.5, &bound, NULL), SM_OK);
    assert_near(bound, sm_proportion_upper(0.05 * 32, 32, 0.95), 1e-9);
    assert_int_equal(sm_missed_bound(NULL, 0, 0, 0.5, &bound, NULL), SM_OK);
    assert_near(bound, 1, 0);
}

/** Over many simulated fits, the mean coverage of new patients is at least nominal. */
static void margins_cover_new_patients(void **state) {
    (void)state;
    enum { PATIENTS = 60, CASES = 2 * PATIENTS, ROUNDS = 200 };
    sm_margin_case cases[CASES];
    sm_random random = sm_random_make(12);
    double covered = 0;
    for (int round = 0; round < ROUNDS; round++) {
        float margin[2] = {0};
        bool fitted = false;
        for (int half = 0; half < 2; half++) {
            for (int i = 0; i < CASES; i++) {
                const double area = exp(6 + (double)sm_random_normal(&random));
                /* The needed dilation grows with the outline, and has a part that depends on the image alone. */
                const double reach = exp(0.5 * (double)sm_random_normal(&random)) * (0.1 * sqrt(area) + 4);
                cases[i] = (sm_margin_case){reach, area, 400 * 300, i / 2};
            }
            if (half == 0) {
                assert_int_equal(sm_margin_fit(cases, CASES, PATIENTS, margin, &fitted, NULL), SM_OK);
                assert_true(fitted);
                continue;
            }
            for (int p = 0; p < PATIENTS; p++) {
                bool inside = true;
                for (int i = 2 * p; i < 2 * p + 2; i++)
                    inside = inside && cases[i].reach <= (double)margin[0] * sqrt(cases[i].outline_area) +
                                                             (double)margin[1] * sqrt(cases[i].image_area);
                covered += inside;
            }
        }
    }
    covered /= ROUNDS * PATIENTS;
    if (!(covered > SM_MARGIN_COVERAGE - 0.005 && covered < 0.96)) fail_msg("coverage %.4f", covered);
}

static void margins_need_patients(void **state) {
    (void)state;
    sm_margin_case cases[20];
    float margin[2] = {5, 6};
    bool fitted = true;
    for (int i = 0; i < 20; i++) cases[i] = (sm_margin_case){1, 100, 10000, i % 17};
    assert_int_equal(sm_margin_fit(cases, 20, 17, margin, &fitted, NULL), SM_OK);
    assert_false(fitted);
    assert_near(margin[0], 5, 0);
    /* 18 patients who all need a tenth of the outline's side; numbers of groups may have gaps. */
    for (int i = 0; i < 18; i++) cases[i] = (sm_margin_case){1, 100, 10000, 2 * i};
    assert_int_equal(sm_margin_fit(cases, 18, 40, margin, &fitted, NULL), SM_OK);
    assert_true(fitted);
    assert_near((double)margin[0] * 10 + (double)margin[1] * 100, 1, 1e-6);
}

static void reach_is_the_needed_dilation(void **state) {
    (void)state;
    enum { W = 20, H = 12 };
    int32_t labels[W * H] = {0}, reference[W * H] = {0};
    bool touched[3] = {false, true, false};
    labels[5 * W + 5] = labels[5 * W + 6] = 2;
    labels[0] = 1; /* another outline, next to nothing */
    reference[5 * W + 6] = 1;
    double reach = -1;
    assert_int_equal(sm_outline_reach(labels, 2, reference, touched, W, H, &reach, NULL), SM_OK);
    assert_near(reach, 0, 0);
    reference[8 * W + 10] = 1;  /* 4 to the right, 3 down */
    reference[11 * W + 19] = 2; /* a lesion that the outline does not touch */
    assert_int_equal(sm_outline_reach(labels, 2, reference, touched, W, H, &reach, NULL), SM_OK);
    assert_near(reach, 5, 1e-6);
    touched[2] = true;
    assert_int_equal(sm_outline_reach(labels, 2, reference, touched, W, H, &reach, NULL), SM_OK);
    assert_near(reach, sqrt(13 * 13 + 6 * 6), 1e-5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incomplete_beta_has_known_values),
        cmocka_unit_test(proportion_bounds_are_those_of_clopper_and_pearson),
        cmocka_unit_test(logistic_coefficients_are_recovered),
        cmocka_unit_test(logistic_fit_of_special_cases),
        cmocka_unit_test(levels_are_weighted_quantiles),
        cmocka_unit_test(missed_bound_counts_patients),
        cmocka_unit_test(margins_cover_new_patients),
        cmocka_unit_test(margins_need_patients),
        cmocka_unit_test(reach_is_the_needed_dilation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
