/*
 * The only place where stb_image is compiled, with the three decoders that are needed and with its functions static.
 * Its callers have checked the file's structure first (image_check.h), because version 2.27 does not check some
 * lengths, for example the code counts of a JPEG Huffman table. The header comes from the build folder, with the guards
 * of stb_image.sed.
 */
#include "stb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

/* The largest block that a valid image needs: a 16-bit RGBA PNG of SM_IMAGE_MAX_PIXELS with its filter bytes, doubled
 * once. Stops a small PNG that inflates without end. */
static const size_t largest_block = (size_t)1200000000;

/* An allocation of this thread's current decoding failed. stb_image itself does not report all of them. */
static _Thread_local bool memory_failed;

/* Zeroed, so that missing parts of a damaged file are black instead of earlier content of the memory. */
static void *decoder_allocate(size_t size) {
    void *block = size > largest_block ? NULL : calloc(1, size ? size : 1);
    if (!block) memory_failed = true;
    return block;
}

static void *decoder_grow(void *block, size_t old_size, size_t size) {
    char *grown = size > largest_block ? NULL : realloc(block, size ? size : 1);
    if (!grown) memory_failed = true;
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
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb/stb_image.h>

uint8_t *sm_stb_decode(const uint8_t *bytes, int size, int *width, int *height, int *channels, const char **reason) {
    memory_failed = false;
    uint8_t *pixels = stbi_load_from_memory(bytes, size, width, height, channels, 0);
    *reason = pixels ? NULL : memory_failed ? "outofmem" : stbi_failure_reason();
    return pixels;
}
