#include "image_orientation.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "image_check.h"

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3, ENTRY_SIZE = 12 };

int sm_exif_orientation(const uint8_t *tiff, size_t size) {
    if (size < 8 || (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0)) return 1;
    const bool little = tiff[0] == 'I';
    const size_t directory = little ? sm_little32(tiff + 4) : sm_big32(tiff + 4);
    if (directory > size || size - directory < 2) return 1;
    const size_t count = little ? sm_little16(tiff + directory) : sm_big16(tiff + directory);
    for (size_t i = 0; i < count; i++) {
        const size_t offset = directory + 2 + i * ENTRY_SIZE;
        if (offset + ENTRY_SIZE > size) return 1;
        const uint8_t *entry = tiff + offset;
        const uint32_t tag = little ? sm_little16(entry) : sm_big16(entry);
        const uint32_t type = little ? sm_little16(entry + 2) : sm_big16(entry + 2);
        if (tag != TAG_ORIENTATION || type != TYPE_SHORT) continue;
        const uint32_t value = little ? sm_little16(entry + 8) : sm_big16(entry + 8);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

sm_status sm_image_orient(sm_image *image, int orientation, sm_error *error) {
    if (orientation <= 1 || orientation > 8) return SM_OK;
    // EXIF 2.3, 4.6.4: 2 mirrored left-right, 3 rotated by 180 degrees, 4 mirrored top-bottom; 5..8 are transposed as
    // well.
    const bool transposed = orientation >= 5;
    const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const int width = transposed ? image->height : image->width;
    const int height = transposed ? image->width : image->height;
    const size_t channels = (size_t)image->channels;
    uint8_t *turned = malloc((size_t)width * (size_t)height * channels);
    if (!turned) return sm_fail(error, SM_ERROR_MEMORY, "no memory to turn the image (%d x %d pixels)", width, height);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            int source_x = transposed ? y : x, source_y = transposed ? x : y;
            if (from_right) source_x = image->width - 1 - source_x;
            if (from_bottom) source_y = image->height - 1 - source_y;
            const size_t source = ((size_t)source_y * (size_t)image->width + (size_t)source_x) * channels;
            memcpy(turned + ((size_t)y * (size_t)width + (size_t)x) * channels, image->pixels + source, channels);
        }
    }
    free(image->pixels);
    *image = (sm_image){.width = width, .height = height, .channels = image->channels, .pixels = turned};
    return SM_OK;
}
