#include "pixel_prompts.h"

#include <math.h>
#include <stdlib.h>

#include "reserved.h"
#include "status.h"

static sm_status check_click(const sm_click *click, int number, int width, int height, sm_error *error) {
    if (!isfinite(click->x) || !isfinite(click->y))
        return sm_fail(error, SM_ERROR_ARGUMENT, "click %d has a coordinate that is not a finite number", number);
    /* Not by (float)width, which may be rounded up. */
    if (click->x >= 0 && click->y >= 0 && (double)click->x < width && (double)click->y < height) return SM_OK;
    return sm_fail(error, SM_ERROR_ARGUMENT, "click %d at (%f, %f) is outside the image of %d x %d pixels", number,
                   (double)click->x, (double)click->y, width, height);
}

/** Whole pixels of the interval [start, start + length] within 0 .. limit; at least one. */
static void clip(double start, double length, int limit, int *first, int *end) {
    const double from = fmax(start, 0), to = fmin(start + length, limit);
    *first = (int)ceil(from);
    *end = (int)floor(to);
    if (*first < *end) return;
    *first = (int)floor(0.5 * (from + to));
    if (*first >= limit) *first = limit - 1;
    *end = *first + 1;
}

static sm_status read_box(const sm_box *box, sm_pixel_prompts *pixels, sm_error *error) {
    if (!isfinite(box->x) || !isfinite(box->y) || !isfinite(box->width) || !isfinite(box->height))
        return sm_fail(error, SM_ERROR_ARGUMENT, "the box has a number that is not finite");
    if (!(box->width > 0) || !(box->height > 0)) return sm_fail(error, SM_ERROR_ARGUMENT, "the box has no area");
    const double right = (double)box->x + (double)box->width, bottom = (double)box->y + (double)box->height;
    if ((double)box->x >= pixels->width || (double)box->y >= pixels->height || right <= 0 || bottom <= 0)
        return sm_fail(error, SM_ERROR_ARGUMENT, "the box is outside the image of %d x %d pixels", pixels->width,
                       pixels->height);
    pixels->has_box = true;
    clip((double)box->x, (double)box->width, pixels->width, &pixels->left, &pixels->right);
    clip((double)box->y, (double)box->height, pixels->height, &pixels->top, &pixels->bottom);
    return SM_OK;
}

static size_t pixel_of(const sm_click *click, int width) { return (size_t)click->y * (size_t)width + (size_t)click->x; }

static sm_status read_clicks(const sm_prompts *prompts, sm_pixel_prompts *pixels, sm_error *error) {
    for (int i = 0; i < prompts->click_count; i++) {
        const sm_click *click = &prompts->clicks[i];
        const sm_status status = check_click(click, i + 1, pixels->width, pixels->height, error);
        if (status != SM_OK) return status;
        if (click->inside && pixels->has_box && sm_touches_box(pixels, (int)click->x, (int)click->y))
            return sm_fail(error, SM_ERROR_ARGUMENT, "click %d inside touches the box from outside", i + 1);
        for (int k = 0; k < i; k++)
            if (prompts->clicks[k].inside != click->inside &&
                pixel_of(&prompts->clicks[k], pixels->width) == pixel_of(click, pixels->width))
                return sm_fail(error, SM_ERROR_ARGUMENT,
                               "clicks %d and %d are on the same pixel, one inside and the other outside", k + 1,
                               i + 1);
        if (click->inside)
            pixels->inside[pixels->inside_count++] = pixel_of(click, pixels->width);
        else
            pixels->outside[pixels->outside_count++] = pixel_of(click, pixels->width);
    }
    return SM_OK;
}

/** Whether clicks outside are on every pixel of the box. */
static bool box_is_rejected(const sm_pixel_prompts *pixels) {
    if (!pixels->has_box) return false;
    for (int y = pixels->top; y < pixels->bottom; y++)
        for (int x = pixels->left; x < pixels->right; x++) {
            int i = 0;
            while (i < pixels->outside_count && pixels->outside[i] != (size_t)y * (size_t)pixels->width + (size_t)x)
                i++;
            if (i == pixels->outside_count) return false;
        }
    return true;
}

sm_status sm_pixel_prompts_make(const sm_prompts *prompts, int width, int height, sm_pixel_prompts *pixels,
                                sm_error *error) {
    *pixels = (sm_pixel_prompts){.width = width, .height = height};
    if (!SM_RESERVED_ZERO(prompts)) return sm_fail(error, SM_ERROR_ARGUMENT, SM_RESERVED_MESSAGE, "prompt");
    const int count = prompts->click_count;
    if (count < 0 || count > SM_CLICKS_MAX)
        return sm_fail(error, SM_ERROR_ARGUMENT, "%d clicks: 0 to %d are possible", count, (int)SM_CLICKS_MAX);
    if (count > 0 && !prompts->clicks) return sm_fail(error, SM_ERROR_ARGUMENT, "no clicks: NULL");
    sm_status status = prompts->box ? read_box(prompts->box, pixels, error) : SM_OK;
    if (status != SM_OK) return status;
    pixels->inside = calloc((size_t)count + 1, sizeof *pixels->inside);
    pixels->outside = calloc((size_t)count + 1, sizeof *pixels->outside);
    if (!pixels->inside || !pixels->outside) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for %d clicks", count);
    if (status == SM_OK) status = read_clicks(prompts, pixels, error);
    if (status == SM_OK && box_is_rejected(pixels))
        status = sm_fail(error, SM_ERROR_ARGUMENT, "clicks outside are on every pixel of the box");
    if (status != SM_OK) sm_pixel_prompts_free(pixels);
    return status;
}

void sm_pixel_prompts_free(sm_pixel_prompts *pixels) {
    free(pixels->inside);
    free(pixels->outside);
    *pixels = (sm_pixel_prompts){0};
}

sm_square_prompts sm_square_prompts_make(const sm_prompts *prompts, const sm_letterbox *letterbox,
                                         sm_square_click *clicks) {
    const float scale_x = (float)letterbox->inner_width / (float)letterbox->image_width;
    const float scale_y = (float)letterbox->inner_height / (float)letterbox->image_height;
    const float left = (float)letterbox->left, top = (float)letterbox->top;
    for (int i = 0; i < prompts->click_count; i++) {
        const sm_click *click = &prompts->clicks[i];
        clicks[i] = (sm_square_click){left + click->x * scale_x, top + click->y * scale_y, click->inside};
    }
    sm_square_prompts square = {.clicks = clicks, .click_count = prompts->click_count};
    if (!prompts->box) return square;
    const sm_box *box = prompts->box;
    square.has_box = true;
    square.left = left + fmaxf(box->x, 0) * scale_x;
    square.top = top + fmaxf(box->y, 0) * scale_y;
    square.right = left + fminf(box->x + box->width, (float)letterbox->image_width) * scale_x;
    square.bottom = top + fminf(box->y + box->height, (float)letterbox->image_height) * scale_y;
    return square;
}
