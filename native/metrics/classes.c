#include "classes.h"

#include <math.h>

/* Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004, in the form of
 * covariances of the margins. */
static double matthews(const sm_confusion *confusion, const double *truth, const double *predicted, double total) {
    double correct = 0, cross = 0, truth_squares = 0, predicted_squares = 0;
    for (int k = 0; k < SM_CLASS_COUNT; k++) {
        correct += confusion->count[k][k];
        cross += truth[k] * predicted[k];
        truth_squares += truth[k] * truth[k];
        predicted_squares += predicted[k] * predicted[k];
    }
    double spread = (total * total - truth_squares) * (total * total - predicted_squares);
    return spread > 0 ? (correct * total - cross) / sqrt(spread) : 0.0;
}

sm_classification_report sm_classification_report_of(const sm_confusion *confusion) {
    double truth[SM_CLASS_COUNT] = {0}, predicted[SM_CLASS_COUNT] = {0}, total = 0, correct = 0;
    for (int t = 0; t < SM_CLASS_COUNT; t++)
        for (int p = 0; p < SM_CLASS_COUNT; p++) {
            truth[t] += confusion->count[t][p];
            predicted[p] += confusion->count[t][p];
            total += confusion->count[t][p];
        }
    sm_classification_report report = {0};
    int present = 0;
    for (int k = 0; k < SM_CLASS_COUNT; k++) {
        double hit = confusion->count[k][k];
        correct += hit;
        sm_class_scores *scores = &report.classes[k];
        *scores = (sm_class_scores){.precision = predicted[k] > 0 ? hit / predicted[k]
                                                 : truth[k] > 0   ? 0.0
                                                                  : NAN,
                                    .recall = truth[k] > 0 ? hit / truth[k] : NAN,
                                    .f1 = truth[k] > 0 ? 2 * hit / (truth[k] + predicted[k]) : NAN,
                                    .support = truth[k]};
        if (truth[k] <= 0) continue;
        present++;
        report.macro.precision += scores->precision;
        report.macro.recall += scores->recall;
        report.macro.f1 += scores->f1;
        report.weighted.precision += scores->precision * truth[k];
        report.weighted.recall += scores->recall * truth[k];
        report.weighted.f1 += scores->f1 * truth[k];
    }
    double classes = present > 0 ? (double)present : NAN, images = total > 0 ? total : NAN;
    report.macro = (sm_class_scores){report.macro.precision / classes, report.macro.recall / classes,
                                     report.macro.f1 / classes, total};
    report.weighted = (sm_class_scores){report.weighted.precision / images, report.weighted.recall / images,
                                        report.weighted.f1 / images, total};
    report.accuracy = correct / images;
    report.balanced_accuracy = report.macro.recall;
    report.mcc = total > 0 ? matthews(confusion, truth, predicted, total) : NAN;
    return report;
}
