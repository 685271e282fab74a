#include "region_prompts.h"

#include <math.h>
#include <stdlib.h>

static bool holds(const sm_scan_view *view, const sm_click *click) {
    const double x = (double)click->x - view->left, y = (double)click->y - view->top;
    return x >= 0 && y >= 0 && x < view->width && y < view->height;
}

static double overlap(double start, double length, int first, int count) {
    return fmax(0, fmin(start + length, first + count) - fmax(start, first));
}

/** The region that holds the largest part of the box, -1 for none. */
static int region_of_box(const sm_box *box, const sm_scan *scan) {
    int best = -1;
    double most = 0;
    for (int k = 0; k < scan->count; k++) {
        const sm_scan_view *view = &scan->views[k];
        const double area = overlap((double)box->x, (double)box->width, view->left, view->width) *
                            overlap((double)box->y, (double)box->height, view->top, view->height);
        if (!(area > most)) continue;
        most = area;
        best = k;
    }
    return best;
}

sm_status sm_region_prompts_make(const sm_prompts *prompts, const sm_scan *scan, sm_region_prompts *divided,
                                 sm_error *error) {
    *divided = (sm_region_prompts){.box_region = -1};
    if (prompts->box) {
        divided->box_region = region_of_box(prompts->box, scan);
        if (divided->box_region < 0)
            return sm_fail(error, SM_ERROR_ARGUMENT, "the box is outside the regions of the image");
        const sm_scan_view *view = &scan->views[divided->box_region];
        divided->box = *prompts->box;
        divided->box.x = (float)((double)divided->box.x - view->left);
        divided->box.y = (float)((double)divided->box.y - view->top);
    }
    divided->clicks = calloc((size_t)prompts->click_count + 1, sizeof *divided->clicks);
    if (!divided->clicks) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d clicks", prompts->click_count);
    int count = 0;
    for (int k = 0; k < scan->count; k++) {
        const sm_scan_view *view = &scan->views[k];
        for (int i = 0; i < prompts->click_count; i++) {
            const sm_click *click = &prompts->clicks[i];
            if (!holds(view, click)) continue;
            divided->clicks[count++] = (sm_click){.x = (float)((double)click->x - view->left),
                                                  .y = (float)((double)click->y - view->top),
                                                  .inside = click->inside};
        }
        divided->first[k + 1] = count;
    }
    for (int i = 0; i < prompts->click_count; i++) {
        bool held = false;
        for (int k = 0; k < scan->count; k++) held = held || holds(&scan->views[k], &prompts->clicks[i]);
        if (held) continue;
        sm_region_prompts_free(divided);
        return sm_fail(error, SM_ERROR_ARGUMENT, "click %d at (%f, %f) is outside the regions of the image", i + 1,
                       (double)prompts->clicks[i].x, (double)prompts->clicks[i].y);
    }
    return SM_OK;
}

void sm_region_prompts_free(sm_region_prompts *divided) {
    free(divided->clicks);
    divided->clicks = NULL;
}

sm_prompts sm_region_prompts_of(const sm_region_prompts *divided, int index) {
    return (sm_prompts){.clicks = divided->clicks + divided->first[index],
                        .click_count = divided->first[index + 1] - divided->first[index],
                        .box = index == divided->box_region ? &divided->box : NULL};
}
