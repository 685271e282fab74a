#include "pixel_uncertainty.h"

#include <math.h>

enum { LEVELS = 1000 };

/* Pixels of one level of uncertainty. */
typedef struct level {
    size_t wrong, correct;
} level;

/* Counts pairs of a wrong and a correct pixel, from the least uncertain level up; pairs on one level count half. */
static double area(const level *levels, double wrong, double correct) {
    double below = 0, pairs = 0;
    for (int i = 0; i < LEVELS; i++) {
        pairs += (double)levels[i].wrong * (below + 0.5 * (double)levels[i].correct);
        below += (double)levels[i].correct;
    }
    return pairs / (wrong * correct);
}

/* The level that crosses the limit counts in proportion: pixels of one level have no order. */
static double wrong_in_uncertain(const level *levels, double wrong, double pixels) {
    double room = SM_UNCERTAIN_SHARE * pixels, found = 0;
    for (int i = LEVELS - 1; i >= 0 && room > 0; i--) {
        const double here = (double)(levels[i].wrong + levels[i].correct);
        if (here <= 0) continue;
        found += (double)levels[i].wrong * fmin(room / here, 1);
        room -= here;
    }
    return found / wrong;
}

sm_pixel_uncertainty sm_pixel_uncertainty_of(const float *probability, const uint8_t *reference,
                                             const uint8_t *predicted, size_t count) {
    level levels[LEVELS] = {{0}};
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const float uncertainty = 1.0f - fabsf(2.0f * probability[i] - 1.0f);
        const int index = (int)(fminf(fmaxf(uncertainty, 0.0f), 1.0f) * (float)(LEVELS - 1) + 0.5f);
        if ((reference[i] >= 128) != (predicted[i] >= 128)) {
            levels[index].wrong++;
            wrong++;
        } else {
            levels[index].correct++;
        }
    }
    if (wrong == 0 || wrong == count) return (sm_pixel_uncertainty){NAN, NAN};
    return (sm_pixel_uncertainty){.auroc = area(levels, (double)wrong, (double)(count - wrong)),
                                  .wrong_in_uncertain = wrong_in_uncertain(levels, (double)wrong, (double)count)};
}
