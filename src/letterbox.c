/** Letterboxing: an image into the network's square with its aspect kept, and maps on the square back to the image. */
#include <stdlib.h>

#include "letterbox.h"
#include "resample.h"

/** `side` scaled by size / longest and rounded, at least 1. */
static int scaled_side(int side, int longest, int size) {
    const int64_t scaled = (2 * (int64_t)side * size + longest) / (2 * (int64_t)longest);
    return scaled < 1 ? 1 : (int)scaled;
}

sm_letterbox sm_letterbox_make(int image_width, int image_height, int size) {
    const int longest = image_width > image_height ? image_width : image_height;
    sm_letterbox box = {.image_width = image_width,
                        .image_height = image_height,
                        .size = size,
                        .inner_width = scaled_side(image_width, longest, size),
                        .inner_height = scaled_side(image_height, longest, size)};
    box.left = (size - box.inner_width) / 2;
    box.top = (size - box.inner_height) / 2;
    return box;
}

/** Memory of a resizing: the taps of both axes and two rows of floats. */
typedef struct resizer {
    sm_axis horizontal, vertical;
    float *column_sums, *row;
} resizer;

static void resizer_free(resizer *work) {
    sm_axis_free(&work->horizontal);
    sm_axis_free(&work->vertical);
    free(work->column_sums);
    free(work->row);
}

static sm_status resizer_make(int width, int height, int output_width, int output_height, resizer *work,
                              sm_error *error) {
    *work = (resizer){0};
    sm_status status = sm_axis_make(width, output_width, &work->horizontal, error);
    if (!status) status = sm_axis_make(height, output_height, &work->vertical, error);
    if (!status) {
        work->column_sums = malloc((size_t)width * sizeof *work->column_sums);
        work->row = malloc((size_t)output_width * sizeof *work->row);
        if (!work->column_sums || !work->row) status = sm_fail(error, SM_ERROR_MEMORY, "no memory to resize an image");
    }
    if (status) resizer_free(work);
    return status;
}

sm_status sm_letterbox_apply(const sm_letterbox *box, const uint8_t *grey, float *square, sm_error *error) {
    resizer work;
    const sm_status status =
        resizer_make(box->image_width, box->image_height, box->inner_width, box->inner_height, &work, error);
    if (status) return status;
    const size_t size = (size_t)box->size;
    for (size_t i = 0; i < size * size; i++) square[i] = -1.0f;
    for (int y = 0; y < box->inner_height; y++) {
        sm_resample_row(grey, box->image_width, &work.horizontal, &work.vertical, y, work.column_sums, work.row);
        float *target = square + (size_t)(box->top + y) * size + (size_t)box->left;
        for (int x = 0; x < box->inner_width; x++) {
            const float value = work.row[x] / 127.5f - 1.0f;
            target[x] = value > 1.0f ? 1.0f : value; // the weights add up to 1 only within rounding
        }
    }
    resizer_free(&work);
    return SM_OK;
}

sm_status sm_plane_resize(const uint8_t *input, int width, int height, uint8_t *output, int output_width,
                          int output_height, sm_error *error) {
    resizer work;
    const sm_status status = resizer_make(width, height, output_width, output_height, &work, error);
    if (status) return status;
    for (int y = 0; y < output_height; y++) {
        sm_resample_row(input, width, &work.horizontal, &work.vertical, y, work.column_sums, work.row);
        uint8_t *target = output + (size_t)y * (size_t)output_width;
        for (int x = 0; x < output_width; x++) {
            const int rounded = (int)(work.row[x] + 0.5f);
            target[x] = (uint8_t)(rounded > 255 ? 255 : rounded);
        }
    }
    resizer_free(&work);
    return SM_OK;
}

/** The two of `count` samples around a coordinate (in sample centres), and the weight of the second. */
typedef struct between {
    int low, high;
    float share;
} between;

static between interpolate(double position, int count) {
    if (position <= 0.0) return (between){0, 0, 0.0f};
    if (position >= count - 1) return (between){count - 1, count - 1, 0.0f};
    const int low = (int)position;
    return (between){low, low + 1, (float)(position - low)};
}

enum { RESTORE_COLUMNS = 512 }; /* computed together, so that their memory is on the stack */

/** The columns `first` .. `first + count - 1` of sm_letterbox_restore. `inner` is the image's part of the square. */
static void restore_columns(const sm_letterbox *box, const float *inner, int first, int count, float *map) {
    between columns[RESTORE_COLUMNS];
    float rows[2][RESTORE_COLUMNS]; /* rows of the square, interpolated across: row r in rows[r % 2] */
    const double step_x = (double)box->inner_width / box->image_width;
    const double step_y = (double)box->inner_height / box->image_height;
    for (int x = 0; x < count; x++) columns[x] = interpolate((first + x + 0.5) * step_x - 0.5, box->inner_width);
    int ready = -1; /* the last row in `rows` */
    for (int y = 0; y < box->image_height; y++) {
        const between between_rows = interpolate((y + 0.5) * step_y - 0.5, box->inner_height);
        if (ready < between_rows.low - 1) ready = between_rows.low - 1;
        while (ready < between_rows.high) {
            const float *source = inner + (size_t)++ready * (size_t)box->size;
            float *row = rows[ready % 2];
            for (int x = 0; x < count; x++)
                row[x] = source[columns[x].low] + columns[x].share * (source[columns[x].high] - source[columns[x].low]);
        }
        const float *top = rows[between_rows.low % 2], *bottom = rows[between_rows.high % 2];
        float *restrict target = map + (size_t)y * (size_t)box->image_width + (size_t)first;
        for (int x = 0; x < count; x++) target[x] = top[x] + between_rows.share * (bottom[x] - top[x]);
    }
}

void sm_letterbox_restore(const sm_letterbox *box, const float *square, float *map) {
    // The inverse of sm_letterbox_apply. Only the image's part of the square is read: beyond its edge the nearest value
    // is used, so that values of the black border have no effect.
    const float *inner = square + (size_t)box->top * (size_t)box->size + (size_t)box->left;
    for (int first = 0; first < box->image_width; first += RESTORE_COLUMNS) {
        const int left = box->image_width - first;
        restore_columns(box, inner, first, left < RESTORE_COLUMNS ? left : RESTORE_COLUMNS, map);
    }
}
