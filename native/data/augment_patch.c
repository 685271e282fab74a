#include "augment_patch.h"

#include <math.h>
#include <stddef.h>

/* A darker place is not tissue but a black border or deep shadow. */
static const float darkest_place = 12.0f;
/* Beyond these limits the patch would look artificial. */
static const float weakest_gain = 0.6f, strongest_gain = 1.6f;

float sm_patch_gain(const sm_sample *recipient, const sm_patch *patch, int left, int top) {
    double weights = 0, patch_sum = 0, recipient_sum = 0;
    for (int y = 0; y < patch->height; y++)
        for (int x = 0; x < patch->width; x++) {
            const ptrdiff_t from = (ptrdiff_t)y * patch->width + x;
            const ptrdiff_t to = (ptrdiff_t)(top + y) * recipient->width + left + x;
            const float weight = patch->weight[from];
            if (weight <= 0.0f || patch->core[from] >= SM_PATCH_CORE) continue;
            weights += (double)weight;
            patch_sum += (double)(weight * (float)patch->grey[from]);
            recipient_sum += (double)(weight * (float)recipient->grey[to]);
        }
    if (weights <= 0 || patch_sum <= 0 || recipient_sum < (double)darkest_place * weights) return 0;
    return fminf(fmaxf((float)(recipient_sum / patch_sum), weakest_gain), strongest_gain);
}

void sm_patch_blend(const sm_patch *patch, float gain, int left, int top, uint8_t *grey, int stride) {
    for (int y = 0; y < patch->height; y++)
        for (int x = 0; x < patch->width; x++) {
            const ptrdiff_t from = (ptrdiff_t)y * patch->width + x, to = (ptrdiff_t)(top + y) * stride + left + x;
            const float weight = patch->weight[from], value = fminf(gain * (float)patch->grey[from], 255.0f);
            grey[to] = (uint8_t)lrintf((float)grey[to] * (1.0f - weight) + value * weight);
        }
}
