#include "scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "uncertainty.h"

const sm_figure_info sm_figures[SM_FIGURE_COUNT] = {
    [SM_FIGURE_LESION_DICE] = {"lesion_dice", "Lesion Dice", SM_UNIT_SCORE},
    [SM_FIGURE_LESION_DICE_MEDIAN] = {"lesion_dice_median", "Lesion Dice, median", SM_UNIT_SCORE},
    [SM_FIGURE_BENIGN_DICE] = {"benign_dice", "Dice of benign lesions", SM_UNIT_SCORE},
    [SM_FIGURE_MALIGNANT_DICE] = {"malignant_dice", "Dice of malignant lesions", SM_UNIT_SCORE},
    [SM_FIGURE_LESION_IOU] = {"lesion_iou", "Lesion IoU", SM_UNIT_SCORE},
    [SM_FIGURE_MISSED] = {"missed_lesion_share", "Lesion images missed (Dice 0)", SM_UNIT_SHARE},
    [SM_FIGURE_HALF_FOUND] = {"dice_half_share", "Lesion images with Dice of 0.5 or more", SM_UNIT_SHARE},
    [SM_FIGURE_SURFACE_DICE] = {"surface_dice", "Surface Dice, tolerance 2 px", SM_UNIT_SCORE},
    [SM_FIGURE_HD95] = {"hd95", "HD95, mean", SM_UNIT_PIXELS},
    [SM_FIGURE_HD95_MEDIAN] = {"hd95_median", "HD95, median", SM_UNIT_PIXELS},
    [SM_FIGURE_FALSE_MASK] = {"normal_false_mask_share", "Normal images with a false mask", SM_UNIT_SHARE},
    [SM_FIGURE_ACCURACY] = {"accuracy", "3-class accuracy", SM_UNIT_SCORE},
    [SM_FIGURE_BALANCED_ACCURACY] = {"balanced_accuracy", "Balanced accuracy", SM_UNIT_SCORE},
    [SM_FIGURE_MACRO_F1] = {"macro_f1", "Macro F1", SM_UNIT_SCORE},
    [SM_FIGURE_MCC] = {"mcc", "Matthews correlation", SM_UNIT_SCORE},
    [SM_FIGURE_AUC_MALIGNANT_BENIGN] = {"auc_malignant_benign", "AUC malignant against benign", SM_UNIT_SCORE},
    [SM_FIGURE_AUC_MALIGNANT_REST] = {"auc_malignant_rest", "AUC malignant against the rest", SM_UNIT_SCORE},
    [SM_FIGURE_AUC_LESION_NORMAL] = {"auc_lesion_normal", "AUC lesion against normal", SM_UNIT_SCORE},
    [SM_FIGURE_ECE] = {"ece", "Type calibration error (ECE)", SM_UNIT_SCORE},
    [SM_FIGURE_BRIER] = {"brier", "Brier score of the type", SM_UNIT_SCORE},
    [SM_FIGURE_EXPECTED_SPEARMAN] = {"expected_dice_spearman", "Expected and true Dice, rank correlation",
                                     SM_UNIT_SCORE},
    [SM_FIGURE_EXPECTED_AUROC] = {"expected_dice_auroc", "AUC of the expected Dice for failures", SM_UNIT_SCORE},
    [SM_FIGURE_RISK_COVERAGE] = {"risk_coverage_area", "Area under the risk-coverage curve", SM_UNIT_SCORE},
    [SM_FIGURE_EXPECTED_BIAS] = {"expected_dice_bias", "Expected Dice, mean excess", SM_UNIT_SCORE},
    [SM_FIGURE_OUTLINE_AUROC] = {"outline_expected_dice_auroc", "AUC of an outline's expected Dice for failures",
                                 SM_UNIT_SCORE},
    [SM_FIGURE_PIXEL_AUROC] = {"pixel_uncertainty_auroc", "AUC of a pixel's doubt for wrong pixels", SM_UNIT_SCORE},
    [SM_FIGURE_WRONG_IN_DOUBTFUL] = {"wrong_in_doubtful_share", "Wrong pixels among the most doubtful tenth",
                                     SM_UNIT_SHARE},
    [SM_FIGURE_FLAGGED] = {"flagged_foreign_share", "Flagged as no ultrasound", SM_UNIT_SHARE},
};

/* An item of a list sorted by value, for medians under weights. */
typedef struct ranked {
    double value;
    int item;
} ranked;

/* Everything that the figures need, sorted once, so that each bootstrap replicate is a few linear passes. */
typedef struct prepared {
    const sm_evaluated_image *const *images;
    int count;
    int *groups; /* of each image */
    int group_count;
    ranked *dice, *hd95;
    int dice_count, hd95_count;
    sm_roc_case *cases[SM_ROC_QUESTION_COUNT];
    int case_count[SM_ROC_QUESTION_COUNT];
    double (*calibrated)[SM_CLASS_COUNT];
    sm_class *truth;
    sm_uncertainty *uncertainty;
    sm_roc_case *outlines;
    int outline_count;
    bool knows_outliers; /* some image has an outlier score */
} prepared;

static bool is_case(sm_class type, sm_roc_question question) {
    return question != SM_ROC_MALIGNANT_BENIGN || type != SM_CLASS_NORMAL;
}

int sm_roc_cases(const sm_evaluated_image *const *images, int count, sm_roc_question question, sm_roc_case *cases) {
    int filled = 0;
    for (int i = 0; i < count; i++) {
        const sm_evaluated_image *image = images[i];
        if (!is_case(image->record->type, question)) continue;
        bool lesion = question == SM_ROC_LESION_NORMAL;
        cases[filled++] = (sm_roc_case){
            .score = lesion ? 1.0 - image->probabilities[SM_CLASS_NORMAL] : image->probabilities[SM_CLASS_MALIGNANT],
            .positive = lesion ? image->record->type != SM_CLASS_NORMAL : image->record->type == SM_CLASS_MALIGNANT,
            .item = i};
    }
    sm_roc_sort(cases, filled);
    return filled;
}

static int by_rank(const void *first, const void *second) {
    const ranked *a = first, *b = second;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return a->item < b->item ? -1 : a->item > b->item;
}

/* Value at 0-based place `position` when each item stands there weights[item] times. */
static double at_place(const ranked *sorted, int count, const int *weights, long long position) {
    long long passed = 0;
    for (int i = 0; i < count; i++) {
        passed += weights[sorted[i].item];
        if (passed > position) return sorted[i].value;
    }
    return NAN;
}

static double weighted_median(const ranked *sorted, int count, const int *weights) {
    long long total = 0;
    for (int i = 0; i < count; i++) total += weights[sorted[i].item];
    if (total == 0) return NAN;
    return (at_place(sorted, count, weights, (total - 1) / 2) + at_place(sorted, count, weights, total / 2)) / 2;
}

typedef struct weighted_mean {
    double sum, weight;
} weighted_mean;

static void take(weighted_mean *mean, double value, double weight) {
    if (!isfinite(value)) return;
    mean->sum += value * weight;
    mean->weight += weight;
}

static double result(const weighted_mean *mean) { return mean->weight > 0 ? mean->sum / mean->weight : NAN; }

static void mask_figures(const prepared *data, const int *weights, double *figure) {
    weighted_mean dice = {0}, benign = {0}, malignant = {0}, iou = {0}, missed = {0}, half = {0}, surface = {0};
    weighted_mean hd95 = {0}, false_mask = {0};
    for (int i = 0; i < data->count; i++) {
        const sm_evaluated_image *image = data->images[i];
        double weight = weights[i];
        if (image->record->type == SM_CLASS_NORMAL) take(&false_mask, sm_evaluated_has_mask(image), weight);
        if (!sm_evaluated_has_lesion(image)) continue;
        double score = image->scores.dice;
        take(&dice, score, weight);
        if (image->record->type == SM_CLASS_BENIGN) take(&benign, score, weight);
        if (image->record->type == SM_CLASS_MALIGNANT) take(&malignant, score, weight);
        take(&iou, image->scores.iou, weight);
        take(&missed, score <= 0, weight);
        take(&half, score >= 0.5, weight);
        take(&surface, image->surface.surface_dice, weight);
        take(&hd95, image->surface.hd95, weight);
    }
    figure[SM_FIGURE_LESION_DICE] = result(&dice);
    figure[SM_FIGURE_LESION_DICE_MEDIAN] = weighted_median(data->dice, data->dice_count, weights);
    figure[SM_FIGURE_BENIGN_DICE] = result(&benign);
    figure[SM_FIGURE_MALIGNANT_DICE] = result(&malignant);
    figure[SM_FIGURE_LESION_IOU] = result(&iou);
    figure[SM_FIGURE_MISSED] = result(&missed);
    figure[SM_FIGURE_HALF_FOUND] = result(&half);
    figure[SM_FIGURE_SURFACE_DICE] = result(&surface);
    figure[SM_FIGURE_HD95] = result(&hd95);
    figure[SM_FIGURE_HD95_MEDIAN] = weighted_median(data->hd95, data->hd95_count, weights);
    figure[SM_FIGURE_FALSE_MASK] = result(&false_mask);
}

static sm_confusion confusion_of(const prepared *data, const int *weights) {
    sm_confusion confusion = {0};
    for (int i = 0; i < data->count; i++) confusion.count[data->truth[i]][data->images[i]->predicted] += weights[i];
    return confusion;
}

/* An sm_bootstrap_statistic. */
static void figures(void *data_pointer, const int *weights, double *figure) {
    const prepared *data = data_pointer;
    mask_figures(data, weights, figure);
    sm_confusion confusion = confusion_of(data, weights);
    sm_classification_report types = sm_classification_report_of(&confusion);
    figure[SM_FIGURE_ACCURACY] = types.accuracy;
    figure[SM_FIGURE_BALANCED_ACCURACY] = types.balanced_accuracy;
    figure[SM_FIGURE_MACRO_F1] = types.macro.f1;
    figure[SM_FIGURE_MCC] = types.mcc;
    for (int q = 0; q < SM_ROC_QUESTION_COUNT; q++)
        figure[SM_FIGURE_AUC_MALIGNANT_BENIGN + q] = sm_roc_area(data->cases[q], data->case_count[q], weights);
    sm_reliability calibration =
        sm_reliability_of((const double(*)[SM_CLASS_COUNT])data->calibrated, data->truth, weights, data->count);
    figure[SM_FIGURE_ECE] = calibration.ece;
    figure[SM_FIGURE_BRIER] = calibration.brier;
    const sm_uncertainty_scores uncertainty = sm_uncertainty_score(data->uncertainty, weights);
    figure[SM_FIGURE_EXPECTED_SPEARMAN] = uncertainty.spearman;
    figure[SM_FIGURE_EXPECTED_AUROC] = uncertainty.auroc;
    figure[SM_FIGURE_RISK_COVERAGE] = uncertainty.risk_coverage_area;
    figure[SM_FIGURE_EXPECTED_BIAS] = uncertainty.bias;
    figure[SM_FIGURE_OUTLINE_AUROC] = sm_roc_area(data->outlines, data->outline_count, weights);
    weighted_mean pixel_auroc = {0}, doubtful = {0}, flagged = {0};
    for (int i = 0; i < data->count; i++) {
        take(&pixel_auroc, data->images[i]->pixel_uncertainty.auroc, weights[i]);
        take(&doubtful, data->images[i]->pixel_uncertainty.wrong_in_doubtful, weights[i]);
        if (data->knows_outliers) take(&flagged, !data->images[i]->looks_like_ultrasound, weights[i]);
    }
    figure[SM_FIGURE_PIXEL_AUROC] = result(&pixel_auroc);
    figure[SM_FIGURE_WRONG_IN_DOUBTFUL] = result(&doubtful);
    figure[SM_FIGURE_FLAGGED] = result(&flagged);
}

typedef struct group_name {
    const char *name;
    int item;
} group_name;

static int by_name(const void *first, const void *second) {
    const group_name *a = first, *b = second;
    int order = strcmp(a->name, b->name);
    return order != 0 ? order : a->item < b->item ? -1 : a->item > b->item;
}

static bool number_groups(prepared *data) {
    group_name *names = malloc((size_t)data->count * sizeof *names);
    if (!names) return false;
    for (int i = 0; i < data->count; i++) {
        const char *name = data->images[i]->record->group;
        names[i] = (group_name){name ? name : "", i};
    }
    qsort(names, (size_t)data->count, sizeof *names, by_name);
    for (int i = 0; i < data->count; i++) {
        if (i == 0 || strcmp(names[i].name, names[i - 1].name) != 0) data->group_count++;
        data->groups[names[i].item] = data->group_count - 1;
    }
    free(names);
    return true;
}

static void prepared_free(prepared *data) {
    free(data->groups);
    free(data->dice);
    free(data->hd95);
    for (int q = 0; q < SM_ROC_QUESTION_COUNT; q++) free(data->cases[q]);
    free(data->calibrated);
    free(data->truth);
    sm_uncertainty_free(data->uncertainty);
    free(data->outlines);
}

/* Outlines, the least expected of them first, that fail or not. */
static void gather_outlines(prepared *data) {
    for (int i = 0; i < data->count; i++)
        for (int k = 0; k < data->images[i]->outline_count; k++) {
            const sm_outline_score *outline = &data->images[i]->outlines[k];
            data->outlines[data->outline_count++] =
                (sm_roc_case){.score = -outline->expected, .positive = outline->dice < SM_FAILED_DICE, .item = i};
        }
    sm_roc_sort(data->outlines, data->outline_count);
}

static bool prepare(prepared *data, const sm_evaluated_image *const *images, int count) {
    size_t items = (size_t)count;
    *data = (prepared){.images = images,
                       .count = count,
                       .groups = malloc(items * sizeof *data->groups),
                       .dice = malloc(items * sizeof *data->dice),
                       .hd95 = malloc(items * sizeof *data->hd95),
                       .calibrated = malloc(items * sizeof *data->calibrated),
                       .truth = malloc(items * sizeof *data->truth),
                       .uncertainty = sm_uncertainty_make(images, count),
                       .outlines = malloc(items * SM_OUTLINES_SCORED * sizeof *data->outlines)};
    bool made = data->groups && data->dice && data->hd95 && data->calibrated && data->truth && data->uncertainty &&
                data->outlines;
    for (int q = 0; q < SM_ROC_QUESTION_COUNT; q++) {
        data->cases[q] = malloc(items * sizeof(sm_roc_case));
        if (!data->cases[q]) made = false;
    }
    if (!made || !number_groups(data)) return false;
    for (int q = 0; q < SM_ROC_QUESTION_COUNT; q++)
        data->case_count[q] = sm_roc_cases(images, count, (sm_roc_question)q, data->cases[q]);
    for (int i = 0; i < count; i++) {
        data->truth[i] = images[i]->record->type;
        if (images[i]->outlier_score > 0) data->knows_outliers = true;
        memcpy(data->calibrated[i], images[i]->probabilities, sizeof data->calibrated[i]);
        if (!sm_evaluated_has_lesion(images[i])) continue;
        data->dice[data->dice_count++] = (ranked){images[i]->scores.dice, i};
        if (isfinite(images[i]->surface.hd95)) data->hd95[data->hd95_count++] = (ranked){images[i]->surface.hd95, i};
    }
    gather_outlines(data);
    qsort(data->dice, (size_t)data->dice_count, sizeof *data->dice, by_rank);
    qsort(data->hd95, (size_t)data->hd95_count, sizeof *data->hd95, by_rank);
    return true;
}

/* Pixelwise and imagewise scores; `scratch` holds `count` scores. */
static void score_masks(const prepared *data, sm_binary_scores *scratch, sm_score_set *scores) {
    for (int i = 0; i < data->count; i++) {
        sm_pixel_counts_add(&scores->pixels, &data->images[i]->pixels);
        scratch[i] = data->images[i]->scores;
    }
    scores->pixelwise = sm_binary_scores_of(&scores->pixels);
    scores->imagewise = sm_binary_scores_mean(scratch, data->count);
    int lesions = 0;
    for (int i = 0; i < data->count; i++)
        if (sm_evaluated_has_lesion(data->images[i])) scratch[lesions++] = data->images[i]->scores;
    scores->imagewise_lesions = sm_binary_scores_mean(scratch, lesions);
}

static void set_empty(sm_score_set *scores) {
    *scores = (sm_score_set){.milliseconds = NAN};
    for (int f = 0; f < SM_FIGURE_COUNT; f++) {
        scores->figure[f] = NAN;
        scores->interval[f] = (sm_interval){NAN, NAN};
    }
    scores->types = sm_classification_report_of(&scores->confusion);
    scores->calibrated = scores->uncalibrated = sm_reliability_of(NULL, NULL, NULL, 0);
    scores->pixelwise = sm_binary_scores_of(&scores->pixels);
    scores->imagewise = scores->imagewise_lesions = sm_binary_scores_mean(NULL, 0);
}

sm_status sm_score_set_of(const sm_evaluated_image *const *images, int count, uint64_t seed, sm_score_set *scores,
                          sm_error *error) {
    set_empty(scores);
    if (count < 1) return SM_OK;
    prepared data;
    int *ones = calloc((size_t)count, sizeof *ones);
    sm_binary_scores *scratch = malloc((size_t)count * sizeof *scratch);
    double(*raw)[SM_CLASS_COUNT] = malloc((size_t)count * sizeof *raw);
    bool made = prepare(&data, images, count);
    sm_status status = SM_OK;
    if (!made || !ones || !scratch || !raw) {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the scores of %d images", count);
        goto done;
    }
    double milliseconds = 0;
    scores->images = count;
    scores->groups = data.group_count;
    for (int i = 0; i < count; i++) {
        ones[i] = 1;
        memcpy(raw[i], images[i]->raw_probabilities, sizeof raw[i]);
        if (sm_evaluated_has_lesion(images[i])) scores->lesion_images++;
        if (images[i]->record->type == SM_CLASS_NORMAL) scores->normal_images++;
        milliseconds += images[i]->milliseconds;
    }
    scores->milliseconds = milliseconds / count;
    figures(&data, ones, scores->figure);
    scores->confusion = confusion_of(&data, ones);
    scores->types = sm_classification_report_of(&scores->confusion);
    scores->calibrated = sm_reliability_of((const double(*)[SM_CLASS_COUNT])data.calibrated, data.truth, NULL, count);
    scores->uncalibrated = sm_reliability_of((const double(*)[SM_CLASS_COUNT])raw, data.truth, NULL, count);
    score_masks(&data, scratch, scores);
    status = sm_bootstrap(data.groups, count, data.group_count, SM_BOOTSTRAP_REPLICATES, seed, figures, &data,
                          SM_FIGURE_COUNT, scores->interval, error);
done:
    prepared_free(&data);
    free(raw);
    free(scratch);
    free(ones);
    return status;
}
