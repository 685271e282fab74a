/** Shared by all targets: one vector per image, and a 64-bit integer hash that must be the same everywhere. */
#include <stdint.h>

#include "operations.h"

/** The output function of SplitMix64 (Steele, Lea and Flood 2014): every bit depends on every bit. */
static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void SM_REFERENCE(sm_dropout)(sm_real *values, size_t count, sm_real rate, unsigned long long seed) {
    if (!(rate > 0)) return;
    /* A rate of 1 drops all values. The scale must stay finite, because 0 * infinity is NaN. */
    sm_real scale = rate < 1 ? 1 / (1 - rate) : 0;
    /* The seed is hashed first, so that seeds 1 and 2 do not give one sequence shifted by one step. */
    uint64_t start = mix((uint64_t)seed + UINT64_C(0x9e3779b97f4a7c15));
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = mix(start + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15));
        double uniform = (double)(bits >> 11) * 0x1p-53;
        values[i] = uniform < (double)rate ? 0 : values[i] * scale;
    }
}
