/** Reading an `sm_source` and writing an `sm_target` in the reference versions, one value at a time. */
#ifndef SONOMASK_SOURCE_REFERENCE_H
#define SONOMASK_SOURCE_REFERENCE_H

#include "ops.h"

/** Index of the first channel of pixel (y, x), given in the reader's coordinates. */
static inline size_t reference_pixel_index(int image, int y, int x, int height, int width, int stride, bool upsample) {
    if (upsample) {
        y /= 2, x /= 2;
        height /= 2, width /= 2;
    }
    return (((size_t)image * (size_t)height + (size_t)y) * (size_t)width + (size_t)x) * (size_t)stride;
}

/** The activation for a reader of [height][width] pixels. */
static inline sm_real reference_source_value(const sm_source *source, int image, int y, int x, int height, int width,
                                             int channel) {
    sm_real value = source->data[reference_pixel_index(image, y, x, height, width, source->stride, source->upsample) +
                                 (size_t)channel];
    if (source->scale) {
        size_t index = source->per_image ? (size_t)image * (size_t)source->channels + (size_t)channel : (size_t)channel;
        value = value * source->scale[index] + source->shift[index];
    }
    return source->relu && value < 0 ? 0 : value;
}

/** The destination of the gradient of the reader's pixel (y, x). */
static inline sm_real *reference_target_value(const sm_target *target, int image, int y, int x, int height, int width,
                                              int channel) {
    return target->data + reference_pixel_index(image, y, x, height, width, target->stride, target->upsample) +
           (size_t)channel;
}

/** Sets a target that does not accumulate to zero. */
static inline void reference_target_clear(const sm_target *target, int batch, int height, int width) {
    if (!target->data || target->accumulate) return;
    for (int image = 0; image < batch; image++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                for (int channel = 0; channel < target->channels; channel++)
                    *reference_target_value(target, image, y, x, height, width, channel) = 0;
}

#endif
