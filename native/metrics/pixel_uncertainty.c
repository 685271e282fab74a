#include "pixel_uncertainty.h"

#include <math.h>

enum { LEVELS = 1000 };

/* Pixels of one level of doubt. */
typedef struct level {
    size_t wrong, right;
} level;

/* The area under the curve by pairs: every wrong pixel is compared with all right ones, which are summed up level by
 * level from the least doubtful on. */
static double area(const level *levels, double wrong, double right) {
    double less_doubtful = 0, pairs = 0;
    for (int i = 0; i < LEVELS; i++) {
        pairs += (double)levels[i].wrong * (less_doubtful + 0.5 * (double)levels[i].right);
        less_doubtful += (double)levels[i].right;
    }
    return pairs / (wrong * right);
}

/* The level on the border counts with the part of it that there is room for. */
static double wrong_in_doubtful(const level *levels, double wrong, double pixels) {
    double room = SM_DOUBTFUL_SHARE * pixels, found = 0;
    for (int i = LEVELS - 1; i >= 0 && room > 0; i--) {
        const double here = (double)(levels[i].wrong + levels[i].right);
        if (here <= 0) continue;
        found += (double)levels[i].wrong * fmin(room / here, 1);
        room -= here;
    }
    return found / wrong;
}

sm_pixel_uncertainty sm_pixel_uncertainty_of(const float *probability, const uint8_t *truth, const uint8_t *predicted,
                                             size_t count) {
    level levels[LEVELS] = {{0}};
    size_t wrong = 0;
    for (size_t i = 0; i < count; i++) {
        const float doubt = 1.0f - fabsf(2.0f * probability[i] - 1.0f);
        const int index = (int)(fminf(fmaxf(doubt, 0.0f), 1.0f) * (float)(LEVELS - 1) + 0.5f);
        if ((truth[i] >= 128) != (predicted[i] >= 128)) {
            levels[index].wrong++;
            wrong++;
        } else {
            levels[index].right++;
        }
    }
    if (wrong == 0 || wrong == count) return (sm_pixel_uncertainty){NAN, NAN};
    return (sm_pixel_uncertainty){.auroc = area(levels, (double)wrong, (double)(count - wrong)),
                                  .wrong_in_doubtful = wrong_in_doubtful(levels, (double)wrong, (double)count)};
}
