#include "outlines.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/mask.h"
#include "../../src/status.h"
#include "outline_reach.h"

/* The components of a mask: the label of each pixel, and areas[label]; areas[0] is not used. */
typedef struct labelled {
    int32_t *labels;
    long long *areas;
    int count;
} labelled;

static void labelled_free(labelled *mask) {
    free(mask->labels);
    free(mask->areas);
}

static sm_status label(const uint8_t *mask, int width, int height, labelled *made, sm_error *error) {
    const size_t pixels = (size_t)width * (size_t)height;
    uint8_t *copy = malloc(pixels);
    sm_lesion *lesions = NULL;
    *made = (labelled){.labels = malloc(pixels * sizeof *made->labels)};
    sm_status status = copy && made->labels ? SM_OK : SM_ERROR_MEMORY;
    if (status == SM_OK) {
        for (size_t i = 0; i < pixels; i++) copy[i] = mask[i] >= 128 ? 255 : 0;
        status = sm_mask_components(copy, width, height, 0, NULL, made->labels, &lesions, &made->count, error);
    } else {
        (void)sm_fail(error, SM_ERROR_MEMORY, "no memory for the lesions of a mask");
    }
    if (status == SM_OK) made->areas = calloc((size_t)made->count + 1, sizeof *made->areas);
    if (status == SM_OK && !made->areas) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the areas of lesions");
    for (int i = 0; status == SM_OK && i < made->count; i++) made->areas[lesions[i].label] = lesions[i].area;
    free(lesions);
    free(copy);
    if (status != SM_OK) {
        labelled_free(made);
        *made = (labelled){0};
    }
    return status;
}

/* The reference lesions, with room for what one outline shares with each of them. */
typedef struct comparison {
    labelled actual;
    long long *overlap; /* pixels */
    bool *touched;
} comparison;

static void count_overlap(const labelled *predicted, int32_t wanted, const sm_lesion *lesion, int width,
                          comparison *c) {
    memset(c->overlap, 0, ((size_t)c->actual.count + 1) * sizeof *c->overlap);
    for (int y = lesion->top; y < lesion->top + lesion->height; y++)
        for (int x = lesion->left; x < lesion->left + lesion->width; x++) {
            const ptrdiff_t i = (ptrdiff_t)y * width + x;
            if (predicted->labels[i] == wanted) c->overlap[c->actual.labels[i]]++;
        }
    for (int r = 0; r <= c->actual.count; r++) c->touched[r] = r > 0 && c->overlap[r] > 0;
}

static void score_dice(const comparison *c, const sm_lesion *lesion, sm_outline_score *score) {
    long long shared = 0;
    long long touched = 0;
    for (int r = 1; r <= c->actual.count; r++) {
        if (!c->touched[r]) continue;
        shared += c->overlap[r];
        touched += c->actual.areas[r];
    }
    score->dice = 2.0 * (double)shared / (double)(touched + lesion->area);
    score->found = shared > 0;
}

/* Scores the `count` outlines of one mask of the result. */
static sm_status score_mask(const sm_result *result, const uint8_t *mask, const sm_lesion *lesions, int count,
                            bool possible, comparison *c, sm_outline_scores *scores, sm_error *error) {
    labelled predicted = {0};
    if (count == 0) return SM_OK;
    sm_status status = label(mask, result->width, result->height, &predicted, error);
    for (int i = 0; status == SM_OK && i < count && scores->count < SM_OUTLINES_SCORED; i++) {
        const sm_lesion *lesion = &lesions[i];
        const int32_t wanted = i + 1; /* both are sorted by area, largest first */
        sm_outline_score *score = &scores->outlines[scores->count];
        *score = (sm_outline_score){.expected = (double)lesion->expected_dice,
                                    .presence = (double)lesion->presence,
                                    .margin = (double)lesion->margin,
                                    .long_axis = (double)lesion->long_axis,
                                    .possible = possible};
        count_overlap(&predicted, wanted, lesion, result->width, c);
        score_dice(c, lesion, score);
        if (score->found)
            status = sm_outline_reach(predicted.labels, wanted, c->actual.labels, c->touched, result->width,
                                      result->height, &score->reach, error);
        for (int r = 1; r <= scores->lesion_count; r++)
            if (c->touched[r] && score->presence > scores->lesion_presence[r - 1])
                scores->lesion_presence[r - 1] = score->presence;
        scores->count++;
    }
    labelled_free(&predicted);
    return status;
}

sm_status sm_outlines_score(const sm_result *result, const uint8_t *reference, sm_outline_scores *scores,
                            sm_error *error) {
    comparison c = {0};
    *scores = (sm_outline_scores){0};
    sm_status status = label(reference, result->width, result->height, &c.actual, error);
    if (status == SM_OK) {
        c.overlap = calloc((size_t)c.actual.count + 1, sizeof *c.overlap);
        c.touched = calloc((size_t)c.actual.count + 1, sizeof *c.touched);
        if (!c.overlap || !c.touched) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the lesions of a mask");
    }
    scores->lesion_count = c.actual.count < SM_LESIONS_SCORED ? c.actual.count : SM_LESIONS_SCORED;
    for (int r = 0; r < scores->lesion_count; r++) scores->lesion_presence[r] = -1;
    if (status == SM_OK)
        status = score_mask(result, result->mask, result->lesions, result->lesion_count, false, &c, scores, error);
    if (status == SM_OK && result->possible_mask)
        status = score_mask(result, result->possible_mask, result->possible, result->possible_count, true, &c, scores,
                            error);
    free(c.overlap);
    free(c.touched);
    labelled_free(&c.actual);
    return status;
}
