#include "outlines.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/mask.h"
#include "../../src/status.h"

/* The lesions of a mask: the label of each pixel, and areas[label]; areas[0] is not used. */
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

/* overlap[r] = pixels that a predicted lesion shares with reference lesion r. */
static void count_overlap(const labelled *predicted, const labelled *reference, const sm_lesion *lesion, int width,
                          long long *overlap) {
    memset(overlap, 0, ((size_t)reference->count + 1) * sizeof *overlap);
    for (int y = lesion->top; y < lesion->top + lesion->height; y++)
        for (int x = lesion->left; x < lesion->left + lesion->width; x++) {
            const ptrdiff_t i = (ptrdiff_t)y * width + x;
            if (predicted->labels[i] == lesion->label) overlap[reference->labels[i]]++;
        }
}

static double dice_with_touched(const labelled *reference, const sm_lesion *lesion, const long long *overlap) {
    long long shared = 0, touched = 0;
    for (int r = 1; r <= reference->count; r++) {
        if (overlap[r] == 0) continue;
        shared += overlap[r];
        touched += reference->areas[r];
    }
    return 2.0 * (double)shared / (double)(touched + lesion->area);
}

sm_status sm_outlines_score(const sm_result *result, const uint8_t *reference, int most, sm_outline_score *scores,
                            int *count, sm_error *error) {
    labelled predicted = {0}, actual = {0};
    *count = 0;
    if (result->lesion_count == 0) return SM_OK;
    /* The components of the same mask get the same labels as in the result. */
    sm_status status = label(result->mask, result->width, result->height, &predicted, error);
    if (status == SM_OK) status = label(reference, result->width, result->height, &actual, error);
    long long *overlap = status == SM_OK ? calloc((size_t)actual.count + 1, sizeof *overlap) : NULL;
    if (status == SM_OK && !overlap) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the lesions of a mask");
    for (int i = 0; status == SM_OK && i < result->lesion_count && i < most; i++) {
        const sm_lesion *lesion = &result->lesions[i];
        count_overlap(&predicted, &actual, lesion, result->width, overlap);
        scores[(*count)++] = (sm_outline_score){.dice = dice_with_touched(&actual, lesion, overlap),
                                                .expected = (double)lesion->expected_dice};
    }
    free(overlap);
    labelled_free(&predicted);
    labelled_free(&actual);
    return status;
}
