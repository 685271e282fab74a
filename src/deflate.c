#include "deflate.h"

#include <stdlib.h>

enum {
    WINDOW = 32768,
    HASH_BITS = 14,
    SHORTEST_MATCH = 3,
    LONGEST_MATCH = 258,
    MOST_TRIES = 16, /* candidates per position; more do not make masks and outlines smaller */
    END_OF_BLOCK = 256,
    LENGTH_CODES = 29,
    DISTANCE_CODES = 30
};

/* RFC 1951, 3.2.5 */
static const uint16_t length_base[LENGTH_CODES] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                                   31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[LENGTH_CODES] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                   2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_base[DISTANCE_CODES] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                                       33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                                       1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extra[DISTANCE_CODES] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                                       6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

/** Writes bits, the lowest first. */
typedef struct bit_writer {
    uint8_t *at;
    uint32_t bits;
    int count;
} bit_writer;

static void put_bits(bit_writer *writer, uint32_t value, int count) {
    writer->bits |= value << writer->count;
    writer->count += count;
    while (writer->count >= 8) {
        *writer->at++ = (uint8_t)writer->bits;
        writer->bits >>= 8;
        writer->count -= 8;
    }
}

/** Huffman codes are written with the highest bit first. */
static void put_code(bit_writer *writer, uint32_t code, int length) {
    uint32_t reversed = 0;
    for (int i = 0; i < length; i++) reversed |= (code >> i & 1) << (length - 1 - i);
    put_bits(writer, reversed, length);
}

/** RFC 1951, 3.2.6: the fixed code of a literal or length symbol. */
static void put_symbol(bit_writer *writer, uint32_t symbol) {
    if (symbol < 144)
        put_code(writer, 0x30 + symbol, 8);
    else if (symbol < 256)
        put_code(writer, 0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_code(writer, symbol - 256, 7);
    else
        put_code(writer, 0xc0 + symbol - 280, 8);
}

static void put_match(bit_writer *writer, uint32_t length, uint32_t distance) {
    int code = LENGTH_CODES - 1;
    while (length_base[code] > length) code--;
    put_symbol(writer, 257 + (uint32_t)code);
    put_bits(writer, length - length_base[code], length_extra[code]);
    code = DISTANCE_CODES - 1;
    while (distance_base[code] > distance) code--;
    put_code(writer, (uint32_t)code, 5);
    put_bits(writer, distance - distance_base[code], distance_extra[code]);
}

static uint32_t hash_three(const uint8_t *bytes) {
    const uint32_t value = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16;
    return value * 2654435761u >> (32 - HASH_BITS);
}

/** Positions + 1 (0: none) of earlier strings: the newest of each hash, and the one before each in the window. */
typedef struct chains {
    uint32_t newest[1 << HASH_BITS];
    uint32_t previous[WINDOW];
} chains;

static void remember(chains *seen, const uint8_t *input, size_t at) {
    const uint32_t hash = hash_three(input + at);
    seen->previous[at % WINDOW] = seen->newest[hash];
    seen->newest[hash] = (uint32_t)at + 1;
}

static size_t longest_match(const chains *seen, const uint8_t *input, size_t size, size_t at, size_t *distance) {
    const size_t limit = size - at < LONGEST_MATCH ? size - at : LONGEST_MATCH;
    size_t best = 0;
    size_t candidate = seen->newest[hash_three(input + at)];
    for (int tries = 0; tries < MOST_TRIES && candidate > 0; tries++) {
        const size_t start = candidate - 1;
        if (at - start > WINDOW - 1) break;
        size_t length = 0;
        while (length < limit && input[start + length] == input[at + length]) length++;
        if (length > best) {
            best = length;
            *distance = at - start;
            if (best == limit) break;
        }
        const size_t older = seen->previous[start % WINDOW];
        if (older >= candidate) break; // overwritten by a newer string
        candidate = older;
    }
    return best;
}

static uint32_t adler32(const uint8_t *input, size_t size) {
    enum { MODULUS = 65521, SAFE_RUN = 5552 }; // the sums stay below 2^32 for this many bytes
    uint32_t a = 1, b = 0;
    while (size > 0) {
        const size_t run = size < SAFE_RUN ? size : SAFE_RUN;
        for (size_t i = 0; i < run; i++) {
            a += input[i];
            b += a;
        }
        a %= MODULUS;
        b %= MODULUS;
        input += run;
        size -= run;
    }
    return b << 16 | a;
}

size_t sm_zlib_bound(size_t size) {
    // A literal takes at most 9 bits. A match takes fewer than its bytes as literals: at most 7 + 18 bits for lengths
    // below 11, else at most 31.
    const size_t overhead = 64;
    if (size > SIZE_MAX / 2 - overhead) return 0;
    return size + size / 8 + overhead;
}

size_t sm_zlib_compress(const uint8_t *input, size_t size, uint8_t *output) {
    if (size >= UINT32_MAX) return 0; // positions are kept in 32 bits
    chains *seen = calloc(1, sizeof *seen);
    if (!seen) return 0;
    output[0] = 0x78; // deflate, 32 KiB window
    output[1] = 0x01; // fastest level; makes the two bytes a multiple of 31
    bit_writer writer = {.at = output + 2};
    put_bits(&writer, 1, 1); // the last block
    put_bits(&writer, 1, 2); // with fixed codes
    size_t at = 0;
    while (at < size) {
        size_t distance = 0, length = 0;
        const size_t matchable = size >= SHORTEST_MATCH ? size - SHORTEST_MATCH + 1 : 0; // positions with three bytes
        if (at < matchable) {
            length = longest_match(seen, input, size, at, &distance);
            remember(seen, input, at);
        }
        if (length < SHORTEST_MATCH) {
            put_symbol(&writer, input[at++]);
            continue;
        }
        put_match(&writer, (uint32_t)length, (uint32_t)distance);
        // Positions inside long runs are alike: the first ones are enough.
        const size_t end = at + length;
        for (size_t inside = at + 1; inside < end && inside < matchable && inside < at + 32; inside++)
            remember(seen, input, inside);
        at = end;
    }
    put_symbol(&writer, END_OF_BLOCK);
    put_bits(&writer, 0, 7); // fill the last byte
    const uint32_t checksum = adler32(input, size);
    for (int i = 0; i < 4; i++) *writer.at++ = (uint8_t)(checksum >> (24 - 8 * i));
    free(seen);
    return (size_t)(writer.at - output);
}
