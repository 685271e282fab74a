#include "expected_dice.h"

#include <math.h>

float sm_expected_dice(const float *probability, const uint8_t *mask, size_t count, double lesion_probability,
                       double power) {
    double in_mask = 0;
    double in_all = 0;
    size_t area = 0;
    float surest = 0;
    for (size_t i = 0; i < count; i++) {
        in_all += (double)probability[i];
        if (probability[i] > surest) surest = probability[i];
        if (!mask[i]) continue;
        in_mask += (double)probability[i];
        area++;
    }
    if (area > 0) return (float)pow(2 * in_mask / (in_all + (double)area), power);
    double doubt = lesion_probability > (double)surest ? lesion_probability : (double)surest;
    return (float)(1 - doubt);
}

void sm_expected_dice_temper(sm_lesion *lesions, int count, double power) {
    for (int i = 0; i < count; i++) lesions[i].expected_dice = (float)pow((double)lesions[i].expected_dice, power);
}

/** One axis of the surroundings: `start` - margin to `start` + `extent` + margin, within 0 .. limit. */
static void widen(int start, int extent, int limit, int *from, int *to) {
    int margin = extent / 2 > SM_SURROUNDINGS_PIXELS ? extent / 2 : SM_SURROUNDINGS_PIXELS;
    *from = start > margin ? start - margin : 0;
    *to = limit - start - extent > margin ? start + extent + margin : limit;
}

void sm_expected_dice_of_lesions(const float *probability, const int32_t *labels, int width, int height,
                                 sm_lesion *lesions, int count) {
    for (int i = 0; i < count; i++) {
        sm_lesion *lesion = &lesions[i];
        int left, right, top, bottom;
        widen(lesion->left, lesion->width, width, &left, &right);
        widen(lesion->top, lesion->height, height, &top, &bottom);
        double inside = 0;
        double around = 0;
        for (int y = top; y < bottom; y++) {
            const size_t start = (size_t)y * (size_t)width;
            for (int x = left; x < right; x++) {
                const int32_t label = labels[start + (size_t)x];
                const double p = (double)probability[start + (size_t)x];
                if (label == lesion->label)
                    inside += p;
                else if (label == 0)
                    around += p;
            }
        }
        lesion->expected_dice = (float)(2 * inside / (inside + around + lesion->area));
    }
}
