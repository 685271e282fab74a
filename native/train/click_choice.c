#include "click_choice.h"

#include <stdlib.h>

#include "../../src/mask_label.h"
#include "../metrics/click_geometry.h"

enum { CANDIDATES = 6 };

sm_status sm_click_canvas_create(int side, sm_click_canvas *canvas, sm_error *error) {
    const size_t pixels = (size_t)side * (size_t)side;
    *canvas = (sm_click_canvas){.side = side, .set = malloc(pixels), .labels = malloc(pixels * sizeof *canvas->labels)};
    if (canvas->set && canvas->labels) return SM_OK;
    sm_click_canvas_free(canvas);
    return sm_fail(error, SM_ERROR_MEMORY, "no memory to simulate clicks");
}

void sm_click_canvas_free(sm_click_canvas *canvas) {
    free(canvas->set);
    free(canvas->labels);
    *canvas = (sm_click_canvas){0};
}

/** The index of the `wanted`-th pixel (from 0) of a label; -1 when there are fewer. */
static int nth_labelled(const int32_t *labels, int pixels, int32_t label, int wanted) {
    for (int i = 0; i < pixels; i++)
        if (labels[i] == label && wanted-- == 0) return i;
    return -1;
}

bool sm_click_on_any(const sm_click_canvas *canvas, sm_random *random, float *x, float *y) {
    sm_pixel pixel;
    if (!sm_random_pixel(canvas->set, canvas->side, canvas->side, random, &pixel)) return false;
    *x = (float)pixel.x + 0.5f;
    *y = (float)pixel.y + 0.5f;
    return true;
}

sm_status sm_click_component_box(sm_click_canvas *canvas, float x, float y, int box[4], sm_error *error) {
    const int side = canvas->side;
    int count;
    const sm_status status = sm_mask_label(canvas->set, side, side, canvas->labels, &count, error);
    if (status != SM_OK) return status;
    const int32_t label = canvas->labels[(int)y * side + (int)x];
    box[0] = box[1] = side, box[2] = box[3] = 0;
    for (int row = 0; row < side; row++)
        for (int column = 0; column < side; column++) {
            if (canvas->labels[row * side + column] != label) continue;
            if (column < box[0]) box[0] = column;
            if (row < box[1]) box[1] = row;
            if (column >= box[2]) box[2] = column + 1;
            box[3] = row + 1;
        }
    return SM_OK;
}

/** Pixels from a pixel to the end of its component in the nearest of the four directions. */
static int depth_at(const sm_click_canvas *canvas, int pixel, int32_t label) {
    static const int steps[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
    const int side = canvas->side;
    int least = side;
    for (int k = 0; k < 4; k++) {
        int x = pixel % side, y = pixel / side, length = 0;
        while (x >= 0 && y >= 0 && x < side && y < side && canvas->labels[y * side + x] == label) {
            x += steps[k][0], y += steps[k][1];
            length++;
        }
        if (length < least) least = length;
    }
    return least;
}

/** Labels the pixels where the answer is wrong in one way, and finds the largest component. */
static sm_status find_largest(sm_click_canvas *canvas, const float *logits, const float *target, bool missed,
                              sm_component *largest, sm_error *error) {
    const int pixels = canvas->side * canvas->side;
    for (int i = 0; i < pixels; i++) {
        const bool answer = logits[i] > 0, lesion = target[i] >= 0.5f;
        canvas->set[i] = missed ? lesion && !answer : answer && !lesion;
    }
    return sm_largest_component(canvas->set, canvas->side, canvas->side, canvas->labels, largest, error);
}

sm_status sm_click_on_error(sm_click_canvas *canvas, const float *logits, const float *target, int least,
                            sm_random *random, sm_square_click *click, bool *found, sm_error *error) {
    sm_component missed_part = {0}, part = {0};
    *found = false;
    sm_status status = find_largest(canvas, logits, target, true, &missed_part, error);
    if (status == SM_OK) status = find_largest(canvas, logits, target, false, &part, error);
    const bool missed = missed_part.area >= part.area;
    if (status == SM_OK && missed)
        status = find_largest(canvas, logits, target, true, &part, error); /* the labels again */
    if (status != SM_OK || part.area < least) return status;
    const int side = canvas->side;
    int deepest = -1;
    for (int k = 0; k < CANDIDATES; k++) {
        const int pixel = nth_labelled(canvas->labels, side * side, part.label, sm_random_below(random, part.area));
        const int depth = depth_at(canvas, pixel, part.label);
        if (depth <= deepest) continue;
        deepest = depth;
        const int row = pixel / side;
        click->x = (float)(pixel % side) + 0.5f;
        click->y = (float)row + 0.5f;
    }
    click->inside = missed;
    *found = true;
    return SM_OK;
}
