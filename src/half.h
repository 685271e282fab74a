/** IEEE 754 half precision, as stored in weights files. */
#ifndef SONOMASK_HALF_H
#define SONOMASK_HALF_H

#include <stdint.h>
#include <string.h>

/** The largest number. */
static const float SM_HALF_MAX = 65504.0f;

static inline float sm_half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000U) << 16;
    uint32_t exponent = (half >> 10) & 0x1FU;
    uint32_t fraction = half & 0x3FFU;
    if (exponent == 0) { /* zero or subnormal: fraction * 2^-24, exact in a float */
        float value = (float)fraction * 0x1p-24f;
        return sign ? -value : value;
    }
    uint32_t bits = exponent == 0x1F ? 0x7F800000U : (exponent + 112) << 23;
    bits |= sign | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/** Rounds to nearest, ties to even. Numbers that are too large become infinity. */
static inline uint16_t sm_half_from_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = (bits >> 16) & 0x8000U;
    bits &= 0x7FFFFFFFU;
    if (bits >= 0x7F800000U) return (uint16_t)(sign | (bits > 0x7F800000U ? 0x7E00U : 0x7C00U));
    if (bits < 0x38800000U) { /* below 2^-14: subnormal; adding 0.5 lines the fraction up and rounds */
        float magnitude;
        memcpy(&magnitude, &bits, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&bits, &magnitude, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3F000000U));
    }
    uint32_t rounded = bits - 0x38000000U + 0xFFFU + ((bits >> 13) & 1U);
    uint32_t half = rounded >> 13;
    return (uint16_t)(sign | (half > 0x7C00U ? 0x7C00U : half));
}

#endif
