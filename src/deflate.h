/**
 * A small deflate encoder for PNG: greedy matching, fixed Huffman codes, one bounded buffer. image_png_write.c has the
 * measured reasons for code of our own.
 */
#ifndef SONOMASK_DEFLATE_H
#define SONOMASK_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

/** Upper bound of the compressed size; 0 on overflow. */
size_t sm_zlib_bound(size_t size);

/**
 * Compresses into a zlib stream (RFC 1950, 1951). `output` holds sm_zlib_bound(size) bytes. Returns the bytes
 * written; 0 without memory, or for 4 GB and more.
 */
size_t sm_zlib_compress(const uint8_t *input, size_t size, uint8_t *output);

#endif
