/**
 * Pseudo-random numbers that depend on the seed only: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom
 * number generators", 2021), its state filled by splitmix64. The state is four plain words, so that a checkpoint can
 * hold it.
 */
#ifndef SONOMASK_RANDOM_H
#define SONOMASK_RANDOM_H

#include <math.h>
#include <stdint.h>

typedef struct sm_random {
    uint64_t state[4];
} sm_random;

/** One step of splitmix64: a bijection that scatters near-by numbers over all 64 bits. */
static inline uint64_t sm_random_scatter(uint64_t value) {
    value += 0x9E3779B97F4A7C15u;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

/** An independent seed for part `index`, for example for one image of the epoch whose seed is `seed`. */
static inline uint64_t sm_random_derive(uint64_t seed, uint64_t index) {
    return sm_random_scatter(sm_random_scatter(seed) ^ (index * 0xD1342543DE82EF95u + 1));
}

static inline sm_random sm_random_make(uint64_t seed) {
    sm_random random;
    for (int word = 0; word < 4; word++) random.state[word] = seed = sm_random_scatter(seed + (uint64_t)word);
    random.state[0] |= 1; // the all-zero state would stay zero
    return random;
}

/** 64 random bits. */
static inline uint64_t sm_random_next(sm_random *random) {
    uint64_t *state = random->state;
    const uint64_t product = state[1] * 5;
    const uint64_t result = ((product << 7) | (product >> 57)) * 9;
    const uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = (state[3] << 45) | (state[3] >> 19);
    return result;
}

/** Uniform in [0, 1), in steps of 2^-24. */
static inline float sm_random_uniform(sm_random *random) { return (float)(sm_random_next(random) >> 40) * 0x1p-24f; }

/** Uniform between `low` and `high`. */
static inline float sm_random_range(sm_random *random, float low, float high) {
    return low + (high - low) * sm_random_uniform(random);
}

/** Standard normal (Box-Muller). */
static inline float sm_random_normal(sm_random *random) {
    const double radius = (double)((sm_random_next(random) >> 11) + 1) * 0x1p-53; // 0 < radius <= 1
    const double turn = (double)(sm_random_next(random) >> 11) * 0x1p-53;
    return (float)(sqrt(-2.0 * log(radius)) * cos(6.283185307179586 * turn));
}

/** Uniform in 0 .. count-1; `count` at least 1. (The bias is below count / 2^32.) */
static inline int sm_random_below(sm_random *random, int count) {
    return (int)(((sm_random_next(random) >> 32) * (uint64_t)count) >> 32);
}

#endif
