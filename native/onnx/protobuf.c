#include "protobuf.h"

#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_LENGTH = 2, MAX_VARINT = 10 };

/** Appends `size` bytes, which the caller fills in; NULL without memory. */
static uint8_t *extend(sm_protobuf *buffer, size_t size) {
    if (buffer->failed || size > SIZE_MAX / 2 - buffer->size) {
        buffer->failed = true;
        return NULL;
    }
    if (buffer->size + size > buffer->capacity) {
        size_t capacity = 2 * (buffer->size + size);
        uint8_t *bytes = realloc(buffer->bytes, capacity);
        if (!bytes) {
            buffer->failed = true;
            return NULL;
        }
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    uint8_t *room = buffer->bytes + buffer->size;
    buffer->size += size;
    return room;
}

/** Varint: seven bits per byte, lowest first; the top bit is set in all bytes but the last. */
static size_t encode_varint(unsigned long long value, uint8_t bytes[MAX_VARINT]) {
    size_t size = 0;
    while (value >= 128) {
        bytes[size++] = (uint8_t)(value | 128);
        value >>= 7;
    }
    bytes[size++] = (uint8_t)value;
    return size;
}

static void put_varint(sm_protobuf *buffer, unsigned long long value) {
    uint8_t bytes[MAX_VARINT];
    size_t size = encode_varint(value, bytes);
    uint8_t *room = extend(buffer, size);
    if (room) memcpy(room, bytes, size);
}

static void put_tag(sm_protobuf *buffer, int field, int wire) {
    put_varint(buffer, (unsigned long long)field << 3 | (unsigned long long)wire);
}

void sm_protobuf_integer(sm_protobuf *buffer, int field, long long value) {
    put_tag(buffer, field, WIRE_VARINT);
    put_varint(buffer, (unsigned long long)value);
}

void sm_protobuf_string(sm_protobuf *buffer, int field, const char *text) {
    size_t size = strlen(text);
    put_tag(buffer, field, WIRE_LENGTH);
    put_varint(buffer, size);
    uint8_t *room = extend(buffer, size);
    if (room) memcpy(room, text, size);
}

void sm_protobuf_floats(sm_protobuf *buffer, int field, const float *values, size_t count) {
    put_tag(buffer, field, WIRE_LENGTH);
    put_varint(buffer, count * sizeof *values);
    uint8_t *room = extend(buffer, count * sizeof *values);
    if (!room) return;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        for (int k = 0; k < 4; k++) *room++ = (uint8_t)(bits >> (8 * k));
    }
}

size_t sm_protobuf_begin(sm_protobuf *buffer, int field) {
    put_tag(buffer, field, WIRE_LENGTH);
    return buffer->size;
}

void sm_protobuf_end(sm_protobuf *buffer, size_t begin) {
    if (buffer->failed) return;
    /* The length precedes the message. */
    uint8_t length[MAX_VARINT];
    size_t message = buffer->size - begin;
    size_t size = encode_varint(message, length);
    if (!extend(buffer, size)) return;
    memmove(buffer->bytes + begin + size, buffer->bytes + begin, message);
    memcpy(buffer->bytes + begin, length, size);
}
