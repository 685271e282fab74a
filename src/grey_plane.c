#include "grey_plane.h"

#include <stdlib.h>

#include "letterbox.h"

sm_status sm_grey_plane_cut(const sm_image *image, int left, int top, int width, int height, sm_grey_plane *plane,
                            sm_error *error) {
    *plane = (sm_grey_plane){.left = left, .top = top, .width = width, .height = height};
    plane->pixels = malloc((size_t)width * (size_t)height);
    if (!plane->pixels) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an image of %d x %d", width, height);
    for (int y = 0; y < height; y++) {
        const size_t first = (size_t)(top + y) * (size_t)image->width + (size_t)left;
        const sm_image row = {width, 1, image->channels, image->pixels + first * (size_t)image->channels};
        sm_image_to_grey(&row, plane->pixels + (size_t)y * (size_t)width);
    }
    return SM_OK;
}

static double within(double value, double high) { return value < 0 ? 0 : value > high ? high : value; }

float sm_grey_plane_at(const sm_grey_plane *plane, double x, double y) {
    const double from_left = within(x - plane->left - 0.5, plane->width - 1);
    const double from_top = within(y - plane->top - 0.5, plane->height - 1);
    const int column = from_left < plane->width - 2 ? (int)from_left : plane->width - 2;
    const int row = from_top < plane->height - 2 ? (int)from_top : plane->height - 2;
    const float right = (float)(from_left - column), lower = (float)(from_top - row);
    const uint8_t *at = plane->pixels + (size_t)row * (size_t)plane->width + (size_t)column;
    const uint8_t *below = at + plane->width;
    return (1 - lower) * ((1 - right) * (float)at[0] + right * (float)at[1]) +
           lower * ((1 - right) * (float)below[0] + right * (float)below[1]);
}
