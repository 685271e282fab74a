/**
 * exp, sigmoid and log(1 + e) on vectors, relative error about 2e-7, built from v_ functions only, so that native and
 * wasm differ by no more than the rounding of v_fma.
 */
#ifndef SONOMASK_VECTOR_MATH_H
#define SONOMASK_VECTOR_MATH_H

#include "../simd.h"

/**
 * e^x as 2^n e^r with |r| <= ln(2) / 2; ln(2) is split in two for the precision of r, and e^r is the minimax
 * polynomial of expf in Moshier's Cephes library. Inputs are clamped to -87 .. 88; NaN stays NaN.
 */
SM_INLINE v_f32 v_exp(v_f32 x) {
    const v_f32 lowest = v_splat(-87.0f), highest = v_splat(88.0f);
    const v_f32 rounder = v_splat(12582912.0f); /* 1.5 * 2^23: adding it rounds to a whole number */
    x = v_min(highest, v_max(lowest, x));
    v_f32 finite = v_max(x, lowest); /* this operand order drops NaN, which has no integer part */
    v_f32 n = v_sub(v_fma(finite, v_splat(1.44269504f), rounder), rounder);
    v_f32 r = v_fma(n, v_splat(-0.693359375f), x);
    r = v_fma(n, v_splat(2.12194440e-4f), r);
    v_f32 p = v_splat(1.9875691500e-4f);
    p = v_fma(p, r, v_splat(1.3981999507e-3f));
    p = v_fma(p, r, v_splat(8.3334519073e-3f));
    p = v_fma(p, r, v_splat(4.1665795894e-2f));
    p = v_fma(p, r, v_splat(1.6666665459e-1f));
    p = v_fma(p, r, v_splat(5.0000001201e-1f));
    p = v_fma(p, v_mul(r, r), v_add(r, v_splat(1.0f)));
    return v_mul(p, v_exp2_integer(n));
}

SM_INLINE v_f32 v_sigmoid(v_f32 x) {
    const v_f32 one = v_splat(1.0f);
    return v_div(one, v_add(one, v_exp(v_sub(v_zero(), x))));
}

/** log(1 + e) for e in 0..1, as 2 artanh(e / (2 + e)): the series in s^2 <= 1/9 is accurate for small results too. */
SM_INLINE v_f32 v_log_one_plus(v_f32 e) {
    v_f32 s = v_div(e, v_add(e, v_splat(2.0f))), square = v_mul(s, s);
    v_f32 series = v_splat(1.0f / 15);
    series = v_fma(series, square, v_splat(1.0f / 13));
    series = v_fma(series, square, v_splat(1.0f / 11));
    series = v_fma(series, square, v_splat(1.0f / 9));
    series = v_fma(series, square, v_splat(1.0f / 7));
    series = v_fma(series, square, v_splat(1.0f / 5));
    series = v_fma(series, square, v_splat(1.0f / 3));
    series = v_fma(series, square, v_splat(1.0f));
    return v_mul(v_add(s, s), series);
}

#endif
