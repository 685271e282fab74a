#include "expected_dice.h"

#include "exp_log.h"

/** Sums over pixels of a map and the mask. */
typedef struct map_sums {
    double all[4]; /* of the probabilities of pixels 0, 4, 8 ..., of 1, 5, 9 ..., and so on: one sum would have to wait
                      for each addition */
    double inside; /* of those in the mask */
    size_t area;   /* of the mask */
    float surest;  /* the largest probability */
} map_sums;

static void add_stretch(const float *probability, const uint8_t *mask, size_t count, map_sums *sums) {
    double all[4] = {0, 0, 0, 0};
    float surest = 0;
    unsigned in_mask = 0;
    for (size_t i = 0; i < count; i++) {
        all[i % 4] += (double)probability[i];
        surest = probability[i] > surest ? probability[i] : surest;
        in_mask |= mask[i];
    }
    for (int k = 0; k < 4; k++) sums->all[k] += all[k];
    if (surest > sums->surest) sums->surest = surest;
    for (size_t i = 0; in_mask && i < count; i++) {
        if (!mask[i]) continue;
        sums->inside += (double)probability[i];
        sums->area++;
    }
}

/** A score in 0..1 to a power. Not pow(): the tables behind it take a twentieth of the WebAssembly module. */
static float temper(double score, double power) { return (float)sm_exp(power * sm_log(score)); }

float sm_expected_dice(const float *probability, const uint8_t *mask, size_t count, double lesion_probability,
                       double power) {
    enum { STRETCH = 64 };
    map_sums sums = {.area = 0};
    for (size_t i = 0; i < count; i += STRETCH)
        add_stretch(probability + i, mask + i, count - i < STRETCH ? count - i : STRETCH, &sums);
    const double in_all = sums.all[0] + sums.all[1] + (sums.all[2] + sums.all[3]);
    if (sums.area > 0) return temper(2 * sums.inside / (in_all + (double)sums.area), power);
    double doubt = lesion_probability > (double)sums.surest ? lesion_probability : (double)sums.surest;
    return (float)(1 - doubt);
}

void sm_expected_dice_temper(sm_lesion *lesions, int count, double power) {
    for (int i = 0; i < count; i++) lesions[i].expected_dice = temper((double)lesions[i].expected_dice, power);
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
