#include "outlines.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/mask.h"
#include "../../src/status.h"

/* The lesions of a mask: labels, and each one's area at its label; [0] is not used. */
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
    if (status == SM_OK && !made->areas) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for areas");
    for (int i = 0; status == SM_OK && i < made->count; i++) made->areas[lesions[i].label] = lesions[i].area;
    free(lesions);
    free(copy);
    if (status != SM_OK) {
        labelled_free(made);
        *made = (labelled){0};
    }
    return status;
}

/* overlap[t] = pixels that a lesion shares with lesion t of the truth. */
static void count_overlap(const labelled *predicted, const labelled *truth, const sm_lesion *lesion, int width,
                          long long *overlap) {
    memset(overlap, 0, ((size_t)truth->count + 1) * sizeof *overlap);
    for (int y = lesion->top; y < lesion->top + lesion->height; y++)
        for (int x = lesion->left; x < lesion->left + lesion->width; x++) {
            const ptrdiff_t i = (ptrdiff_t)y * width + x;
            if (predicted->labels[i] == lesion->label) overlap[truth->labels[i]]++;
        }
}

static double dice_with_touched(const labelled *truth, const sm_lesion *lesion, const long long *overlap) {
    long long shared = 0, touched = 0;
    for (int t = 1; t <= truth->count; t++) {
        if (overlap[t] == 0) continue;
        shared += overlap[t];
        touched += truth->areas[t];
    }
    return 2.0 * (double)shared / (double)(touched + lesion->area);
}

sm_status sm_outlines_score(const sm_result *result, const uint8_t *truth_mask, int most, sm_outline_score *scores,
                            int *count, sm_error *error) {
    labelled predicted = {0}, truth = {0};
    *count = 0;
    if (result->lesion_count == 0) return SM_OK;
    /* The same mask is parted in the same way: labels are the result's own. */
    sm_status status = label(result->mask, result->width, result->height, &predicted, error);
    if (status == SM_OK) status = label(truth_mask, result->width, result->height, &truth, error);
    long long *overlap = status == SM_OK ? calloc((size_t)truth.count + 1, sizeof *overlap) : NULL;
    if (status == SM_OK && !overlap) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the lesions of a mask");
    for (int i = 0; status == SM_OK && i < result->lesion_count && i < most; i++) {
        const sm_lesion *lesion = &result->lesions[i];
        count_overlap(&predicted, &truth, lesion, result->width, overlap);
        scores[(*count)++] = (sm_outline_score){.dice = dice_with_touched(&truth, lesion, overlap),
                                                .expected = (double)lesion->expected_dice};
    }
    free(overlap);
    labelled_free(&predicted);
    labelled_free(&truth);
    return status;
}
