#include "mask_fit.h"

#include <math.h>
#include <stdlib.h>

#include "../../src/mask_label.h"

const float sm_mask_thresholds[SM_MASK_THRESHOLDS] = {0.10f, 0.15f, 0.20f, 0.25f, 0.30f, 0.35f, 0.40f, 0.45f, 0.50f,
                                                      0.55f, 0.60f, 0.65f, 0.70f, 0.75f, 0.80f, 0.85f, 0.90f};
const float sm_mask_areas[SM_MASK_AREAS] = {0.0f, 0.0005f, 0.001f, 0.0015f, 0.002f, 0.003f, 0.005f, 0.0075f, 0.01f};

/** Pixels of one component, and those of them that are lesion in the target. */
typedef struct part {
    int area, both;
} part;

static void try_areas(const part *parts, int part_count, int target, double pixels, int threshold,
                      sm_mask_trial *trial) {
    for (int a = 0; a < SM_MASK_AREAS; a++) {
        /* The same rounding as in sm_segment. */
        const int smallest = (int)((double)sm_mask_areas[a] * pixels);
        int predicted = 0;
        int both = 0;
        for (int i = 0; i < part_count; i++) {
            if (parts[i].area < smallest) continue;
            predicted += parts[i].area;
            both += parts[i].both;
        }
        trial->any[threshold][a] = predicted > 0;
        trial->dice[threshold][a] = predicted + target > 0 ? (float)(2.0 * both / ((double)predicted + target)) : 1.0f;
    }
}

sm_status sm_mask_try(const sm_sample *sample, const float *probability, sm_mask_trial *trial, sm_error *error) {
    const size_t pixels = (size_t)sample->width * (size_t)sample->height;
    uint8_t *mask = malloc(pixels);
    int32_t *labels = malloc(pixels * sizeof *labels);
    sm_status status =
        mask && labels ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory to try %d thresholds", SM_MASK_THRESHOLDS);
    int target = 0;
    for (size_t i = 0; i < pixels; i++) target += sample->mask[i] >= 128;
    for (int t = 0; status == SM_OK && t < SM_MASK_THRESHOLDS; t++) {
        int count = 0;
        sm_mask_threshold(probability, (int)pixels, sm_mask_thresholds[t], mask);
        status = sm_mask_label(mask, sample->width, sample->height, labels, &count, error);
        if (status != SM_OK) break;
        part *parts = calloc((size_t)count + 1, sizeof *parts);
        if (!parts) {
            status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the %d parts of a mask", count);
            break;
        }
        for (size_t i = 0; i < pixels; i++) {
            parts[labels[i]].area++;
            parts[labels[i]].both += sample->mask[i] >= 128;
        }
        try_areas(parts + 1, count, target, (double)pixels, t, trial);
        free(parts);
    }
    free(mask);
    free(labels);
    return status;
}

sm_mask_choice sm_mask_judge(const sm_mask_case *cases, int count, int threshold, int area) {
    double dice = 0;
    double lesions = 0;
    double masks = 0;
    double normals = 0;
    for (int i = 0; i < count; i++) {
        lesions += cases[i].lesion_weight;
        normals += cases[i].normal_weight;
        dice += cases[i].lesion_weight * (double)cases[i].trial->dice[threshold][area];
        if (cases[i].trial->any[threshold][area]) masks += cases[i].normal_weight;
    }
    return (sm_mask_choice){.threshold = threshold,
                            .area = area,
                            .lesion_dice = lesions > 0 ? dice / lesions : NAN,
                            .false_masks = normals > 0 ? masks / normals : NAN};
}

sm_mask_choice sm_mask_choose(const sm_mask_case *cases, int count, double false_mask_price) {
    double objective[SM_MASK_THRESHOLDS][SM_MASK_AREAS];
    for (int t = 0; t < SM_MASK_THRESHOLDS; t++)
        for (int a = 0; a < SM_MASK_AREAS; a++) {
            const sm_mask_choice choice = sm_mask_judge(cases, count, t, a);
            objective[t][a] = (isfinite(choice.lesion_dice) ? choice.lesion_dice : 0) -
                              (isfinite(choice.false_masks) ? false_mask_price * choice.false_masks : 0);
        }
    int best_threshold = 0;
    int best_area = 0;
    double best = -INFINITY;
    for (int t = 0; t < SM_MASK_THRESHOLDS; t++)
        for (int a = 0; a < SM_MASK_AREAS; a++) {
            double sum = 0;
            int cells = 0;
            for (int i = t > 0 ? t - 1 : 0; i <= t + 1 && i < SM_MASK_THRESHOLDS; i++)
                for (int k = a > 0 ? a - 1 : 0; k <= a + 1 && k < SM_MASK_AREAS; k++) {
                    sum += objective[i][k];
                    cells++;
                }
            const double mean = sum / cells;
            const bool nearer =
                abs(2 * t - (SM_MASK_THRESHOLDS - 1)) < abs(2 * best_threshold - (SM_MASK_THRESHOLDS - 1));
            if (mean < best - 1e-12 || (mean <= best + 1e-12 && !nearer)) continue;
            best = mean;
            best_threshold = t;
            best_area = a;
        }
    return sm_mask_judge(cases, count, best_threshold, best_area);
}
