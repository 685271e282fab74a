#include "scan_photograph.h"

#include <math.h>
#include <stdlib.h>

#include "letterbox.h"
#include "scan_cells.h"

/*
 * A photograph is shrunk first, so that the camera's noise and most of the pattern of the screen's pixels are averaged
 * away. Then cells of speckle have more contrast than all surfaces.
 */
enum { SIDE = 256, CELL = 4, LONGEST = SIDE / CELL, STEPS = 64 };
static const double most_flat = 0.7; /* share of exactly constant cells; a screenshot has more */
/* Standard deviation of a cell, divided by the square root of its mean and the darkest tissue, grey levels. */
static const double least_contrast = 0.3, most_contrast = 1.2, darkest = 2;
static const double least_side = 0.15; /* of the rectangle, shares of the image */
static const double largest_area = 0.9;
static const double least_inside = 0.7, most_outside = 0.4; /* share of cells with speckle */

/** Cells of the shrunken image, [rows][columns]. */
typedef struct cell_map {
    int columns, rows;
    float contrast[LONGEST * LONGEST]; /* of cells, 0..most_contrast */
} cell_map;

static float contrast_of(const uint8_t *grey, size_t stride) {
    double sum = 0, squares = 0;
    for (size_t y = 0; y < CELL; y++)
        for (size_t x = 0; x < CELL; x++) {
            const double value = grey[y * stride + x];
            sum += value;
            squares += value * value;
        }
    const double n = CELL * CELL, mean = sum / n;
    /* Speckle is multiplicative, noise of a camera is not: dark tissue counts more, up to the noise. */
    return (float)fmin(most_contrast, sqrt(fmax(0, squares / n - mean * mean)) / sqrt(mean + darkest));
}

static sm_status read_map(const uint8_t *grey, int width, int height, cell_map *map, sm_error *error) {
    const sm_letterbox box = sm_letterbox_make(width, height, SIDE);
    uint8_t *small = malloc((size_t)box.inner_width * (size_t)box.inner_height);
    if (!small) return sm_fail(error, SM_ERROR_MEMORY, "no memory to search a scan");
    const sm_status status = sm_plane_resize(grey, width, height, small, box.inner_width, box.inner_height, error);
    map->columns = box.inner_width / CELL;
    map->rows = box.inner_height / CELL;
    for (int y = 0; status == SM_OK && y < map->rows; y++)
        for (int x = 0; x < map->columns; x++)
            map->contrast[y * map->columns + x] = contrast_of(
                small + (size_t)(y * CELL) * (size_t)box.inner_width + (size_t)(x * CELL), (size_t)box.inner_width);
    free(small);
    return status;
}

/** The contrast that divides the cells into two groups best (N. Otsu, "A threshold selection method from gray-level
 * histograms", 1979). */
static float divide(const cell_map *map) {
    const int count = map->columns * map->rows;
    const float step = (float)most_contrast / STEPS;
    int histogram[STEPS] = {0};
    double all = 0;
    for (int i = 0; i < count; i++) {
        const int bin = (int)(map->contrast[i] / step);
        histogram[bin < STEPS ? bin : STEPS - 1]++;
        all += bin < STEPS ? bin : STEPS - 1;
    }
    double below = 0, sum = 0, best = -1;
    int threshold = 0;
    for (int b = 0; b + 1 < STEPS; b++) {
        below += histogram[b];
        sum += (double)b * histogram[b];
        if (below < 1 || below >= count) continue;
        const double difference = sum / below - (all - sum) / (count - below);
        const double between = below * (count - below) * difference * difference;
        if (between <= best) continue;
        best = between;
        threshold = b + 1;
    }
    return step * (float)threshold;
}

/** Marks the cells around which most cells have speckle: letters vanish, and dark parts of tissue are filled. */
static void mark(const cell_map *map, float threshold, uint8_t *marks) {
    enum { REACH = 2 };
    uint8_t first[LONGEST * LONGEST] = {0};
    for (int i = 0; i < map->columns * map->rows; i++) first[i] = map->contrast[i] >= threshold;
    for (int y = 0; y < map->rows; y++)
        for (int x = 0; x < map->columns; x++) {
            int sum = 0, count = 0;
            for (int j = y - REACH; j <= y + REACH; j++)
                for (int i = x - REACH; i <= x + REACH; i++) {
                    if (j < 0 || i < 0 || j >= map->rows || i >= map->columns) continue;
                    sum += first[j * map->columns + i];
                    count++;
                }
            marks[y * map->columns + x] = 2 * sum > count;
        }
}

/** The rectangle with the largest surplus of cells with speckle over cells without (J. Kadane's scan over columns, for
 * every pair of rows). Cells; right and bottom are after the end. */
static void find_best(const cell_map *map, const uint8_t *marks, int best[4], int *marked) {
    int largest = 0;
    *marked = 0;
    for (int i = 0; i < map->columns * map->rows; i++) *marked += marks[i];
    for (int top = 0; top < map->rows; top++) {
        int surplus[LONGEST] = {0};
        for (int bottom = top; bottom < map->rows; bottom++) {
            int sum = 0, left = 0;
            for (int x = 0; x < map->columns; x++) {
                surplus[x] += marks[bottom * map->columns + x] ? 1 : -1;
                sum += surplus[x];
                if (sum > largest) {
                    largest = sum;
                    best[0] = left;
                    best[1] = top;
                    best[2] = x + 1;
                    best[3] = bottom + 1;
                }
                if (sum < 0) {
                    sum = 0;
                    left = x + 1;
                }
            }
        }
    }
}

/** Whether the rectangle holds nearly all speckle, and nearly nothing else. */
static bool is_picture(const cell_map *map, const uint8_t *marks, const int box[4], int marked) {
    const int columns = box[2] - box[0], rows = box[3] - box[1], area = columns * rows;
    const int all = map->columns * map->rows;
    int inside = 0;
    for (int y = box[1]; y < box[3]; y++)
        for (int x = box[0]; x < box[2]; x++) inside += marks[y * map->columns + x];
    return columns >= least_side * map->columns && rows >= least_side * map->rows && area <= largest_area * all &&
           inside >= least_inside * area && marked - inside <= most_outside * (all - area);
}

/** Whether the surfaces are exactly constant, as in a screenshot. */
static sm_status is_screenshot(const uint8_t *grey, int width, int height, bool *yes, sm_error *error) {
    sm_scan_cells cells;
    const sm_status status = sm_scan_cells_read(grey, width, height, &cells, error);
    int flat = 0;
    const int count = cells.columns * cells.rows;
    for (int i = 0; status == SM_OK && i < count; i++) flat += !cells.cells[i].varies;
    *yes = flat > most_flat * count;
    sm_scan_cells_free(&cells);
    return status;
}

sm_status sm_scan_find_photograph(const uint8_t *grey, int width, int height, sm_scan *scan, sm_scan_kind *kind,
                                  sm_error *error) {
    bool screenshot = false;
    *kind = SM_SCAN_OTHER;
    sm_status status = is_screenshot(grey, width, height, &screenshot, error);
    if (screenshot) *kind = SM_SCAN_SCREENSHOT;
    if (status != SM_OK || screenshot) return status;
    /* Enlarged noise is smooth, so that cells of a tiny picture look like different things. */
    if (width < SIDE && height < SIDE) return SM_OK;
    cell_map *map = calloc(1, sizeof *map);
    if (!map) return sm_fail(error, SM_ERROR_MEMORY, "no memory to search a scan");
    status = read_map(grey, width, height, map, error);
    if (status == SM_OK) {
        const float threshold = (float)fmax((double)divide(map), least_contrast);
        int box[4] = {0}, marked = 0;
        uint8_t marks[LONGEST * LONGEST] = {0};
        mark(map, threshold, marks);
        find_best(map, marks, box, &marked);
        if (is_picture(map, marks, box, marked)) {
            const sm_rectangle r = {box[0] * width / map->columns, box[1] * height / map->rows,
                                    (box[2] - box[0]) * width / map->columns, (box[3] - box[1]) * height / map->rows};
            *kind = SM_SCAN_PHOTOGRAPH;
            status = sm_scan_set_rectangles(&r, 1, width, height, scan, error);
        }
    }
    free(map);
    return status;
}
