/** Agreement of what is measured from the outlines of the network with what is measured from those of the expert. */
#ifndef SONOMASK_MEASURES_H
#define SONOMASK_MEASURES_H

#include "outlines.h"

/** The words whose agreement is scored: shape (of three), orientation and margin (circumscribed or not). */
typedef enum sm_word { SM_WORD_SHAPE, SM_WORD_ORIENTATION, SM_WORD_MARGIN, SM_WORDS } sm_word;

/** A found lesion. [0] is measured from the network's outline, [1] from the expert's. */
typedef struct sm_measure_pair {
    double long_axis[2]; /**< pixels */
    int words[SM_WORDS][2];
} sm_measure_pair;

typedef struct sm_measure_pairs {
    int count;
    sm_measure_pair pairs[SM_LESIONS_SCORED];
} sm_measure_pairs;

/**
 * Pairs the outlines of the result's mask with the lesions of the mask `reference` ([height][width], lesion where at
 * least 128): an outline and a lesion are a pair when each shares more pixels with the other than with any other one.
 * At most SM_LESIONS_SCORED lesions, the largest, are paired. Both are described from `image` (descriptors.h). Errors:
 * SM_ERROR_MEMORY.
 */
sm_status sm_measures_pair(const sm_image *image, const sm_result *result, const uint8_t *reference,
                           sm_measure_pairs *pairs, sm_error *error);

/** Sums over weighted pairs. Zero-initialise. */
typedef struct sm_measure_sums {
    double weight, sum[2], squares[2], product; /**< of the long axes */
    double counts[SM_WORDS][3][3];              /**< by network's and expert's word */
} sm_measure_sums;

void sm_measure_sums_add(sm_measure_sums *sums, const sm_measure_pair *pair, double weight);

/**
 * Intraclass correlation of the long axes for absolute agreement of single measures, two-way random effects: ICC(2,1)
 * of P. E. Shrout and J. L. Fleiss (Psychological Bulletin 86, 1979), ICC(A,1) of K. O. McGraw and S. P. Wong (1996).
 * NaN for fewer than two lesions, or lesions of one size.
 */
double sm_measure_icc(const sm_measure_sums *sums);

/** J. Cohen's kappa, unweighted (1960); NaN without lesions, or when all have one word. */
double sm_measure_kappa(const sm_measure_sums *sums, sm_word word);

#endif
