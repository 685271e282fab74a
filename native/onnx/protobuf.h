/**
 * Writing Protocol Buffers: fields and nested messages, into a growing block of memory.
 * Encoding: https://protobuf.dev/programming-guides/encoding.
 */
#ifndef SONOMASK_PROTOBUF_H
#define SONOMASK_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Zero-initialise; release `bytes` with free(). After a failed allocation all calls do nothing. */
typedef struct sm_protobuf {
    uint8_t *bytes;
    size_t size, capacity;
    bool failed; /**< an allocation failed */
} sm_protobuf;

void sm_protobuf_integer(sm_protobuf *buffer, int field, long long value);
void sm_protobuf_string(sm_protobuf *buffer, int field, const char *text);
/** A bytes field of little-endian floats. */
void sm_protobuf_floats(sm_protobuf *buffer, int field, const float *values, size_t count);
/** Begins a nested message, which ends with the call of `sm_protobuf_end` with the value returned. */
size_t sm_protobuf_begin(sm_protobuf *buffer, int field);
void sm_protobuf_end(sm_protobuf *buffer, size_t begin);

#endif
