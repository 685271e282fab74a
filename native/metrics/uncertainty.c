#include "uncertainty.h"

#include <math.h>
#include <stdlib.h>

#include "roc.h"

/* An image in a sorted list. */
typedef struct place {
    double value;
    int item;
} place;

struct sm_uncertainty {
    int count;                    /* images with a reference outline */
    place *by_expected, *by_dice; /* ascending */
    sm_roc_case *failures;        /* sorted by sm_roc_sort */
    double *dice, *expected;      /* by item */
    double *rank;                 /* scratch: by item, the rank of the expected Dice */
};

static int ascending(const void *first, const void *second) {
    const place *a = first, *b = second;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return a->item < b->item ? -1 : a->item > b->item;
}

sm_uncertainty *sm_uncertainty_make(const sm_evaluated_image *const *images, int count) {
    const size_t items = (size_t)(count > 0 ? count : 0) + 1;
    sm_uncertainty *made = calloc(1, sizeof *made);
    if (!made) return NULL;
    *made = (sm_uncertainty){.by_expected = malloc(items * sizeof *made->by_expected),
                             .by_dice = malloc(items * sizeof *made->by_dice),
                             .failures = malloc(items * sizeof *made->failures),
                             .dice = malloc(items * sizeof *made->dice),
                             .expected = malloc(items * sizeof *made->expected),
                             .rank = malloc(items * sizeof *made->rank)};
    if (!made->by_expected || !made->by_dice || !made->failures || !made->dice || !made->expected || !made->rank) {
        sm_uncertainty_free(made);
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        if (!sm_evaluated_outlined(images[i])) continue;
        const int n = made->count++;
        made->dice[i] = images[i]->scores.dice;
        made->expected[i] = images[i]->expected_dice;
        made->by_dice[n] = (place){made->dice[i], i};
        made->by_expected[n] = (place){made->expected[i], i};
        made->failures[n] =
            (sm_roc_case){.score = -made->expected[i], .positive = made->dice[i] < SM_FAILED_DICE, .item = i};
    }
    qsort(made->by_expected, (size_t)made->count, sizeof *made->by_expected, ascending);
    qsort(made->by_dice, (size_t)made->count, sizeof *made->by_dice, ascending);
    sm_roc_sort(made->failures, made->count);
    return made;
}

void sm_uncertainty_free(sm_uncertainty *uncertainty) {
    if (!uncertainty) return;
    free(uncertainty->by_expected);
    free(uncertainty->by_dice);
    free(uncertainty->failures);
    free(uncertainty->dice);
    free(uncertainty->expected);
    free(uncertainty->rank);
    free(uncertainty);
}

/* Weighted sums of ranks, of their squares, and of their products with other ranks. */
typedef struct rank_sums {
    double rank, square, product;
} rank_sums;

/* Ranks the sorted list; equal values share their mean rank. The first call stores the ranks in `rank`; the second one
 * (`second`) sums the products with them. */
static rank_sums rank_all(const place *order, int count, const int *weights, double *rank, bool second) {
    rank_sums sums = {0};
    double passed = 0;
    for (int i = 0; i < count;) {
        double tied = 0;
        int end = i;
        do {
            tied += weights[order[end].item];
            end++;
        } while (end < count && order[end].value == order[i].value);
        const double mean = passed + (tied + 1) / 2;
        for (int k = i; k < end; k++) {
            const double weight = weights[order[k].item];
            if (second) sums.product += weight * mean * rank[order[k].item];
            if (!second) rank[order[k].item] = mean;
            sums.rank += weight * mean;
            sums.square += weight * mean * mean;
        }
        passed += tied;
        i = end;
    }
    return sums;
}

static double spearman(const sm_uncertainty *u, const int *weights) {
    double total = 0;
    for (int i = 0; i < u->count; i++) total += weights[i];
    if (total < 2) return NAN;
    const rank_sums expected = rank_all(u->by_expected, u->count, weights, u->rank, false);
    const rank_sums dice = rank_all(u->by_dice, u->count, weights, u->rank, true);
    const double covariance = dice.product / total - expected.rank / total * dice.rank / total;
    const double one = expected.square / total - expected.rank / total * expected.rank / total;
    const double other = dice.square / total - dice.rank / total * dice.rank / total;
    return one > 0 && other > 0 ? covariance / sqrt(one * other) : NAN;
}

sm_uncertainty_scores sm_uncertainty_score(const sm_uncertainty *u, const int *weights) {
    sm_uncertainty_scores scores = {.spearman = spearman(u, weights),
                                    .auroc = sm_roc_area(u->failures, u->count, weights)};
    double risk = 0, covered = 0, area = 0, bias = 0;
    for (int i = u->count - 1; i >= 0; i--) {
        const int item = u->by_expected[i].item;
        const double weight = weights[item];
        risk += weight * (1 - u->dice[item]);
        covered += weight;
        bias += weight * (u->expected[item] - u->dice[item]);
        if (weight > 0) area += weight * risk / covered;
    }
    scores.risk_coverage_area = covered > 0 ? area / covered : NAN;
    scores.bias = covered > 0 ? bias / covered : NAN;
    return scores;
}

int sm_risk_coverage(const sm_uncertainty *u, double *coverage, double *risk, double *best) {
    double sum = 0, best_sum = 0;
    for (int k = 0; k < u->count; k++) {
        sum += 1 - u->dice[u->by_expected[u->count - 1 - k].item];
        best_sum += 1 - u->by_dice[u->count - 1 - k].value;
        coverage[k] = (k + 1.0) / u->count;
        risk[k] = sum / (k + 1);
        best[k] = best_sum / (k + 1);
    }
    return u->count;
}
