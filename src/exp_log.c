#include "exp_log.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* log(2) as a sum of two numbers. The first ends in 21 zero bits, so that its product with an exponent is exact. */
static const double log_2_high = 0x1.62e42fee00000p-1, log_2_low = 0x1.a39ef35793c76p-33;

/** 2^exponent, for -1022 <= exponent <= 1023. */
static double power_of_2(int exponent) {
    const uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

double sm_exp(double x) {
    enum { DEGREE = 13 };
    if (x != x) return x;
    if (x > 709.8) return INFINITY;
    if (x < -745.2) return 0;
    /* x = n log 2 + r, |r| <= log(2) / 2: the Taylor series needs 13 terms. */
    const int n = (int)(x * 1.4426950408889634 + (x < 0 ? -0.5 : 0.5));
    const double r = x - n * log_2_high - n * log_2_low;
    double sum = 0;
    for (int k = DEGREE; k > 1; k--) sum = (sum + 1) * r / k;
    /* In two steps: 2^n alone may be too large or too small for a double. */
    return (1 + (r + sum * r)) * power_of_2(n / 2) * power_of_2(n - n / 2);
}

double sm_log(double x) {
    enum { TERMS = 11 };
    if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
    if (x > 0x1.fffffffffffffp1023) return x;
    int exponent = 0;
    double m = frexp(x, &exponent); /* in 0.5 .. 1 */
    if (m < 0.7071067811865476) {
        m *= 2;
        exponent--;
    }
    /* log m = 2 atanh s, s = (m - 1) / (m + 1), |s| < 0.172. With f = m - 1, 2 s = f - s f: the first term is exact. */
    const double f = m - 1, s = f / (m + 1), square = s * s;
    double sum = 0;
    for (int k = TERMS; k > 0; k--) sum = (sum + 1.0 / (2 * k + 1)) * square;
    return exponent * log_2_high + (f - (s * (f - 2 * sum) - exponent * log_2_low));
}

double sm_log1p(double x) {
    const double y = 1 + x;
    /* y - 1 is what was left of x. The quotient log(y) / (y - 1) changes little with y (W. Kahan; see D. Goldberg,
       "What every computer scientist should know about floating-point arithmetic", 1991, theorem 4). */
    return y == 1 || y > 0x1.fffffffffffffp1023 ? x : sm_log(y) * (x / (y - 1));
}
