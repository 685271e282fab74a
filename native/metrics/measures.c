#include "measures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/status.h"

/* The lesions of a mask, with the label of each pixel. */
typedef struct labelled {
    uint8_t *mask;
    int32_t *labels;
    sm_lesion *lesions;
    int count;
} labelled;

static void labelled_free(labelled *l) {
    free(l->mask);
    free(l->labels);
    sm_free(l->lesions);
}

static sm_status label(const uint8_t *mask, int width, int height, labelled *l, sm_error *error) {
    const size_t count = (size_t)width * (size_t)height;
    *l = (labelled){.mask = malloc(count), .labels = malloc(count * sizeof(int32_t))};
    if (!l->mask || !l->labels) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the lesions of a mask");
    for (size_t i = 0; i < count; i++) l->mask[i] = mask[i] >= 128 ? 255 : 0;
    return sm_mask_components(l->mask, width, height, 0, NULL, l->labels, &l->lesions, &l->count, error);
}

/* Pixels that each outline shares with each of the first `actual` lesions, [predicted->count][SM_LESIONS_SCORED]. */
static void count_shared(const labelled *predicted, const labelled *actual, size_t pixels, int *shared) {
    for (size_t i = 0; i < pixels; i++) {
        const int32_t p = predicted->labels[i], a = actual->labels[i];
        if (p > 0 && a > 0 && a <= SM_LESIONS_SCORED) shared[(p - 1) * SM_LESIONS_SCORED + a - 1]++;
    }
}

/* The outline that is the pair of a lesion; -1: none. */
static int partner(const int *shared, int outlines, int lesion) {
    int best = -1;
    for (int p = 0; p < outlines; p++)
        if (shared[p * SM_LESIONS_SCORED + lesion] > (best < 0 ? 0 : shared[best * SM_LESIONS_SCORED + lesion]))
            best = p;
    for (int a = 0; best >= 0 && a < SM_LESIONS_SCORED; a++)
        if (a != lesion && shared[best * SM_LESIONS_SCORED + a] > shared[best * SM_LESIONS_SCORED + lesion]) return -1;
    return best;
}

static sm_status describe(const sm_image *image, const sm_result *result, const labelled *from, int index, int side,
                          sm_measure_pair *pair, sm_error *error) {
    const sm_lesion *lesion = &from->lesions[index];
    sm_descriptors d;
    const sm_status status =
        sm_describe_lesions(image, from->mask, lesion, 1, result->regions, result->region_count, &d, error);
    if (status != SM_OK) return status;
    pair->long_axis[side] = (double)lesion->long_axis;
    pair->words[SM_WORD_SHAPE][side] = (int)d.shape;
    pair->words[SM_WORD_ORIENTATION][side] = d.parallel;
    pair->words[SM_WORD_MARGIN][side] = d.margin == 0;
    return SM_OK;
}

sm_status sm_measures_pair(const sm_image *image, const sm_result *result, const uint8_t *reference,
                           sm_measure_pairs *pairs, sm_error *error) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    labelled predicted = {0}, actual = {0};
    int *shared = NULL;
    *pairs = (sm_measure_pairs){0};
    sm_status status = label(result->mask, result->width, result->height, &predicted, error);
    if (status == SM_OK) status = label(reference, result->width, result->height, &actual, error);
    if (status == SM_OK) {
        shared = calloc((size_t)predicted.count * SM_LESIONS_SCORED + 1, sizeof *shared);
        if (!shared) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the lesions of a mask");
    }
    if (status == SM_OK) count_shared(&predicted, &actual, pixels, shared);
    for (int a = 0; status == SM_OK && a < actual.count && a < SM_LESIONS_SCORED; a++) {
        const int p = partner(shared, predicted.count, a);
        if (p < 0) continue;
        sm_measure_pair *pair = &pairs->pairs[pairs->count++];
        status = describe(image, result, &predicted, p, 0, pair, error);
        if (status == SM_OK) status = describe(image, result, &actual, a, 1, pair, error);
    }
    free(shared);
    labelled_free(&predicted);
    labelled_free(&actual);
    return status;
}

void sm_measure_sums_add(sm_measure_sums *sums, const sm_measure_pair *pair, double weight) {
    const double network = pair->long_axis[0], expert = pair->long_axis[1];
    sums->weight += weight;
    for (int side = 0; side < 2; side++) {
        sums->sum[side] += weight * pair->long_axis[side];
        sums->squares[side] += weight * pair->long_axis[side] * pair->long_axis[side];
    }
    sums->product += weight * network * expert;
    for (int w = 0; w < SM_WORDS; w++) sums->counts[w][pair->words[w][0]][pair->words[w][1]] += weight;
}

double sm_measure_icc(const sm_measure_sums *sums) {
    const double n = sums->weight, a = sums->sum[0], b = sums->sum[1], grand = (a + b) / (2 * n);
    if (n < 2) return NAN;
    /* Sums of squares: between lesions, between the two outlines, and the rest. */
    const double lesions = (sums->squares[0] + sums->squares[1] + 2 * sums->product) / 2 - 2 * n * grand * grand;
    const double sides = n * ((a / n - grand) * (a / n - grand) + (b / n - grand) * (b / n - grand));
    const double all = sums->squares[0] + sums->squares[1] - 2 * n * grand * grand;
    const double between = lesions / (n - 1), rest = (all - lesions - sides) / (n - 1);
    const double whole = between + rest + 2 / n * (sides - rest);
    return whole > 0 ? (between - rest) / whole : NAN;
}

double sm_measure_kappa(const sm_measure_sums *sums, sm_word word) {
    double agreed = 0, chance = 0;
    for (int k = 0; k < 3; k++) {
        double row = 0, column = 0;
        for (int j = 0; j < 3; j++) {
            row += sums->counts[word][k][j];
            column += sums->counts[word][j][k];
        }
        agreed += sums->counts[word][k][k];
        chance += row * column;
    }
    const double n = sums->weight;
    if (n <= 0 || n * n - chance < 1e-9 * n * n) return NAN;
    return (agreed * n - chance) / (n * n - chance);
}
