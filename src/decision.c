#include "decision.h"

#include <math.h>
#include <string.h>

#include "exp_log.h"
#include "status.h"

/** The range of odds and of logits of peaks. Beyond it a float probability is 0 or 1. */
static const double logit_limit = 20;

static float clamp_logit(double value) { return (float)fmin(fmax(value, -logit_limit), logit_limit); }

float sm_type_odds(const float type_logits[SM_CLASS_COUNT]) {
    const double benign = (double)type_logits[SM_CLASS_BENIGN], malignant = (double)type_logits[SM_CLASS_MALIGNANT];
    const double larger = fmax(benign, malignant), smaller = fmin(benign, malignant);
    return clamp_logit(larger + sm_log1p(sm_exp(smaller - larger)) - (double)type_logits[SM_CLASS_NORMAL]);
}

/** Some pixels of a map: those of a rectangle that have one label. */
typedef struct region {
    const float *probability; /* of the rectangle's first pixel */
    const int32_t *labels;    /* the same; NULL: all pixels of the rectangle */
    int32_t label;
    size_t stride; /* pixels per row of the map */
    int width, height;
} region;

/** The bits of a probability, which have the order of the probabilities. Those of a negative number are negative. */
static int32_t ordered_bits(float probability) {
    int32_t bits;
    memcpy(&bits, &probability, sizeof bits);
    return bits;
}

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS, STRETCH = 64 };

/** Counts by digits of DIGIT_BITS bits, the highest first. */
typedef struct digit_counts {
    uint32_t counts[DIGITS];
    uint32_t prefix; /* the digits above `shift` that a number must have to be counted; the others are 0 */
    int shift;       /* of the digit that is counted */
    size_t rank;     /* of the number sought: 1 is the largest */
    int floor;       /* digits below it need not be counted: at least `rank` numbers are known to be as large */
    size_t above;    /* counted numbers whose digit is at least `floor` */
} digit_counts;

static uint32_t lowest_counted(const digit_counts *found) {
    return found->prefix | (uint32_t)found->floor << found->shift;
}

/** Whether all of `count` numbers are below `lowest`. Without a condition per number, so that it is vectorised. */
static bool all_below(const float *values, int count, uint32_t lowest) {
    int32_t largest = 0;
    for (int i = 0; i < count; i++) {
        const int32_t bits = ordered_bits(values[i]);
        largest = bits > largest ? bits : largest;
    }
    return (uint32_t)largest < lowest;
}

/** Counts a part of a row. `labels` may be NULL. */
static void count_stretch(const float *values, const int32_t *labels, int32_t label, int count, digit_counts *found) {
    const int higher = found->shift + DIGIT_BITS;
    for (int x = 0; x < count; x++) {
        if (labels && labels[x] != label) continue;
        const uint32_t bits = values[x] > 0 ? (uint32_t)ordered_bits(values[x]) : 0;
        if (higher < 32 && bits >> higher != found->prefix >> higher) continue;
        const int digit = (int)(bits >> found->shift & (DIGITS - 1));
        found->counts[digit]++;
        found->above += digit >= found->floor;
    }
    while (found->above - found->counts[found->floor] >= found->rank) found->above -= found->counts[found->floor++];
}

static void count_digits(const region *of, digit_counts *found) {
    memset(found->counts, 0, sizeof found->counts);
    found->floor = 0;
    found->above = 0;
    for (int y = 0; y < of->height; y++) {
        const float *row = of->probability + (size_t)y * of->stride;
        const int32_t *labels = of->labels ? of->labels + (size_t)y * of->stride : NULL;
        for (int x = 0; x < of->width; x += STRETCH) {
            const int count = of->width - x < STRETCH ? of->width - x : STRETCH;
            if (!all_below(row + x, count, lowest_counted(found)))
                count_stretch(row + x, labels ? labels + x : NULL, of->label, count, found);
        }
    }
}

/** The logit of the `rank`-th largest probability (rank 1 is the largest), or of the least one of fewer pixels. Radix
 * selection: exact, and without memory for a copy of the map. */
static float peak_of(const region *of, size_t rank) {
    digit_counts found = {.rank = rank};
    for (found.shift = 2 * DIGIT_BITS; found.shift >= 0; found.shift -= DIGIT_BITS) {
        count_digits(of, &found);
        int digit = DIGITS - 1, least = -1;
        for (int i = DIGITS - 1; i >= found.floor; i--)
            if (found.counts[i]) least = i;
        if (least < 0) return clamp_logit(-logit_limit);
        while (digit > least && found.rank > found.counts[digit]) found.rank -= found.counts[digit--];
        if (found.rank > found.counts[digit]) found.rank = found.counts[digit];
        found.prefix |= (uint32_t)digit << found.shift;
    }
    float probability;
    memcpy(&probability, &found.prefix, sizeof probability);
    return clamp_logit(sm_log((double)probability) - sm_log1p(-fmin((double)probability, 1)));
}

static size_t peak_rank(size_t image_area) {
    const double rank = ceil(SM_PEAK_SHARE * (double)image_area);
    return rank > 1 ? (size_t)rank : 1;
}

float sm_peak(const float *probability, const int32_t *labels, int32_t label, int width, int height) {
    const region all = {.probability = probability,
                        .labels = labels,
                        .label = label,
                        .stride = (size_t)width,
                        .width = width,
                        .height = height};
    return peak_of(&all, peak_rank((size_t)width * (size_t)height));
}

float sm_lesion_peak(const float *probability, const int32_t *labels, int width, const sm_lesion *lesion,
                     size_t image_area) {
    const size_t first = (size_t)lesion->top * (size_t)width + (size_t)lesion->left;
    const region box = {.probability = probability + first,
                        .labels = labels + first,
                        .label = lesion->label,
                        .stride = (size_t)width,
                        .width = lesion->width,
                        .height = lesion->height};
    return peak_of(&box, peak_rank(image_area));
}

float sm_faint_threshold(float peak) { return (float)(SM_FAINT_SHARE / (1 + sm_exp(-(double)peak))); }

float sm_presence(const sm_decision *decision, float type_odds, float peak) {
    const double logit = (double)decision->presence[0] * (double)type_odds +
                         (double)decision->presence[1] * (double)peak + (double)decision->presence[2];
    return (float)(1 / (1 + sm_exp(-logit)));
}

float sm_margin(const sm_decision *decision, int outline_area, size_t image_area) {
    const double margin = (double)decision->margin[0] * sqrt((double)outline_area) +
                          (double)decision->margin[1] * sqrt((double)image_area);
    return (float)fmax(margin, 0);
}

const double sm_operating_point_shares[SM_OPERATING_POINTS] = {0.80, 0.90, 0.95};

int sm_operating_point_index(double kept) {
    for (int i = 0; i < SM_OPERATING_POINTS; i++)
        if (fabs(kept - sm_operating_point_shares[i]) < 1e-4) return i;
    return -1;
}

const float *sm_decision_point(const sm_decision *decision, double kept) {
    for (int i = 0; i < SM_OPERATING_POINTS; i++)
        if (fabs((double)decision->operating_points[i][0] - kept) < 1e-4) return decision->operating_points[i];
    return NULL;
}

void sm_decision_tensors(sm_decision *decision, sm_weights_extra tensors[SM_DECISION_TENSORS]) {
    tensors[0] = (sm_weights_extra){"decision.presence", 1, {3, 1}, decision->presence};
    tensors[1] =
        (sm_weights_extra){"decision.operating_points", 2, {SM_OPERATING_POINTS, 3}, decision->operating_points[0]};
    tensors[2] = (sm_weights_extra){"decision.margin", 1, {2, 1}, decision->margin};
}

static bool is_share(float value) { return value >= 0 && value <= 1; }

sm_status sm_decision_get(const sm_weights_file *file, sm_decision *decision, bool *found, sm_error *error) {
    sm_weights_extra tensors[SM_DECISION_TENSORS];
    sm_decision_tensors(decision, tensors);
    const sm_status status = sm_weights_file_extras(file, tensors, SM_DECISION_TENSORS, found, error);
    if (status != SM_OK || !*found) return status;
    bool usable = true;
    for (int i = 0; i < SM_OPERATING_POINTS; i++) {
        const float *point = decision->operating_points[i];
        usable = usable && sm_operating_point_index((double)point[0]) == i && is_share(point[1]) && is_share(point[2]);
    }
    if (usable) return SM_OK;
    *found = false;
    return sm_fail(error, SM_ERROR_WEIGHTS, "the operating points are out of range");
}
