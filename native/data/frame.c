#include "frame.h"

#include <stddef.h>

bool sm_frame_of_mask(const sm_sample *sample, int least, sm_frame *box) {
    int left = sample->width, top = sample->height, right = 0, bottom = 0;
    for (int y = 0; y < sample->height; y++)
        for (int x = 0; x < sample->width; x++) {
            if (sample->mask[(ptrdiff_t)y * sample->width + x] < least) continue;
            if (x < left) left = x;
            if (x >= right) right = x + 1;
            if (y < top) top = y;
            bottom = y + 1;
        }
    *box = (sm_frame){0};
    if (bottom > 0) *box = (sm_frame){.left = left, .top = top, .width = right - left, .height = bottom - top};
    return bottom > 0;
}
