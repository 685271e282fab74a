/**
 * The one place where stb_image is compiled, cut down to the three kinds that are decoded and hardened. Its callers
 * have checked the file's structure first (image_check.h): this version trusts, for example, the code counts of a JPEG
 * Huffman table, and would write past its own tables.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

/* The largest block that a decodable image needs: a 16-bit RGBA PNG of SM_IMAGE_MAX_PIXELS with its filter bytes, once
 * doubled. Stops a PNG whose few bytes inflate without end. */
static const size_t largest_block = (size_t)1200000000;

/* Zeroed, so that parts of a damaged file that decode to nothing are black, not what memory happened to hold. */
static void *decoder_allocate(size_t size) { return size > largest_block ? NULL : calloc(1, size ? size : 1); }

static void *decoder_grow(void *block, size_t old_size, size_t size) {
    if (size > largest_block) return NULL;
    char *grown = realloc(block, size ? size : 1);
    if (grown && size > old_size) memset(grown + old_size, 0, size - old_size);
    return grown;
}

#define STBI_MALLOC(size) decoder_allocate(size)
#define STBI_REALLOC(block, size) decoder_grow(block, size, size)
#define STBI_REALLOC_SIZED(block, old_size, size) decoder_grow(block, old_size, size)
#define STBI_FREE(block) free(block)
#define STBI_ASSERT(condition) ((void)0)
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_SIMD /* the same pixels on every machine */
#define STBI_MAX_DIMENSIONS (SM_IMAGE_MAX_PIXELS / SM_IMAGE_MIN_SIDE)
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>
