/** Views that are not searched: the whole image, or rectangles from the caller. */
#include <stdint.h>

#include "scan.h"

/** One cell covers everything, so that the shape is the whole rectangle. */
static void set_views(int width, int height, int count, sm_scan *scan) {
    *scan = (sm_scan){.count = count, .cell_size = width > height ? width : height};
    for (int i = 0; i < count; i++) {
        scan->views[i].row_count = 1;
        scan->views[i].spans[0][1] = 1;
    }
}

void sm_scan_set_whole(int width, int height, sm_scan *scan) {
    set_views(width, height, 1, scan);
    scan->whole = true;
    scan->views[0].width = width;
    scan->views[0].height = height;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static bool overlap(const sm_scan_view *a, const sm_scan_view *b) {
    return a->left < b->left + b->width && b->left < a->left + a->width && a->top < b->top + b->height &&
           b->top < a->top + a->height;
}

static sm_status set_view(const sm_rectangle *r, int number, int width, int height, sm_scan_view *view,
                          sm_error *error) {
    if (r->width < 1 || r->height < 1)
        return sm_fail(error, SM_ERROR_ARGUMENT, "region %d of %d x %d pixels has no area", number, r->width,
                       r->height);
    const int64_t right = least((int64_t)r->x + r->width, width), bottom = least((int64_t)r->y + r->height, height);
    view->left = r->x > 0 ? r->x : 0;
    view->top = r->y > 0 ? r->y : 0;
    if (view->left >= right || view->top >= bottom)
        return sm_fail(error, SM_ERROR_ARGUMENT,
                       "region %d at (%d, %d), %d x %d pixels, is outside the image of "
                       "%d x %d pixels",
                       number, r->x, r->y, r->width, r->height, width, height);
    view->width = (int)(right - view->left);
    view->height = (int)(bottom - view->top);
    if (view->width < SM_IMAGE_MIN_SIDE || view->height < SM_IMAGE_MIN_SIDE)
        return sm_fail(error, SM_ERROR_ARGUMENT,
                       "region %d has %d x %d pixels in the image: each side must be at "
                       "least %d",
                       number, view->width, view->height, SM_IMAGE_MIN_SIDE);
    return SM_OK;
}

sm_status sm_scan_set_rectangles(const sm_rectangle *rectangles, int count, int width, int height, sm_scan *scan,
                                 sm_error *error) {
    set_views(width, height, count, scan);
    for (int i = 0; i < count; i++) {
        const sm_status status = set_view(&rectangles[i], i + 1, width, height, &scan->views[i], error);
        if (status != SM_OK) return status;
        for (int k = 0; k < i; k++)
            if (overlap(&scan->views[k], &scan->views[i]))
                return sm_fail(error, SM_ERROR_ARGUMENT, "regions %d and %d overlap", k + 1, i + 1);
    }
    const sm_scan_view *first = &scan->views[0];
    scan->whole = count == 1 && first->width == width && first->height == height;
    return SM_OK;
}
