#include "pixels.h"

#include <math.h>

sm_pixel_counts sm_pixel_count(const uint8_t *reference, const uint8_t *predicted, size_t count) {
    size_t both = 0, only_predicted = 0, only_reference = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned r = reference[i] >> 7, p = predicted[i] >> 7;
        both += r & p;
        only_predicted += p & ~r & 1U;
        only_reference += r & ~p & 1U;
    }
    return (sm_pixel_counts){.true_positive = (long long)both,
                             .false_positive = (long long)only_predicted,
                             .false_negative = (long long)only_reference,
                             .true_negative = (long long)(count - both - only_predicted - only_reference)};
}

void sm_pixel_counts_add(sm_pixel_counts *sum, const sm_pixel_counts *counts) {
    sum->true_positive += counts->true_positive;
    sum->false_positive += counts->false_positive;
    sum->false_negative += counts->false_negative;
    sum->true_negative += counts->true_negative;
}

static double ratio(double part, double whole, double otherwise) { return whole > 0 ? part / whole : otherwise; }

sm_binary_scores sm_binary_scores_of(const sm_pixel_counts *counts) {
    double tp = (double)counts->true_positive, fp = (double)counts->false_positive;
    double fn = (double)counts->false_negative, tn = (double)counts->true_negative;
    double pixels = tp + fp + fn + tn;
    double empty = pixels <= 0 ? NAN : tp + fp + fn > 0 ? 0.0 : 1.0;
    sm_binary_scores scores = {.accuracy = ratio(tp + tn, pixels, NAN),
                               .precision = ratio(tp, tp + fp, empty),
                               .recall = ratio(tp, tp + fn, empty),
                               .specificity = ratio(tn, tn + fp, NAN),
                               .dice = ratio(2 * tp, 2 * tp + fp + fn, empty),
                               .iou = ratio(tp, tp + fp + fn, empty)};
    scores.f1 = scores.dice;
    scores.sensitivity = scores.recall;
    return scores;
}

typedef struct running_mean {
    double sum;
    int count;
} running_mean;

static void add(running_mean *mean, double value) {
    if (!isfinite(value)) return;
    mean->sum += value;
    mean->count++;
}

static double value_of(const running_mean *mean) { return mean->count > 0 ? mean->sum / mean->count : NAN; }

sm_binary_scores sm_binary_scores_mean(const sm_binary_scores *scores, int count) {
    running_mean accuracy = {0}, precision = {0}, recall = {0}, specificity = {0}, dice = {0}, iou = {0};
    for (int i = 0; i < count; i++) {
        add(&accuracy, scores[i].accuracy);
        add(&precision, scores[i].precision);
        add(&recall, scores[i].recall);
        add(&specificity, scores[i].specificity);
        add(&dice, scores[i].dice);
        add(&iou, scores[i].iou);
    }
    sm_binary_scores mean = {.accuracy = value_of(&accuracy),
                             .precision = value_of(&precision),
                             .recall = value_of(&recall),
                             .specificity = value_of(&specificity),
                             .dice = value_of(&dice),
                             .iou = value_of(&iou)};
    mean.f1 = mean.dice;
    mean.sensitivity = mean.recall;
    return mean;
}
