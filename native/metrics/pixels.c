#include "pixels.h"

#include <math.h>

sm_pixel_counts sm_pixel_count(const uint8_t *truth, const uint8_t *predicted, size_t count) {
    size_t both = 0, only_predicted = 0, only_truth = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned t = truth[i] >> 7, p = predicted[i] >> 7;
        both += t & p;
        only_predicted += p & ~t & 1U;
        only_truth += t & ~p & 1U;
    }
    return (sm_pixel_counts){.true_positive = (long long)both,
                             .false_positive = (long long)only_predicted,
                             .false_negative = (long long)only_truth,
                             .true_negative = (long long)(count - both - only_predicted - only_truth)};
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

static void take(running_mean *mean, double value) {
    if (!isfinite(value)) return;
    mean->sum += value;
    mean->count++;
}

static double result(const running_mean *mean) { return mean->count > 0 ? mean->sum / mean->count : NAN; }

sm_binary_scores sm_binary_scores_mean(const sm_binary_scores *scores, int count) {
    running_mean accuracy = {0}, precision = {0}, recall = {0}, specificity = {0}, dice = {0}, iou = {0};
    for (int i = 0; i < count; i++) {
        take(&accuracy, scores[i].accuracy);
        take(&precision, scores[i].precision);
        take(&recall, scores[i].recall);
        take(&specificity, scores[i].specificity);
        take(&dice, scores[i].dice);
        take(&iou, scores[i].iou);
    }
    sm_binary_scores mean = {.accuracy = result(&accuracy),
                             .precision = result(&precision),
                             .recall = result(&recall),
                             .specificity = result(&specificity),
                             .dice = result(&dice),
                             .iou = result(&iou)};
    mean.f1 = mean.dice;
    mean.sensitivity = mean.recall;
    return mean;
}
