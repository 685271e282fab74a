#include "roc.h"

#include <math.h>
#include <stdlib.h>

static int by_falling_score(const void *first, const void *second) {
    const sm_roc_case *a = first, *b = second;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return a->item < b->item ? -1 : a->item > b->item;
}

void sm_roc_sort(sm_roc_case *cases, int count) {
    if (count > 1) qsort(cases, (size_t)count, sizeof *cases, by_falling_score);
}

double sm_roc_area(const sm_roc_case *cases, int count, const int *weights) {
    double positives = 0, negatives = 0, pairs = 0;
    for (int i = 0; i < count;) {
        double tied_positives = 0, tied_negatives = 0, score = cases[i].score;
        do {
            double weight = weights ? weights[cases[i].item] : 1;
            if (cases[i].positive)
                tied_positives += weight;
            else
                tied_negatives += weight;
            i++;
        } while (i < count && cases[i].score == score);
        pairs += tied_negatives * (positives + 0.5 * tied_positives);
        positives += tied_positives;
        negatives += tied_negatives;
    }
    return positives > 0 && negatives > 0 ? pairs / (positives * negatives) : NAN;
}

int sm_roc_curve(const sm_roc_case *cases, int count, sm_roc_point *points) {
    double positives = 0, negatives = 0;
    for (int i = 0; i < count; i++) {
        if (cases[i].positive)
            positives++;
        else
            negatives++;
    }
    if (positives <= 0 || negatives <= 0) return 0;
    int filled = 0;
    double true_positives = 0, false_positives = 0;
    points[filled++] = (sm_roc_point){0, 0, INFINITY};
    for (int i = 0; i < count;) {
        double score = cases[i].score;
        do {
            if (cases[i].positive)
                true_positives++;
            else
                false_positives++;
            i++;
        } while (i < count && cases[i].score == score);
        points[filled++] = (sm_roc_point){false_positives / negatives, true_positives / positives, score};
    }
    return filled;
}
