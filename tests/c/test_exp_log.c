/** The exponential and the logarithm against those of the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "../../src/exp_log.h"

/** Fails unless both are the same number, both are NaN, or they are at most two units in the last place apart. */
static void assert_close(double value, double expected) {
    if (isnan(expected)) {
        assert_true(isnan(value));
        return;
    }
    if (isinf(expected) || expected == 0) {
        assert_true(value == expected);
        return;
    }
    const double unit = nextafter(fabs(expected), INFINITY) - fabs(expected);
    if (!(fabs(value - expected) <= 2 * unit)) fail_msg("%.17g instead of %.17g", value, expected);
}

static void exponentials_are_those_of_the_library(void **state) {
    (void)state;
    for (int i = -76000; i <= 76000; i++) {
        const double x = i * 0.00991;
        assert_close(sm_exp(x), exp(x));
        assert_close(sm_exp(x * 1e-3), exp(x * 1e-3));
        assert_close(sm_exp(x * 1e-12), exp(x * 1e-12));
    }
    const double ends[] = {0,       -0.0,    709.78, 709.79,   710,       -708.4, -744.4,
                           -745.13, -745.14, -800,   INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) assert_close(sm_exp(ends[i]), exp(ends[i]));
}

static void logarithms_are_those_of_the_library(void **state) {
    (void)state;
    for (int i = 1; i <= 200000; i++) {
        const double near_one = 0.3 + i * 1.1e-5, wide = ldexp(1 + i * 4.9e-6, i % 2000 - 1000);
        assert_close(sm_log(near_one), log(near_one));
        assert_close(sm_log(wide), log(wide));
    }
    const double ends[] = {1, DBL_MIN, DBL_MIN / 8, 0x1p-1074, DBL_MAX, 0, -0.0, -1, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) assert_close(sm_log(ends[i]), log(ends[i]));
}

static void logarithms_of_one_and_a_bit_are_those_of_the_library(void **state) {
    (void)state;
    for (int i = -99999; i <= 99999; i++) {
        const double x = i * 1e-5;
        assert_close(sm_log1p(x), log1p(x));
        assert_close(sm_log1p(x * 1e-9), log1p(x * 1e-9));
    }
    const double ends[] = {0, 1e-300, 1e-17, -1, -2, 1e300, INFINITY, NAN};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) assert_close(sm_log1p(ends[i]), log1p(ends[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exponentials_are_those_of_the_library),
        cmocka_unit_test(logarithms_are_those_of_the_library),
        cmocka_unit_test(logarithms_of_one_and_a_bit_are_those_of_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
