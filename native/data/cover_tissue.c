#include "cover_tissue.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Largest shift up or down, as a share of the height. */
static const float depth_play = 0.08f;
/* Limits of the roughness of tissue, relative to that of the faded edge, which is where the opacity is below the last
 * number. */
static const float least_roughness = 0.6f, most_roughness = 1.5f, edge_limit = 0.99f;

/** Copies a piece of tissue into task->tried. False when it would show a lesion or a part to cover. */
static bool copy_tissue(const sm_cover_task *task, const sm_sample *from, int left, int top, bool mirrored) {
    const sm_frame *box = &task->parts->boxes[task->index];
    const bool own = from == task->image;
    for (int y = 0; y < box->height; y++)
        for (int x = 0; x < box->width; x++) {
            const int column = mirrored ? left + box->width - 1 - x : left + x, row = top + y;
            const ptrdiff_t to = (ptrdiff_t)y * box->width + x, source = (ptrdiff_t)row * from->width + column;
            if (task->weight[to] > 0.0f &&
                (from->mask[source] > 0 || (own && sm_cover_parts_hold(task->parts, column, row))))
                return false;
            task->tried[to] = from->grey[source];
        }
    return true;
}

/** Root mean square difference of grey between the tissue and the image in the faded edge. */
static float misfit(const sm_cover_task *task, float gain) {
    const sm_frame *box = &task->parts->boxes[task->index];
    double sum = 0, weights = 0;
    for (int y = 0; y < box->height; y++)
        for (int x = 0; x < box->width; x++) {
            const ptrdiff_t at = (ptrdiff_t)y * box->width + x;
            const float weight = task->weight[at];
            if (weight <= 0.0f || weight >= 1.0f) continue;
            const ptrdiff_t to = (ptrdiff_t)(box->top + y) * task->image->width + box->left + x;
            const float difference = gain * (float)task->tried[at] - (float)task->image->grey[to];
            sum += (double)(weight * difference * difference);
            weights += (double)weight;
        }
    return weights > 0 ? (float)sqrt(sum / weights) : 0.0f;
}

/**
 * Mean difference of neighbouring pixels of `grey`, whose rows have `stride` pixels, where the opacity is above 0 and
 * at most `limit`.
 */
static float roughness(const sm_cover_task *task, const uint8_t *grey, int stride, float limit) {
    const sm_frame *box = &task->parts->boxes[task->index];
    int sum = 0, count = 0;
    for (int y = 0; y + 1 < box->height; y++)
        for (int x = 0; x + 1 < box->width; x++) {
            const float opacity = task->weight[(ptrdiff_t)y * box->width + x];
            if (opacity <= 0.0f || opacity > limit) continue;
            const uint8_t *pixel = grey + (ptrdiff_t)y * stride + x;
            sum += abs(pixel[1] - pixel[0]) + abs(pixel[stride] - pixel[0]);
            count++;
        }
    return count > 0 ? (float)sum / (float)count : 0.0f;
}

/** Whether the speckle is about as coarse and strong as around the covered part. Letters are rougher than tissue. */
static bool texture_fits(const sm_cover_task *task, float gain) {
    const sm_frame *box = &task->parts->boxes[task->index];
    const sm_sample *image = task->image;
    const uint8_t *around = image->grey + (ptrdiff_t)box->top * image->width + box->left;
    const float expected = roughness(task, around, image->width, edge_limit);
    const float found = gain * roughness(task, task->tried, box->width, 1.0f);
    return found >= least_roughness * expected && found <= most_roughness * expected;
}

static sm_patch patch_of(const sm_cover_task *task, const uint8_t *grey) {
    const sm_frame *box = &task->parts->boxes[task->index];
    return (sm_patch){
        .width = box->width, .height = box->height, .grey = grey, .core = task->core, .weight = task->weight};
}

void sm_cover_search(sm_cover_task *task, const sm_sample *from, int tries, sm_random *random) {
    const sm_frame *box = &task->parts->boxes[task->index];
    const int room_x = from->width - box->width, room_y = from->height - box->height;
    if (room_x < 0 || room_y < 0) return;
    const sm_patch patch = patch_of(task, task->tried);
    for (int attempt = 0; attempt < tries; attempt++) {
        const bool mirrored = sm_random_uniform(random) < 0.5f;
        const int left = sm_random_below(random, room_x + 1);
        const float depth =
            (float)box->top / (float)task->image->height + sm_random_range(random, -depth_play, depth_play);
        const float row = fminf(fmaxf(depth * (float)from->height, 0.0f), (float)room_y);
        if (!copy_tissue(task, from, left, (int)lrintf(row), mirrored)) continue;
        const float gain = sm_patch_gain(task->image, &patch, box->left, box->top);
        if (gain <= 0.0f) continue;
        const float fit = misfit(task, gain);
        if (fit >= task->misfit || !texture_fits(task, gain)) continue;
        task->misfit = fit;
        task->gain = gain;
        memcpy(task->best, task->tried, (size_t)box->width * (size_t)box->height);
    }
}

sm_patch sm_cover_best(const sm_cover_task *task) { return patch_of(task, task->best); }
