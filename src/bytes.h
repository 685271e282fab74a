/** Reads and writes numbers of a given byte order. The caller checks the bounds. */
#ifndef SONOMASK_BYTES_H
#define SONOMASK_BYTES_H

#include <stdint.h>

static inline uint32_t sm_big16(const uint8_t *bytes) { return (uint32_t)bytes[0] << 8 | bytes[1]; }
static inline uint32_t sm_big32(const uint8_t *bytes) { return sm_big16(bytes) << 16 | sm_big16(bytes + 2); }
static inline uint32_t sm_little16(const uint8_t *bytes) { return (uint32_t)bytes[1] << 8 | bytes[0]; }
static inline uint32_t sm_little32(const uint8_t *bytes) { return sm_little16(bytes + 2) << 16 | sm_little16(bytes); }

static inline void sm_put_big32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

#endif
