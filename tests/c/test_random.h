/**
 * A small generator for test data: a linear congruential generator modulo 2^32 (Numerical Recipes' constants). It is
 * independent of the product's generator, so that a change there does not change the tests' data. The low bits have
 * short periods: use the functions below, which take the high bits. The state may start at any value.
 */
#ifndef SONOMASK_TEST_RANDOM_H
#define SONOMASK_TEST_RANDOM_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t test_random_next(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

/** 0 .. 255. */
static inline uint8_t test_random_byte(uint32_t *state) { return (uint8_t)(test_random_next(state) >> 24); }

/** Uniform in [0, 1), in steps of 2^-24. */
static inline double test_random_uniform(uint32_t *state) { return (test_random_next(state) >> 8) / 16777216.0; }

/** Uniform in [-1, 1), in steps of 2^-23. */
static inline float test_random_signed(uint32_t *state) {
    return (float)(test_random_next(state) >> 8) / 8388608.0f - 1.0f;
}

/** 0 .. limit - 1; 0 when `limit` is 0. `limit` is at most 2^32. */
static inline size_t test_random_below(uint32_t *state, size_t limit) {
    return (size_t)(((uint64_t)test_random_next(state) * limit) >> 32);
}

#endif
