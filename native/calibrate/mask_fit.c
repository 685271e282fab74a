#include "mask_fit.h"

#include <math.h>
#include <stdlib.h>

const float sm_mask_areas[SM_MASK_AREAS] = {0.0f, 0.0005f, 0.001f, 0.0015f, 0.002f, 0.003f, 0.005f};

void sm_mask_try(const sm_outline_trials *outlines, const sm_decision *decision, float type_odds,
                 const double (*levels)[SM_MASK_AREAS], sm_mask_trial *trial) {
    for (int t = 0; t < SM_MASK_THRESHOLDS; t++)
        for (int a = 0; a < SM_MASK_AREAS; a++) {
            const sm_trial_rule rule = {.threshold = t,
                                        .minimum_area = sm_mask_areas[a],
                                        .decision = decision,
                                        .type_odds = type_odds,
                                        .level = decision ? levels[t][a] : 0};
            const sm_trial_answer answer = sm_trial_answer_of(outlines, &rule);
            trial->dice[t][a] = (float)answer.dice;
            trial->any[t][a] = answer.any;
        }
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
