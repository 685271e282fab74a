/** Comparison of numbers with a tolerance. Include it after cmocka.h. */
#ifndef SONOMASK_TEST_ASSERT_NEAR_H
#define SONOMASK_TEST_ASSERT_NEAR_H

#include <math.h>

/** Fails the test unless |value - expected| <= tolerance. A NaN fails. */
#define assert_near(value, expected, tolerance)                                                                        \
    assert_near_at((double)(value), (double)(expected), (double)(tolerance), __FILE__, __LINE__)

static inline void assert_near_at(double value, double expected, double tolerance, const char *file, int line) {
    if (fabs(value - expected) <= tolerance) return;
    print_error("%.12g is not %.12g +- %g\n", value, expected, tolerance);
    _fail(file, line);
}

#endif
