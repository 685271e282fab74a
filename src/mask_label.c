#include "mask_label.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Two passes with a forest of provisional labels (A. Rosenfeld and J. L. Pfaltz, Sequential Operations in Digital
 * Picture Processing, 1966). A parent is never larger than its child, so every root is its tree's first label. */

static int32_t find_root(int32_t *parents, int32_t label) {
    while (parents[label] != label) {
        parents[label] = parents[parents[label]];
        label = parents[label];
    }
    return label;
}

static void unite(int32_t *parents, int32_t a, int32_t b) {
    a = find_root(parents, a);
    b = find_root(parents, b);
    if (a < b)
        parents[b] = a;
    else
        parents[a] = b;
}

/** The provisional label of a mask pixel from its neighbours, or 0 when it begins a new one. */
static int32_t label_from_neighbours(int32_t *parents, const int32_t *row, const int32_t *above, int x, int width) {
    const int32_t west = x > 0 ? row[x - 1] : 0;
    if (!above) return west;
    if (above[x]) return above[x]; // it touches the other three, so all four have one label
    const int32_t north_west = x > 0 ? above[x - 1] : 0;
    const int32_t north_east = x + 1 < width ? above[x + 1] : 0;
    const int32_t left = north_west ? north_west : west; // these two touch each other
    if (north_east && left) unite(parents, north_east, left);
    return north_east ? north_east : left;
}

bool sm_mask_row_extent(const uint8_t *row, int width, int *left, int *right) {
    uint64_t any = 0, eight; /* most rows are empty */
    int next = 0;
    for (; next + 8 <= width; next += 8) {
        memcpy(&eight, row + next, sizeof eight);
        any |= eight;
    }
    for (; next < width; next++) any |= row[next];
    if (!any) return false;
    *left = 0;
    *right = width;
    while (!row[*left]) ++*left;
    while (!row[*right - 1]) --*right;
    return true;
}

sm_status sm_mask_label(const uint8_t *mask, int width, int height, int32_t *labels, int *count, sm_error *error) {
    // New labels are at least two apart in both directions.
    const size_t most_labels = ((size_t)width + 1) / 2 * (((size_t)height + 1) / 2);
    int32_t *parents = malloc((most_labels + 1) * sizeof *parents);
    if (!parents) return sm_fail(error, SM_ERROR_MEMORY, "no memory to label a mask of %d x %d pixels", width, height);
    int32_t last = 0;
    parents[0] = 0;
    memset(labels, 0, (size_t)width * (size_t)height * sizeof *labels);
    int left, right;
    for (int y = 0; y < height; y++) {
        const size_t start = (size_t)y * (size_t)width;
        int32_t *row = labels + start;
        const int32_t *above = y ? row - width : NULL;
        if (!sm_mask_row_extent(mask + start, width, &left, &right)) continue;
        for (int x = left; x < right; x++) {
            if (!mask[start + (size_t)x]) continue;
            row[x] = label_from_neighbours(parents, row, above, x, width);
            if (row[x]) continue;
            row[x] = ++last;
            parents[last] = last;
        }
    }
    // Parents come before children, so one ascending pass gives each root the next final label.
    int32_t final = 0;
    for (int32_t label = 1; label <= last; label++)
        parents[label] = parents[label] == label ? ++final : parents[parents[label]];
    for (int y = 0; y < height; y++) {
        const size_t start = (size_t)y * (size_t)width;
        if (!sm_mask_row_extent(mask + start, width, &left, &right)) continue;
        for (int x = left; x < right; x++) labels[start + (size_t)x] = parents[labels[start + (size_t)x]];
    }
    free(parents);
    *count = final;
    return SM_OK;
}
