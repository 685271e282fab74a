/** Decodes the image and the masks of a record. */
#include <stdlib.h>
#include <string.h>

#include "../../src/letterbox.h"
#include "../file.h"
#include "dataset.h"

/** Reads and decodes one file. Messages of errors have its path. */
static sm_status load_image(const char *path, sm_image *image, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    *image = (sm_image){0};
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status; // the message has the path already
    status = sm_image_decode(bytes, size, image, error);
    free(bytes);
    if (status != SM_OK) sm_error_prefix(error, path);
    return status;
}

/** Decodes a file to grey, [height][width]; `picture` (may be NULL) receives the image with its colours. */
static sm_status load_grey(const char *path, int *width, int *height, uint8_t **grey, sm_image *picture,
                           sm_error *error) {
    sm_image image;
    *grey = NULL;
    sm_status status = load_image(path, &image, error);
    if (status != SM_OK) return status;
    *width = image.width;
    *height = image.height;
    *grey = malloc((size_t)image.width * (size_t)image.height);
    if (*grey)
        sm_image_to_grey(&image, *grey);
    else
        status = sm_fail(error, SM_ERROR_MEMORY, "%s: no memory for %d x %d pixels", path, image.width, image.height);
    if (picture && status == SM_OK)
        *picture = image;
    else
        sm_image_free(&image);
    return status;
}

/**
 * Adds one mask file to the union. Pixels from mid-grey on are lesion, which ignores the noise of JPEG masks; in a mask
 * that holds only 0 and 1, pixels of 1 are. `error` is not NULL.
 */
static sm_status unite_mask(const char *path, sm_sample *sample, sm_error *error) {
    int width, height;
    uint8_t *grey;
    sm_status status = load_grey(path, &width, &height, &grey, NULL, error);
    if (status == SM_ERROR_MEMORY) return status;
    if (status != SM_OK) return error->status = SM_ERROR_DATA;
    if (width != sample->width || height != sample->height) {
        status = sm_fail(error, SM_ERROR_DATA, "%s: a mask of %d x %d pixels for an image of %d x %d", path, width,
                         height, sample->width, sample->height);
    } else {
        const size_t count = (size_t)width * (size_t)height;
        uint8_t largest = 0;
        for (size_t i = 0; i < count; i++) largest = grey[i] > largest ? grey[i] : largest;
        const uint8_t threshold = largest == 1 ? 1 : 128;
        for (size_t i = 0; i < count; i++)
            if (grey[i] >= threshold) sample->mask[i] = 255;
    }
    free(grey);
    return status;
}

sm_status sm_sample_load(const sm_record *record, sm_sample *sample, sm_error *error) {
    return sm_sample_load_picture(record, sample, NULL, error);
}

sm_status sm_sample_load_picture(const sm_record *record, sm_sample *sample, sm_image *picture, sm_error *error) {
    *sample = (sm_sample){0};
    if (picture) *picture = (sm_image){0};
    sm_error local; // unite_mask needs an error to change its status
    if (!error) error = &local;
    if (record->problem) return sm_fail(error, SM_ERROR_DATA, "%s", record->problem);
    sm_status status = load_grey(record->image, &sample->width, &sample->height, &sample->grey, picture, error);
    if (status == SM_OK) {
        sample->mask = calloc((size_t)sample->width, (size_t)sample->height);
        if (!sample->mask) status = sm_fail(error, SM_ERROR_MEMORY, "%s: no memory for its mask", record->image);
    }
    for (int i = 0; status == SM_OK && i < record->mask_count; i++)
        status = unite_mask(record->masks[i], sample, error);
    if (status != SM_OK) {
        sm_sample_free(sample);
        if (picture) sm_image_free(picture);
    }
    return status;
}

sm_status sm_sample_resize(sm_sample *sample, int longest, sm_error *error) {
    if (longest < 1) return sm_fail(error, SM_ERROR_ARGUMENT, "cannot resize an image to %d pixels", longest);
    // With the rounding of the letterbox, the image later goes into a square of this side without scaling.
    const sm_letterbox box = sm_letterbox_make(sample->width, sample->height, longest);
    if (box.inner_width == sample->width && box.inner_height == sample->height) return SM_OK;
    const size_t count = (size_t)box.inner_width * (size_t)box.inner_height;
    uint8_t *grey = malloc(count), *mask = malloc(count);
    sm_status status = grey && mask ? SM_OK
                                    : sm_fail(error, SM_ERROR_MEMORY, "no memory for %d x %d pixels", box.inner_width,
                                              box.inner_height);
    if (status == SM_OK)
        status = sm_plane_resize(sample->grey, sample->width, sample->height, grey, box.inner_width, box.inner_height,
                                 error);
    if (status == SM_OK)
        status = sm_plane_resize(sample->mask, sample->width, sample->height, mask, box.inner_width, box.inner_height,
                                 error);
    if (status != SM_OK) {
        free(grey);
        free(mask);
        return status;
    }
    sm_sample_free(sample);
    *sample = (sm_sample){.width = box.inner_width, .height = box.inner_height, .grey = grey, .mask = mask};
    return SM_OK;
}

void sm_sample_free(sm_sample *sample) {
    free(sample->grey);
    free(sample->mask);
    *sample = (sm_sample){0};
}
