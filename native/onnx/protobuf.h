/**
 * Writing Protocol Buffers: fields one after the other into a growing block of memory, messages inside messages.
 * Encoding: https://protobuf.dev/programming-guides/encoding.
 */
#ifndef SONOMASK_PROTOBUF_H
#define SONOMASK_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Zero-initialise; release `bytes` with free(). After a failed allocation nothing more is written. */
typedef struct sm_protobuf {
    uint8_t *bytes;
    size_t size, capacity;
    bool failed; /**< there was no memory */
} sm_protobuf;

void sm_protobuf_integer(sm_protobuf *buffer, int field, long long value);
void sm_protobuf_string(sm_protobuf *buffer, int field, const char *text);
/** A bytes field of little-endian floats. */
void sm_protobuf_floats(sm_protobuf *buffer, int field, const float *values, size_t count);
/** Begins a message; what is written until `sm_protobuf_end` with the value returned belongs to it. */
size_t sm_protobuf_begin(sm_protobuf *buffer, int field);
void sm_protobuf_end(sm_protobuf *buffer, size_t begin);

#endif
