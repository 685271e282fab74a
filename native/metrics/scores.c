#include "scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "groups.h"
#include "uncertainty.h"

const sm_metric_info sm_metrics[SM_METRIC_COUNT] = {
    [SM_METRIC_LESION_DICE] = {"lesion_dice", "Lesion Dice", SM_UNIT_SCORE},
    [SM_METRIC_LESION_DICE_MEDIAN] = {"lesion_dice_median", "Lesion Dice, median", SM_UNIT_SCORE},
    [SM_METRIC_BENIGN_DICE] = {"benign_dice", "Dice of benign lesions", SM_UNIT_SCORE},
    [SM_METRIC_MALIGNANT_DICE] = {"malignant_dice", "Dice of malignant lesions", SM_UNIT_SCORE},
    [SM_METRIC_LESION_IOU] = {"lesion_iou", "Lesion IoU", SM_UNIT_SCORE},
    [SM_METRIC_MISSED] = {"missed_lesion_share", "Lesion images missed (Dice 0)", SM_UNIT_SHARE},
    [SM_METRIC_HALF_FOUND] = {"dice_half_share", "Lesion images with Dice of 0.5 or more", SM_UNIT_SHARE},
    [SM_METRIC_SURFACE_DICE] = {"surface_dice", "Surface Dice, tolerance 2 px", SM_UNIT_SCORE},
    [SM_METRIC_HD95] = {"hd95", "HD95, mean", SM_UNIT_PIXELS},
    [SM_METRIC_HD95_MEDIAN] = {"hd95_median", "HD95, median", SM_UNIT_PIXELS},
    [SM_METRIC_FALSE_MASK] = {"normal_false_mask_share", "Normal images with a false mask", SM_UNIT_SHARE},
    [SM_METRIC_ACCURACY] = {"accuracy", "3-class accuracy", SM_UNIT_SCORE},
    [SM_METRIC_BALANCED_ACCURACY] = {"balanced_accuracy", "Balanced accuracy", SM_UNIT_SCORE},
    [SM_METRIC_MACRO_F1] = {"macro_f1", "Macro F1", SM_UNIT_SCORE},
    [SM_METRIC_MCC] = {"mcc", "Matthews correlation", SM_UNIT_SCORE},
    [SM_METRIC_AUC_MALIGNANT_BENIGN] = {"auc_malignant_benign", "AUC malignant against benign", SM_UNIT_SCORE},
    [SM_METRIC_AUC_MALIGNANT_REST] = {"auc_malignant_rest", "AUC malignant against the rest", SM_UNIT_SCORE},
    [SM_METRIC_AUC_LESION_NORMAL] = {"auc_lesion_normal", "AUC lesion against normal, by type", SM_UNIT_SCORE},
    [SM_METRIC_AUC_PRESENCE] = {"auc_presence", "AUC lesion against none, by presence", SM_UNIT_SCORE},
    [SM_METRIC_PRESENCE_ECE] = {"presence_ece", "Presence calibration error (ECE)", SM_UNIT_SCORE},
    [SM_METRIC_ECE] = {"ece", "Type calibration error (ECE)", SM_UNIT_SCORE},
    [SM_METRIC_BRIER] = {"brier", "Brier score of the type", SM_UNIT_SCORE},
    [SM_METRIC_EXPECTED_SPEARMAN] = {"expected_dice_spearman", "Rank correlation of expected and true Dice",
                                     SM_UNIT_SCORE},
    [SM_METRIC_EXPECTED_AUROC] = {"expected_dice_auroc", "AUC of the expected Dice for failures", SM_UNIT_SCORE},
    [SM_METRIC_RISK_COVERAGE] = {"risk_coverage_area", "Area under the risk-coverage curve", SM_UNIT_SCORE},
    [SM_METRIC_EXPECTED_BIAS] = {"expected_dice_bias", "Expected minus true Dice, mean", SM_UNIT_SCORE},
    [SM_METRIC_OUTLINE_AUROC] = {"outline_expected_dice_auroc", "AUC of an outline's expected Dice for failures",
                                 SM_UNIT_SCORE},
    [SM_METRIC_PIXEL_AUROC] = {"pixel_uncertainty_auroc", "AUC of a pixel's uncertainty for wrong pixels",
                               SM_UNIT_SCORE},
    [SM_METRIC_WRONG_IN_UNCERTAIN] = {"wrong_in_doubtful_share", "Wrong pixels among the most uncertain tenth",
                                      SM_UNIT_SHARE},
    [SM_METRIC_FLAGGED] = {"flagged_foreign_share", "Flagged as out-of-distribution", SM_UNIT_SHARE},
    [SM_METRIC_FALSE_MASK_80] = {"normal_false_mask_share_80", "Normal images with a false mask, 80 % kept",
                                 SM_UNIT_SHARE},
    [SM_METRIC_FALSE_MASK_90] = {"normal_false_mask_share_90", "Normal images with a false mask, 90 % kept",
                                 SM_UNIT_SHARE},
    [SM_METRIC_FALSE_MASK_95] = {"normal_false_mask_share_95", "Normal images with a false mask, 95 % kept",
                                 SM_UNIT_SHARE},
    [SM_METRIC_MISSED_80] = {"missed_lesion_share_80", "Lesion images missed, 80 % kept", SM_UNIT_SHARE},
    [SM_METRIC_MISSED_90] = {"missed_lesion_share_90", "Lesion images missed, 90 % kept", SM_UNIT_SHARE},
    [SM_METRIC_MISSED_95] = {"missed_lesion_share_95", "Lesion images missed, 95 % kept", SM_UNIT_SHARE},
    [SM_METRIC_KEPT_80] = {"lesion_kept_share_80", "Lesion images with an outline, 80 % kept", SM_UNIT_SHARE},
    [SM_METRIC_KEPT_90] = {"lesion_kept_share_90", "Lesion images with an outline, 90 % kept", SM_UNIT_SHARE},
    [SM_METRIC_KEPT_95] = {"lesion_kept_share_95", "Lesion images with an outline, 95 % kept", SM_UNIT_SHARE},
    [SM_METRIC_MARGIN_COVERAGE] = {"margin_coverage", "Patients whose found lesions lie within the margin",
                                   SM_UNIT_SHARE},
    [SM_METRIC_MARGIN_PIXELS] = {"margin_px", "Margin, mean", SM_UNIT_PIXELS},
    [SM_METRIC_MARGIN_SHARE] = {"margin_long_axis_share", "Margin / long axis, mean", SM_UNIT_SHARE},
    [SM_METRIC_DICE_1_CLICK] = {"lesion_dice_1_click", "Lesion Dice after 1 click", SM_UNIT_SCORE},
    [SM_METRIC_DICE_2_CLICKS] = {"lesion_dice_2_clicks", "Lesion Dice after 2 clicks", SM_UNIT_SCORE},
    [SM_METRIC_DICE_3_CLICKS] = {"lesion_dice_3_clicks", "Lesion Dice after 3 clicks", SM_UNIT_SCORE},
    [SM_METRIC_DICE_5_CLICKS] = {"lesion_dice_5_clicks", "Lesion Dice after 5 clicks", SM_UNIT_SCORE},
    [SM_METRIC_DICE_BOX] = {"lesion_dice_box", "Lesion Dice after a box", SM_UNIT_SCORE},
    [SM_METRIC_MISSED_1_CLICK] = {"missed_lesion_share_1_click", "Lesion images missed after 1 click", SM_UNIT_SHARE},
    [SM_METRIC_CLEARED] = {"false_mask_cleared_share", "False outlines removed by a click on them", SM_UNIT_SHARE},
    [SM_METRIC_LONG_AXIS_ICC] = {"long_axis_icc", "Longest diameter, ICC with the expert's outline", SM_UNIT_SCORE},
    [SM_METRIC_SHAPE_KAPPA] = {"shape_kappa", "Shape, kappa with the expert's outline", SM_UNIT_SCORE},
    [SM_METRIC_ORIENTATION_KAPPA] = {"orientation_kappa", "Orientation, kappa", SM_UNIT_SCORE},
    [SM_METRIC_MARGIN_KAPPA] = {"margin_kappa", "Margin circumscribed or not, kappa", SM_UNIT_SCORE},
    [SM_METRIC_WORDS_KAPPA] = {"words_kappa", "Shape, orientation and margin, mean kappa", SM_UNIT_SCORE},
};

/* An item of a list sorted by value, for weighted medians. */
typedef struct ranked {
    double value;
    int item;
} ranked;

/* A patient or scene, for the coverage of the margins. */
typedef struct patient {
    int item;            /* one of the images: a replicate of the bootstrap gives all of a group the same weight */
    bool found, covered; /* has a found lesion with a margin; all of them lie within their margins */
} patient;

/* The input of the metrics, sorted once, so that each bootstrap replicate takes a few linear passes. */
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
    sm_class *true_class;
    sm_uncertainty *uncertainty;
    sm_roc_case *outlines;
    int outline_count;
    bool has_outlier_scores;            /* the model has statistics of in-distribution images */
    double (*presence)[SM_CLASS_COUNT]; /* {none, lesion, 0} */
    sm_class *shows_lesion;             /* normal, benign for any lesion, or unknown (SM_CLASS_COUNT) */
    patient *patients;                  /* [group_count] */
} prepared;

/* Whether an image is a case of the question, and a positive one. */
static bool is_case(const sm_evaluated_image *image, sm_roc_question question, bool *positive) {
    const sm_class type = sm_record_type(image->record);
    switch (question) {
    case SM_ROC_LESION_NORMAL:
    case SM_ROC_PRESENCE:
        *positive = sm_evaluated_shows_lesion(image);
        return *positive || sm_evaluated_normal(image);
    case SM_ROC_MALIGNANT_BENIGN:
    case SM_ROC_MALIGNANT_REST:
    case SM_ROC_QUESTION_COUNT:
        break;
    }
    *positive = type == SM_CLASS_MALIGNANT;
    return (int)type < SM_CLASS_COUNT && (question != SM_ROC_MALIGNANT_BENIGN || type != SM_CLASS_NORMAL);
}

static double score_of(const sm_evaluated_image *image, sm_roc_question question) {
    if (question == SM_ROC_PRESENCE) return image->presence;
    if (question == SM_ROC_LESION_NORMAL) return 1.0 - image->probabilities[SM_CLASS_NORMAL];
    return image->probabilities[SM_CLASS_MALIGNANT];
}

int sm_roc_cases(const sm_evaluated_image *const *images, int count, sm_roc_question question, sm_roc_case *cases) {
    int filled = 0;
    for (int i = 0; i < count; i++) {
        bool positive;
        if (!is_case(images[i], question, &positive)) continue;
        cases[filled++] = (sm_roc_case){.score = score_of(images[i], question), .positive = positive, .item = i};
    }
    sm_roc_sort(cases, filled);
    return filled;
}

static int by_rank(const void *first, const void *second) {
    const ranked *a = first, *b = second;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return a->item < b->item ? -1 : a->item > b->item;
}

/* Value at 0-based `position` of the list in which each item is repeated weights[item] times. */
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

static void add(weighted_mean *mean, double value, double weight) {
    if (!isfinite(value)) return;
    mean->sum += value * weight;
    mean->weight += weight;
}

static double value_of(const weighted_mean *mean) { return mean->weight > 0 ? mean->sum / mean->weight : NAN; }

static void mask_metrics(const prepared *data, const int *weights, double *values) {
    weighted_mean dice = {0}, benign = {0}, malignant = {0}, iou = {0}, missed = {0}, half = {0}, surface = {0};
    weighted_mean hd95 = {0}, false_mask = {0};
    for (int i = 0; i < data->count; i++) {
        const sm_evaluated_image *image = data->images[i];
        double weight = weights[i];
        if (sm_evaluated_normal(image)) add(&false_mask, sm_evaluated_has_mask(image), weight);
        if (!sm_evaluated_has_lesion(image)) continue;
        double score = image->scores.dice;
        add(&dice, score, weight);
        if (sm_record_type(image->record) == SM_CLASS_BENIGN) add(&benign, score, weight);
        if (sm_record_type(image->record) == SM_CLASS_MALIGNANT) add(&malignant, score, weight);
        add(&iou, image->scores.iou, weight);
        add(&missed, score <= 0, weight);
        add(&half, score >= 0.5, weight);
        add(&surface, image->surface.surface_dice, weight);
        add(&hd95, image->surface.hd95, weight);
    }
    values[SM_METRIC_LESION_DICE] = value_of(&dice);
    values[SM_METRIC_LESION_DICE_MEDIAN] = weighted_median(data->dice, data->dice_count, weights);
    values[SM_METRIC_BENIGN_DICE] = value_of(&benign);
    values[SM_METRIC_MALIGNANT_DICE] = value_of(&malignant);
    values[SM_METRIC_LESION_IOU] = value_of(&iou);
    values[SM_METRIC_MISSED] = value_of(&missed);
    values[SM_METRIC_HALF_FOUND] = value_of(&half);
    values[SM_METRIC_SURFACE_DICE] = value_of(&surface);
    values[SM_METRIC_HD95] = value_of(&hd95);
    values[SM_METRIC_HD95_MEDIAN] = weighted_median(data->hd95, data->hd95_count, weights);
    values[SM_METRIC_FALSE_MASK] = value_of(&false_mask);
}

static sm_confusion confusion_of(const prepared *data, const int *weights) {
    sm_confusion confusion = {0};
    for (int i = 0; i < data->count; i++)
        if ((int)data->true_class[i] < SM_CLASS_COUNT)
            confusion.count[data->true_class[i]][data->images[i]->predicted] += weights[i];
    return confusion;
}

static void point_metrics(const prepared *data, const int *weights, double *values) {
    for (int p = 0; p < SM_OPERATING_POINTS; p++) {
        weighted_mean false_mask = {0}, missed = {0}, kept = {0};
        for (int i = 0; i < data->count; i++) {
            const sm_evaluated_image *image = data->images[i];
            if (!image->has_points) continue;
            if (sm_evaluated_normal(image)) add(&false_mask, image->mask_at[p], weights[i]);
            if (sm_evaluated_has_lesion(image)) add(&missed, !image->found_at[p], weights[i]);
            if (sm_evaluated_shows_lesion(image)) add(&kept, image->kept_at[p], weights[i]);
        }
        values[SM_METRIC_FALSE_MASK_80 + p] = value_of(&false_mask);
        values[SM_METRIC_MISSED_80 + p] = value_of(&missed);
        values[SM_METRIC_KEPT_80 + p] = value_of(&kept);
    }
}

/* Whether the margin of an outline is scored. */
static bool has_margin(const sm_outline_score *outline) {
    return outline->found && !outline->possible && outline->margin > 0;
}

static void margin_metrics(const prepared *data, const int *weights, double *values) {
    weighted_mean coverage = {0}, pixels = {0}, share = {0};
    for (int g = 0; g < data->group_count; g++) {
        const patient *one = &data->patients[g];
        if (one->found) add(&coverage, one->covered, weights[one->item]);
    }
    for (int i = 0; i < data->count; i++)
        for (int k = 0; k < data->images[i]->outlines.count; k++) {
            const sm_outline_score *outline = &data->images[i]->outlines.outlines[k];
            if (!has_margin(outline)) continue;
            add(&pixels, outline->margin, weights[i]);
            add(&share, outline->margin / outline->long_axis, weights[i]);
        }
    values[SM_METRIC_MARGIN_COVERAGE] = value_of(&coverage);
    values[SM_METRIC_MARGIN_PIXELS] = value_of(&pixels);
    values[SM_METRIC_MARGIN_SHARE] = value_of(&share);
}

static void correction_metrics(const prepared *data, const int *weights, double *values) {
    static const struct {
        sm_metric metric;
        int correction;
    } stages[] = {{SM_METRIC_DICE_1_CLICK, 0},
                  {SM_METRIC_DICE_2_CLICKS, 1},
                  {SM_METRIC_DICE_3_CLICKS, 2},
                  {SM_METRIC_DICE_5_CLICKS, 4},
                  {SM_METRIC_DICE_BOX, SM_CORRECTION_BOX}};
    enum { STAGES = sizeof stages / sizeof *stages };
    weighted_mean dice[STAGES] = {{0}}, missed = {0}, cleared = {0};
    for (int i = 0; i < data->count; i++) {
        const sm_evaluated_image *image = data->images[i];
        if (!image->corrected) continue;
        if (sm_evaluated_normal(image) && sm_evaluated_has_mask(image)) add(&cleared, image->cleared, weights[i]);
        if (!sm_evaluated_has_lesion(image)) continue;
        for (int s = 0; s < STAGES; s++) add(&dice[s], image->corrected_dice[stages[s].correction], weights[i]);
        add(&missed, image->corrected_dice[0] <= 0, weights[i]);
    }
    for (int s = 0; s < STAGES; s++) values[stages[s].metric] = value_of(&dice[s]);
    values[SM_METRIC_MISSED_1_CLICK] = value_of(&missed);
    values[SM_METRIC_CLEARED] = value_of(&cleared);
}

static void measure_metrics(const prepared *data, const int *weights, double *values) {
    sm_measure_sums sums = {0};
    weighted_mean kappa = {0};
    for (int i = 0; i < data->count; i++)
        for (int k = 0; weights[i] > 0 && k < data->images[i]->measures.count; k++)
            sm_measure_sums_add(&sums, &data->images[i]->measures.pairs[k], weights[i]);
    values[SM_METRIC_LONG_AXIS_ICC] = sm_measure_icc(&sums);
    for (int w = 0; w < SM_WORDS; w++) {
        values[SM_METRIC_SHAPE_KAPPA + w] = sm_measure_kappa(&sums, (sm_word)w);
        add(&kappa, values[SM_METRIC_SHAPE_KAPPA + w], 1);
    }
    values[SM_METRIC_WORDS_KAPPA] = value_of(&kappa);
}

/* An sm_bootstrap_statistic. */
static void compute(void *data_pointer, const int *weights, double *values) {
    const prepared *data = data_pointer;
    mask_metrics(data, weights, values);
    sm_confusion confusion = confusion_of(data, weights);
    sm_classification_report types = sm_classification_report_of(&confusion);
    values[SM_METRIC_ACCURACY] = types.accuracy;
    values[SM_METRIC_BALANCED_ACCURACY] = types.balanced_accuracy;
    values[SM_METRIC_MACRO_F1] = types.macro.f1;
    values[SM_METRIC_MCC] = types.mcc;
    for (int q = 0; q < SM_ROC_QUESTION_COUNT; q++)
        values[SM_METRIC_AUC_MALIGNANT_BENIGN + q] = sm_roc_area(data->cases[q], data->case_count[q], weights);
    sm_reliability reliability =
        sm_reliability_of((const double(*)[SM_CLASS_COUNT])data->calibrated, data->true_class, weights, data->count);
    values[SM_METRIC_ECE] = reliability.ece;
    values[SM_METRIC_PRESENCE_ECE] =
        sm_reliability_of((const double(*)[SM_CLASS_COUNT])data->presence, data->shows_lesion, weights, data->count)
            .ece;
    point_metrics(data, weights, values);
    margin_metrics(data, weights, values);
    correction_metrics(data, weights, values);
    measure_metrics(data, weights, values);
    values[SM_METRIC_BRIER] = reliability.brier;
    const sm_uncertainty_scores uncertainty = sm_uncertainty_score(data->uncertainty, weights);
    values[SM_METRIC_EXPECTED_SPEARMAN] = uncertainty.spearman;
    values[SM_METRIC_EXPECTED_AUROC] = uncertainty.auroc;
    values[SM_METRIC_RISK_COVERAGE] = uncertainty.risk_coverage_area;
    values[SM_METRIC_EXPECTED_BIAS] = uncertainty.bias;
    values[SM_METRIC_OUTLINE_AUROC] = sm_roc_area(data->outlines, data->outline_count, weights);
    weighted_mean pixel_auroc = {0}, uncertain = {0}, flagged = {0};
    for (int i = 0; i < data->count; i++) {
        add(&pixel_auroc, data->images[i]->pixel_uncertainty.auroc, weights[i]);
        add(&uncertain, data->images[i]->pixel_uncertainty.wrong_in_uncertain, weights[i]);
        if (data->has_outlier_scores) add(&flagged, !data->images[i]->looks_like_ultrasound, weights[i]);
    }
    values[SM_METRIC_PIXEL_AUROC] = value_of(&pixel_auroc);
    values[SM_METRIC_WRONG_IN_UNCERTAIN] = value_of(&uncertain);
    values[SM_METRIC_FLAGGED] = value_of(&flagged);
}

static bool number_groups(prepared *data) {
    const sm_record **records = malloc((size_t)data->count * sizeof *records);
    if (!records) return false;
    for (int i = 0; i < data->count; i++) records[i] = data->images[i]->record;
    const sm_status status = sm_groups_number(records, data->count, data->groups, &data->group_count, NULL);
    free(records);
    return status == SM_OK;
}

static void prepared_free(prepared *data) {
    free(data->groups);
    free(data->dice);
    free(data->hd95);
    for (int q = 0; q < SM_ROC_QUESTION_COUNT; q++) free(data->cases[q]);
    free(data->calibrated);
    free(data->true_class);
    free(data->presence);
    free(data->shows_lesion);
    free(data->patients);
    sm_uncertainty_free(data->uncertainty);
    free(data->outlines);
}

/* The positive cases are failed outlines; the score is the negative expected Dice. */
static void gather_outlines(prepared *data) {
    for (int i = 0; i < data->count; i++) {
        if (!sm_evaluated_outlined(data->images[i])) continue;
        for (int k = 0; k < data->images[i]->outlines.count; k++) {
            const sm_outline_score *outline = &data->images[i]->outlines.outlines[k];
            if (outline->possible) continue;
            data->outlines[data->outline_count++] =
                (sm_roc_case){.score = -outline->expected, .positive = outline->dice < SM_FAILED_DICE, .item = i};
        }
    }
    sm_roc_sort(data->outlines, data->outline_count);
}

static void gather_patients(prepared *data) {
    for (int i = 0; i < data->count; i++) {
        patient *one = &data->patients[data->groups[i]];
        one->item = i;
        for (int k = 0; k < data->images[i]->outlines.count; k++) {
            const sm_outline_score *outline = &data->images[i]->outlines.outlines[k];
            if (!has_margin(outline)) continue;
            one->covered = (!one->found || one->covered) && outline->reach <= outline->margin;
            one->found = true;
        }
    }
}

static void gather_presence(prepared *data) {
    for (int i = 0; i < data->count; i++) {
        const sm_evaluated_image *image = data->images[i];
        data->presence[i][SM_CLASS_NORMAL] = 1 - image->presence;
        data->presence[i][SM_CLASS_BENIGN] = image->presence;
        data->presence[i][SM_CLASS_MALIGNANT] = 0;
        data->shows_lesion[i] = sm_evaluated_shows_lesion(image) ? SM_CLASS_BENIGN
                                : sm_evaluated_normal(image)     ? SM_CLASS_NORMAL
                                                                 : (sm_class)SM_CLASS_COUNT;
    }
}

static bool prepare(prepared *data, const sm_evaluated_image *const *images, int count) {
    size_t items = (size_t)count;
    *data = (prepared){.images = images,
                       .count = count,
                       .groups = malloc(items * sizeof *data->groups),
                       .dice = malloc(items * sizeof *data->dice),
                       .hd95 = malloc(items * sizeof *data->hd95),
                       .calibrated = malloc(items * sizeof *data->calibrated),
                       .true_class = malloc(items * sizeof *data->true_class),
                       .presence = malloc(items * sizeof *data->presence),
                       .shows_lesion = malloc(items * sizeof *data->shows_lesion),
                       .patients = calloc(items, sizeof *data->patients),
                       .uncertainty = sm_uncertainty_make(images, count),
                       .outlines = malloc(items * SM_OUTLINES_SCORED * sizeof *data->outlines)};
    bool made = data->groups && data->dice && data->hd95 && data->calibrated && data->true_class && data->uncertainty &&
                data->outlines && data->presence && data->shows_lesion && data->patients;
    for (int q = 0; q < SM_ROC_QUESTION_COUNT; q++) {
        data->cases[q] = malloc(items * sizeof(sm_roc_case));
        if (!data->cases[q]) made = false;
    }
    if (!made || !number_groups(data)) return false;
    for (int q = 0; q < SM_ROC_QUESTION_COUNT; q++)
        data->case_count[q] = sm_roc_cases(images, count, (sm_roc_question)q, data->cases[q]);
    for (int i = 0; i < count; i++) {
        data->true_class[i] = sm_record_type(images[i]->record);
        if (images[i]->outlier_score > 0) data->has_outlier_scores = true;
        memcpy(data->calibrated[i], images[i]->probabilities, sizeof data->calibrated[i]);
        if (!sm_evaluated_has_lesion(images[i])) continue;
        data->dice[data->dice_count++] = (ranked){images[i]->scores.dice, i};
        if (isfinite(images[i]->surface.hd95)) data->hd95[data->hd95_count++] = (ranked){images[i]->surface.hd95, i};
    }
    gather_outlines(data);
    gather_patients(data);
    gather_presence(data);
    qsort(data->dice, (size_t)data->dice_count, sizeof *data->dice, by_rank);
    qsort(data->hd95, (size_t)data->hd95_count, sizeof *data->hd95, by_rank);
    return true;
}

/* Pixelwise and imagewise scores; `scratch` has room for `count` scores. */
static void score_masks(const prepared *data, sm_binary_scores *scratch, sm_score_set *scores) {
    for (int i = 0; i < data->count; i++) {
        if (!sm_evaluated_outlined(data->images[i])) continue;
        sm_pixel_counts_add(&scores->pixels, &data->images[i]->pixels);
        scratch[scores->outlined_images++] = data->images[i]->scores;
    }
    scores->pixelwise = sm_binary_scores_of(&scores->pixels);
    scores->imagewise = sm_binary_scores_mean(scratch, scores->outlined_images);
    int lesions = 0;
    for (int i = 0; i < data->count; i++)
        if (sm_evaluated_has_lesion(data->images[i])) scratch[lesions++] = data->images[i]->scores;
    scores->imagewise_lesions = sm_binary_scores_mean(scratch, lesions);
}

static void set_empty(sm_score_set *scores) {
    *scores = (sm_score_set){.milliseconds = NAN};
    for (int f = 0; f < SM_METRIC_COUNT; f++) {
        scores->metric[f] = NAN;
        scores->interval[f] = (sm_interval){NAN, NAN};
    }
    scores->types = sm_classification_report_of(&scores->confusion);
    scores->calibrated = scores->uncalibrated = scores->presence = sm_reliability_of(NULL, NULL, NULL, 0);
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
        if (sm_evaluated_normal(images[i])) scores->normal_images++;
        if ((int)data.true_class[i] < SM_CLASS_COUNT) scores->typed_images++;
        scores->measured_lesions += images[i]->measures.count;
        milliseconds += images[i]->milliseconds;
    }
    scores->milliseconds = milliseconds / count;
    compute(&data, ones, scores->metric);
    scores->confusion = confusion_of(&data, ones);
    scores->types = sm_classification_report_of(&scores->confusion);
    scores->calibrated =
        sm_reliability_of((const double(*)[SM_CLASS_COUNT])data.calibrated, data.true_class, NULL, count);
    scores->uncalibrated = sm_reliability_of((const double(*)[SM_CLASS_COUNT])raw, data.true_class, NULL, count);
    scores->presence =
        sm_reliability_of((const double(*)[SM_CLASS_COUNT])data.presence, data.shows_lesion, NULL, count);
    score_masks(&data, scratch, scores);
    status = sm_bootstrap(data.groups, count, data.group_count, SM_BOOTSTRAP_REPLICATES, seed, compute, &data,
                          SM_METRIC_COUNT, scores->interval, error);
done:
    prepared_free(&data);
    free(raw);
    free(scratch);
    free(ones);
    return status;
}
