#include "jpeg_write.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Static, so that no stbi_ symbol is exported. */
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb/stb_image_write.h>

#include "../src/letterbox.h"
#include "../src/status.h"

typedef struct buffer {
    unsigned char *bytes;
    size_t size, room;
    bool failed;
} buffer;

/* A stbi_write_func. */
static void append(void *context, void *data, int size) {
    buffer *to = context;
    const size_t added = (size_t)size;
    if (to->failed) return;
    if (to->size + added > to->room) {
        const size_t room = 2 * (to->size + added) + 4096;
        unsigned char *bytes = realloc(to->bytes, room);
        if (!bytes) {
            to->failed = true;
            return;
        }
        to->bytes = bytes;
        to->room = room;
    }
    memcpy(to->bytes + to->size, data, added);
    to->size += added;
}

sm_status sm_jpeg_write(const sm_image *image, int quality, unsigned char **bytes, size_t *size, sm_error *error) {
    *bytes = NULL;
    *size = 0;
    if (image->width < 1 || image->height < 1 || (image->channels != 1 && image->channels != 3))
        return sm_fail(error, SM_ERROR_ARGUMENT, "a JPEG cannot have %d x %d pixels of %d channels", image->width,
                       image->height, image->channels);
    if (quality < 1 || quality > 100)
        return sm_fail(error, SM_ERROR_ARGUMENT, "a JPEG cannot have quality %d", quality);
    buffer to = {0};
    if (!stbi_write_jpg_to_func(append, &to, image->width, image->height, image->channels, image->pixels, quality))
        to.failed = true;
    if (to.failed) {
        free(to.bytes);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for a JPEG of %d x %d pixels", image->width, image->height);
    }
    *bytes = to.bytes;
    *size = to.size;
    return SM_OK;
}

sm_status sm_jpeg_round_trip(sm_image *image, int quality, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_image decoded = {0};
    sm_status status = sm_jpeg_write(image, quality, &bytes, &size, error);
    if (status == SM_OK) status = sm_image_decode(bytes, size, &decoded, error);
    free(bytes);
    if (status != SM_OK) return status;
    /* A decoded grey JPEG may have three channels. */
    if (image->channels == 1)
        sm_image_to_grey(&decoded, image->pixels);
    else
        memcpy(image->pixels, decoded.pixels, (size_t)image->width * (size_t)image->height * 3);
    sm_image_free(&decoded);
    return SM_OK;
}
