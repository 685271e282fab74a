#include "prompt_maps.h"
#include "exp_log.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { INSIDE, OUTSIDE, BOX, PRESENT };

static const float click_deviation = 1.5f, click_reach = 4.0f; /* cells */

bool sm_prompts_show_lesion(const sm_square_prompts *prompts) {
    if (prompts->has_box) return true;
    for (int i = 0; i < prompts->click_count; i++)
        if (prompts->clicks[i].inside) return true;
    return false;
}

static int clamp(float value, int low, int high) {
    return value <= (float)low ? low : value >= (float)high ? high : (int)value;
}

/** Draws a click at (x, y), in cells. */
static void draw_click(float x, float y, int side, int channel, float *maps) {
    const int left = clamp(floorf(x - click_reach), 0, side), right = clamp(ceilf(x + click_reach), 0, side);
    const int top = clamp(floorf(y - click_reach), 0, side), bottom = clamp(ceilf(y + click_reach), 0, side);
    for (int row = top; row < bottom; row++)
        for (int column = left; column < right; column++) {
            const float dx = (float)column + 0.5f - x, dy = (float)row + 0.5f - y;
            const float value =
                (float)sm_exp(-0.5 * (double)(dx * dx + dy * dy) / (double)(click_deviation * click_deviation));
            float *cell = &maps[((size_t)row * (size_t)side + (size_t)column) * SM_PROMPT_CHANNELS + (size_t)channel];
            if (value > *cell) *cell = value;
        }
}

/** The length that the intervals [low, high] and [cell, cell + 1] share. */
static float overlap(float low, float high, int cell) {
    const float length = fminf(high, (float)cell + 1) - fmaxf(low, (float)cell);
    return length > 0 ? length : 0;
}

void sm_prompt_maps(const sm_square_prompts *prompts, int size, int level, float *maps) {
    const int side = size >> level;
    const size_t cells = (size_t)side * (size_t)side;
    const float scale = 1.0f / (float)(1 << level);
    memset(maps, 0, cells * SM_PROMPT_CHANNELS * sizeof *maps);
    for (int i = 0; i < prompts->click_count; i++) {
        const sm_square_click *click = &prompts->clicks[i];
        draw_click(click->x * scale, click->y * scale, side, click->inside ? INSIDE : OUTSIDE, maps);
    }
    if (prompts->has_box)
        for (int row = 0; row < side; row++)
            for (int column = 0; column < side; column++)
                maps[((size_t)row * (size_t)side + (size_t)column) * SM_PROMPT_CHANNELS + BOX] =
                    overlap(prompts->left * scale, prompts->right * scale, column) *
                    overlap(prompts->top * scale, prompts->bottom * scale, row);
    if (sm_prompts_show_lesion(prompts))
        for (size_t i = 0; i < cells; i++) maps[i * SM_PROMPT_CHANNELS + PRESENT] = 1;
}
