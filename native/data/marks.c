#include "marks.h"

#include <stdbool.h>
#include <stdlib.h>

#include "../../src/letterbox.h"
#include "../../src/mask.h"

enum {
    BRIGHT = 190,       /* least grey of a stroke */
    EDGE = 90,          /* least contrast of a stroke to the background on both sides */
    REACH = 3,          /* pixels from the middle of a stroke to the background */
    COLOURED = 60,      /* least difference between the channels of a coloured stroke */
    UPRIGHT_PART = 4,   /* at least one in this many pixels of a mark is of an upright stroke, */
    FEWEST_UPRIGHT = 4, /* and at least this many in all */
    CORNER = 12,        /* a corner is this part of the image's sides */
    SMALLEST = 5,       /* pixels: least and largest longer side of a mark's bounding box */
    LARGEST = 40,
    FULLEST = 75 /* percent: a shape that fills more of its bounding box is a blob, not strokes */
};

static int grey_at(const uint8_t *grey, int width, int x, int y) { return grey[(size_t)y * (size_t)width + (size_t)x]; }

/* Whether both pixels at the distance REACH in a direction are much darker. */
static bool is_edge(const uint8_t *grey, int width, int x, int y, int dx, int dy) {
    const int here = grey_at(grey, width, x, y);
    return here - grey_at(grey, width, x + REACH * dx, y + REACH * dy) >= EDGE &&
           here - grey_at(grey, width, x - REACH * dx, y - REACH * dy) >= EDGE;
}

enum { NO_STROKE = 0, STROKE = 1, UPRIGHT_STROKE = 2 };

/* A bright pixel with a darker background on both sides; upright: to the left and to the right. */
static uint8_t stroke_at(const uint8_t *grey, int width, int x, int y) {
    if (grey_at(grey, width, x, y) < BRIGHT) return NO_STROKE;
    if (is_edge(grey, width, x, y, 1, 0)) return UPRIGHT_STROKE;
    return is_edge(grey, width, x, y, 0, 1) || is_edge(grey, width, x, y, 1, 1) || is_edge(grey, width, x, y, 1, -1);
}

static bool is_coloured(const sm_image *image, size_t pixel) {
    if (image->channels < 3) return false;
    const uint8_t *p = image->pixels + pixel * (size_t)image->channels;
    const int low = p[0] < p[1] ? (p[0] < p[2] ? p[0] : p[2]) : (p[1] < p[2] ? p[1] : p[2]);
    const int high = p[0] > p[1] ? (p[0] > p[2] ? p[0] : p[2]) : (p[1] > p[2] ? p[1] : p[2]);
    return high - low > COLOURED;
}

/* A compact shape of strokes. Some must be upright, since bright layers of tissue are horizontal. */
static bool is_mark(const sm_lesion *part, const uint8_t *strokes, int width) {
    const int longer = part->width > part->height ? part->width : part->height;
    const int shorter = part->width > part->height ? part->height : part->width;
    if (longer < SMALLEST || longer > LARGEST || 3 * shorter < longer) return false;
    if (100 * part->area > FULLEST * part->width * part->height) return false;
    int upright = 0;
    for (int y = part->top; y < part->top + part->height; y++)
        for (int x = part->left; x < part->left + part->width; x++)
            upright += strokes[(size_t)y * (size_t)width + (size_t)x] == UPRIGHT_STROKE;
    return UPRIGHT_PART * upright >= part->area && upright >= FEWEST_UPRIGHT;
}

/* Whether a mark is in a corner of the image, where scanners show a logo. */
static bool is_logo(const sm_lesion *part, int width, int height) {
    const int near_x = width / CORNER, near_y = height / CORNER;
    const bool side = part->left + part->width <= near_x || part->left >= width - near_x;
    const bool end = part->top + part->height <= near_y || part->top >= height - near_y;
    return side && end;
}

sm_status sm_marks_count(const sm_image *image, int *count, sm_error *error) {
    *count = 0;
    const int width = image->width, height = image->height;
    const size_t pixels = (size_t)width * (size_t)height;
    uint8_t *grey = malloc(pixels);
    uint8_t *strokes = calloc(pixels, 1);
    if (!grey || !strokes) {
        free(grey);
        free(strokes);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory to look for marks");
    }
    sm_image_to_grey(image, grey);
    for (int y = REACH; y + REACH < height; y++)
        for (int x = REACH; x + REACH < width; x++) {
            const size_t pixel = (size_t)y * (size_t)width + (size_t)x;
            strokes[pixel] = is_coloured(image, pixel) ? UPRIGHT_STROKE : stroke_at(grey, width, x, y);
        }
    sm_lesion *parts = NULL;
    int part_count = 0;
    const sm_status status = sm_mask_components(strokes, width, height, 4, NULL, NULL, &parts, &part_count, error);
    for (int i = 0; i < part_count; i++)
        *count += is_mark(&parts[i], strokes, width) && !is_logo(&parts[i], width, height);
    free(parts);
    free(grey);
    free(strokes);
    return status;
}
