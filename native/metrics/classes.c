#include "classes.h"

#include <math.h>

/* Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004, from the margins of
 * the confusion matrix. */
static double matthews(const sm_confusion *confusion, const double *actual, const double *predicted, double total) {
    double correct = 0, cross = 0, actual_squares = 0, predicted_squares = 0;
    for (int k = 0; k < SM_CLASS_COUNT; k++) {
        correct += confusion->count[k][k];
        cross += actual[k] * predicted[k];
        actual_squares += actual[k] * actual[k];
        predicted_squares += predicted[k] * predicted[k];
    }
    double spread = (total * total - actual_squares) * (total * total - predicted_squares);
    return spread > 0 ? (correct * total - cross) / sqrt(spread) : 0.0;
}

sm_classification_report sm_classification_report_of(const sm_confusion *confusion) {
    double actual[SM_CLASS_COUNT] = {0}, predicted[SM_CLASS_COUNT] = {0}, total = 0, correct = 0;
    for (int t = 0; t < SM_CLASS_COUNT; t++)
        for (int p = 0; p < SM_CLASS_COUNT; p++) {
            actual[t] += confusion->count[t][p];
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
                                                 : actual[k] > 0  ? 0.0
                                                                  : NAN,
                                    .recall = actual[k] > 0 ? hit / actual[k] : NAN,
                                    .f1 = actual[k] > 0 ? 2 * hit / (actual[k] + predicted[k]) : NAN,
                                    .support = actual[k]};
        if (actual[k] <= 0) continue;
        present++;
        report.macro.precision += scores->precision;
        report.macro.recall += scores->recall;
        report.macro.f1 += scores->f1;
        report.weighted.precision += scores->precision * actual[k];
        report.weighted.recall += scores->recall * actual[k];
        report.weighted.f1 += scores->f1 * actual[k];
    }
    double classes = present > 0 ? (double)present : NAN, images = total > 0 ? total : NAN;
    report.macro = (sm_class_scores){report.macro.precision / classes, report.macro.recall / classes,
                                     report.macro.f1 / classes, total};
    report.weighted = (sm_class_scores){report.weighted.precision / images, report.weighted.recall / images,
                                        report.weighted.f1 / images, total};
    report.accuracy = correct / images;
    report.balanced_accuracy = report.macro.recall;
    report.mcc = total > 0 ? matthews(confusion, actual, predicted, total) : NAN;
    return report;
}
