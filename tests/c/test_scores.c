/** Scores of a set of images, their intervals, their tables by subgroup and their means over folds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/evaluate/folds.h"
#include "../../native/metrics/froc.h"
#include "../../native/metrics/tables.h"
#include "assert_near.h"

static void assert_undefined(double value) {
    if (!isnan(value)) fail_msg("%g is not NaN", value);
}

/* ---- seven images, all metrics by hand ---- */

enum { SEVEN = 7, SEVEN_GROUPS = 6 };

typedef struct seven_images {
    sm_record records[SEVEN];
    sm_evaluated_image images[SEVEN];
    const sm_evaluated_image *list[SEVEN];
} seven_images;

/* Images of 1000 pixels. Two of them share a group. */
static void make_seven(seven_images *made) {
    static const struct {
        sm_class type, predicted;
        int group;
        long long true_positive, false_positive, false_negative;
        double probabilities[SM_CLASS_COUNT];
        double hd95, surface_dice, expected_dice;
    } rows[SEVEN] = {{SM_CLASS_NORMAL, SM_CLASS_NORMAL, 0, 0, 0, 0, {0.7, 0.2, 0.1}, NAN, NAN, 0.9},
                     {SM_CLASS_NORMAL, SM_CLASS_BENIGN, 1, 0, 100, 0, {0.3, 0.6, 0.1}, NAN, 0, 0.4},
                     {SM_CLASS_BENIGN, SM_CLASS_BENIGN, 2, 300, 100, 100, {0.1, 0.8, 0.1}, 4, 0.6, 0.8},
                     {SM_CLASS_BENIGN, SM_CLASS_MALIGNANT, 2, 0, 50, 200, {0.2, 0.3, 0.5}, 40, 0, 0.6},
                     {SM_CLASS_BENIGN, SM_CLASS_NORMAL, 3, 0, 0, 100, {0.6, 0.3, 0.1}, NAN, 0, 0.3},
                     {SM_CLASS_MALIGNANT, SM_CLASS_MALIGNANT, 4, 400, 0, 0, {0.05, 0.05, 0.9}, 0, 1, 0.95},
                     {SM_CLASS_MALIGNANT, SM_CLASS_MALIGNANT, 5, 100, 100, 100, {0.25, 0.3, 0.45}, 10, 0.4, 0.5}};
    static char *const groups[SEVEN_GROUPS] = {"g0", "g1", "g2", "g3", "g4", "g5"};
    *made = (seven_images){0};
    for (int i = 0; i < SEVEN; i++) {
        made->records[i] = (sm_record){.image = "image.png",
                                       .classes = sm_class_set_of(rows[i].type),
                                       .source = "set",
                                       .group = groups[rows[i].group],
                                       .device = ""};
        sm_evaluated_image *image = &made->images[i];
        *image = (sm_evaluated_image){
            .record = &made->records[i],
            .width = 40,
            .height = 25,
            .predicted = rows[i].predicted,
            .pixels = {rows[i].true_positive, rows[i].false_positive, rows[i].false_negative,
                       1000 - rows[i].true_positive - rows[i].false_positive - rows[i].false_negative},
            .surface = {rows[i].hd95, rows[i].surface_dice},
            .expected_dice = rows[i].expected_dice,
            .outlier_score = 0.5,
            .looks_like_ultrasound = i != 1,
            .pixel_uncertainty = {NAN, NAN},
            .milliseconds = i + 1};
        memcpy(image->probabilities, rows[i].probabilities, sizeof image->probabilities);
        /* Before the temperature, every prediction is certain and correct. */
        image->raw_probabilities[rows[i].type] = 1;
        image->scores = sm_binary_scores_of(&image->pixels);
        made->list[i] = image;
    }
    /* Images 2 and 3 are of one patient: the second outline of image 2 is not covered. The possible outlines of images
     * 4 and 6 are not scored with the mask. */
    made->images[2].outlines = (sm_outline_scores){
        .count = 2,
        .outlines = {
            {.dice = 0.9, .expected = 0.8, .presence = 0.9, .margin = 4, .reach = 4, .long_axis = 40, .found = true},
            {.dice = 0.2,
             .expected = 0.3,
             .presence = 0.8,
             .margin = 3,
             .reach = 3.5,
             .long_axis = 10,
             .found = true}}};
    made->images[3].outlines = (sm_outline_scores){
        .count = 1, .outlines = {{.dice = 0, .expected = 0.6, .presence = 0.6, .margin = 3, .long_axis = 10}}};
    made->images[4].outlines = (sm_outline_scores){
        .count = 1,
        .outlines = {{.dice = 0.7, .expected = 0.9, .margin = 9, .reach = 1, .found = true, .possible = true}}};
    made->images[5].outlines = (sm_outline_scores){
        .count = 1,
        .outlines = {
            {.dice = 0.5, .expected = 0.5, .presence = 0.7, .margin = 5, .reach = 1, .long_axis = 25, .found = true}}};
    static const double presence[SEVEN] = {0.1, 0.5, 0.9, 0.6, 0.3, 0.8, 0.95};
    for (int i = 0; i < SEVEN; i++) {
        sm_evaluated_image *image = &made->images[i];
        image->presence = presence[i];
        image->has_points = image->corrected = true;
        for (int p = 0; p < SM_OPERATING_POINTS; p++) {
            image->mask_at[p] = (i == 1 && p > 0) || (i > 3 && i < 5 + p);
            image->kept_at[p] = image->mask_at[p] || (i == 3 && p == 2);
            image->found_at[p] = i == 5 || (i == 2 && p > 0) || (i == 6 && p > 1);
        }
        for (int k = 0; k < SM_CORRECTIONS; k++) image->corrected_dice[k] = i == 4 && k == 0 ? 0 : 0.5 + 0.05 * k;
    }
    /* Five found lesions: words 0 and 1 agree in four, three and five of them. */
    static const sm_measure_pair pairs[5] = {{{10, 12}, {{0, 0}, {0, 0}, {0, 0}}},
                                             {{20, 18}, {{0, 0}, {0, 0}, {0, 0}}},
                                             {{30, 30}, {{1, 1}, {1, 1}, {1, 1}}},
                                             {{40, 44}, {{2, 2}, {1, 0}, {1, 1}}},
                                             {{50, 46}, {{2, 0}, {0, 1}, {1, 1}}}};
    for (int i = 0; i < 5; i++)
        made->images[i < 2 ? 2 : i + 1].measures.pairs[made->images[i < 2 ? 2 : i + 1].measures.count++] = pairs[i];
    made->images[2].pixel_uncertainty = (sm_pixel_uncertainty){0.9, 0.5};
    made->images[3].pixel_uncertainty = (sm_pixel_uncertainty){0.7, 0.25};
}

static void every_metric_by_hand(void **state) {
    (void)state;
    static const struct {
        sm_metric metric;
        double value;
    } expected[] = {{SM_METRIC_LESION_DICE, (0.75 + 0 + 0 + 1 + 0.5) / 5},
                    {SM_METRIC_LESION_DICE_MEDIAN, 0.5},
                    {SM_METRIC_BENIGN_DICE, 0.25},
                    {SM_METRIC_MALIGNANT_DICE, 0.75},
                    {SM_METRIC_LESION_IOU, (0.6 + 1 + 1.0 / 3) / 5},
                    {SM_METRIC_MISSED, 2.0 / 5},
                    {SM_METRIC_HALF_FOUND, 3.0 / 5},
                    {SM_METRIC_SURFACE_DICE, 2.0 / 5},
                    {SM_METRIC_HD95, 54.0 / 4},
                    {SM_METRIC_HD95_MEDIAN, 7},
                    {SM_METRIC_FALSE_MASK, 0.5},
                    {SM_METRIC_ACCURACY, 4.0 / 7},
                    {SM_METRIC_BALANCED_ACCURACY, (1.0 / 2 + 1.0 / 3 + 1) / 3},
                    {SM_METRIC_MACRO_F1, (0.5 + 0.4 + 0.8) / 3},
                    {SM_METRIC_MCC, 12.0 / 32}, /* 7 * 4 - (2 * 2 + 3 * 2 + 2 * 3), over 49 - 17 on both sides */
                    {SM_METRIC_AUC_MALIGNANT_BENIGN, 5.0 / 6},
                    {SM_METRIC_AUC_MALIGNANT_REST, 9.0 / 10},
                    {SM_METRIC_AUC_LESION_NORMAL, 9.0 / 10},
                    {SM_METRIC_ECE, (0.3 + 1.2 + 0.2 + 0.5 + 0.1 + 0.55) / 7},
                    {SM_METRIC_BRIER, (0.14 + 0.86 + 0.06 + 0.78 + 0.86 + 0.015 + 0.455) / 7},
                    {SM_METRIC_EXPECTED_AUROC, 11.0 / 12},
                    /* Ranks of expected Dice 6 2 5 4 1 7 3, of true Dice 6.5 2 5 2 2 6.5 4; both have mean 4. */
                    {SM_METRIC_EXPECTED_SPEARMAN, 23.5 / 26.720778431774775}, /* sqrt(28 * 25.5) */
                    /* Risks of the first 1 .. 7 images by falling expected Dice. */
                    {SM_METRIC_RISK_COVERAGE, (0.25 / 3 + 1.25 / 4 + 1.75 / 5 + 2.75 / 6 + 3.75 / 7) / 7},
                    {SM_METRIC_EXPECTED_BIAS, (4.45 - 3.25) / 7},
                    {SM_METRIC_OUTLINE_AUROC, 3.0 / 4},
                    {SM_METRIC_PIXEL_AUROC, 0.8},
                    {SM_METRIC_WRONG_IN_UNCERTAIN, 0.375},
                    {SM_METRIC_FLAGGED, 1.0 / 7},
                    {SM_METRIC_AUC_PRESENCE, 9.0 / 10}, /* 0.3 of a lesion is below 0.5 of a normal image */
                    /* Confidence 0.5 (wrong), 0.6, 0.7 (wrong), 0.8, 0.9, 0.9 and 0.95 in bins 5, 6, 7, 8 and 9. */
                    {SM_METRIC_PRESENCE_ECE, (0.5 + 0.4 + 0.7 + 0.2 + 0.25) / 7},
                    {SM_METRIC_FALSE_MASK_80, 0},
                    {SM_METRIC_FALSE_MASK_90, 0.5},
                    {SM_METRIC_FALSE_MASK_95, 0.5},
                    {SM_METRIC_MISSED_80, 4.0 / 5},
                    {SM_METRIC_MISSED_90, 3.0 / 5},
                    {SM_METRIC_MISSED_95, 2.0 / 5},
                    {SM_METRIC_KEPT_80, 1.0 / 5},
                    {SM_METRIC_KEPT_90, 2.0 / 5},
                    {SM_METRIC_KEPT_95, 4.0 / 5},
                    {SM_METRIC_MARGIN_COVERAGE, 1.0 / 2},
                    {SM_METRIC_MARGIN_PIXELS, 4},
                    {SM_METRIC_MARGIN_SHARE, (0.1 + 0.3 + 0.2) / 3},
                    {SM_METRIC_DICE_1_CLICK, 0.4},
                    {SM_METRIC_DICE_2_CLICKS, 0.55},
                    {SM_METRIC_DICE_3_CLICKS, 0.6},
                    {SM_METRIC_DICE_5_CLICKS, 0.7},
                    {SM_METRIC_DICE_BOX, 0.75},
                    {SM_METRIC_MISSED_1_CLICK, 0.2},
                    {SM_METRIC_CLEARED, 0},
                    /* Mean squares: 475 between the lesions, 0 between the outlines (equal means), 20 / 4 the rest. */
                    {SM_METRIC_LONG_AXIS_ICC, (475.0 - 5) / (475 + 5 - 2.0 / 5 * 5)},
                    {SM_METRIC_SHAPE_KAPPA, (4.0 / 5 - 9.0 / 25) / (1 - 9.0 / 25)},
                    {SM_METRIC_ORIENTATION_KAPPA, (3.0 / 5 - 13.0 / 25) / (1 - 13.0 / 25)},
                    {SM_METRIC_MARGIN_KAPPA, 1},
                    {SM_METRIC_WORDS_KAPPA, (0.6875 + 1.0 / 6 + 1) / 3}};
    assert_int_equal(sizeof expected / sizeof *expected, SM_METRIC_COUNT);
    seven_images made;
    sm_score_set scores;
    make_seven(&made);
    assert_int_equal(sm_score_set_of(made.list, SEVEN, 1, &scores, NULL), SM_OK);
    assert_int_equal(scores.measured_lesions, 5);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const double value = scores.metric[expected[i].metric];
        if (!(fabs(value - expected[i].value) < 1e-12))
            fail_msg("%s: %.12g is not %.12g", sm_metrics[expected[i].metric].key, value, expected[i].value);
    }
    assert_int_equal(scores.images, 7);
    assert_int_equal(scores.lesion_images, 5);
    assert_int_equal(scores.normal_images, 2);
    assert_int_equal(scores.groups, SEVEN_GROUPS);
    assert_near(scores.milliseconds, 4, 1e-12);
    assert_near(scores.confusion.count[SM_CLASS_BENIGN][SM_CLASS_MALIGNANT], 1, 0);
    assert_near(scores.types.accuracy, 4.0 / 7, 1e-12);
    assert_near(scores.calibrated.ece, 2.85 / 7, 1e-12);
    assert_near(scores.uncalibrated.ece, 0, 0);
    assert_int_equal(scores.pixels.true_positive, 800);
    assert_int_equal(scores.pixels.true_negative, 5350);
    assert_near(scores.pixelwise.dice, 1600.0 / (1600 + 350 + 500), 1e-12);
    assert_near(scores.imagewise.dice, 3.25 / 7, 1e-12);
    assert_near(scores.imagewise_lesions.dice, 0.45, 1e-12);
    /* Without the two normal images, which come first. */
    assert_int_equal(sm_score_set_of(made.list + 2, SEVEN - 2, 1, &scores, NULL), SM_OK);
    assert_int_equal(scores.normal_images, 0);
    assert_near(scores.imagewise_lesions.dice, 0.45, 1e-12);
    assert_near(scores.imagewise.dice, 0.45, 1e-12);
    assert_undefined(scores.metric[SM_METRIC_FALSE_MASK]);
}

static void without_outlier_scores_nothing_is_flagged(void **state) {
    (void)state;
    seven_images made;
    sm_score_set scores;
    make_seven(&made);
    for (int i = 0; i < SEVEN; i++) made.images[i].outlier_score = 0;
    assert_int_equal(sm_score_set_of(made.list, SEVEN, 1, &scores, NULL), SM_OK);
    assert_undefined(scores.metric[SM_METRIC_FLAGGED]);
}

/** What an image lacks is not scored: the type of images 2 and 5, the outline of image 5, everything but a mask in
 * image 6. */
static void partial_labels_are_scored_in_part(void **state) {
    (void)state;
    seven_images made;
    sm_score_set scores;
    make_seven(&made);
    made.records[2].classes = made.records[5].classes = SM_CLASSES_LESION;
    made.records[6].classes = SM_CLASSES_ANY;
    made.images[5].scores = (sm_binary_scores){NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    made.images[5].pixels = (sm_pixel_counts){.false_positive = 400};
    made.images[5].surface = (sm_surface_distances){NAN, NAN};
    made.images[5].outlines.count = 0;
    assert_int_equal(sm_score_set_of(made.list, SEVEN, 1, &scores, NULL), SM_OK);
    assert_int_equal(scores.images, 7);
    assert_int_equal(scores.lesion_images, 4);
    assert_int_equal(scores.typed_images, 4);
    assert_int_equal(scores.outlined_images, 6);
    assert_near(scores.metric[SM_METRIC_LESION_DICE], (0.75 + 0 + 0 + 0.5) / 4, 1e-12);
    assert_near(scores.metric[SM_METRIC_BENIGN_DICE], 0, 0);
    assert_undefined(scores.metric[SM_METRIC_MALIGNANT_DICE]);
    assert_near(scores.metric[SM_METRIC_ACCURACY], 1.0 / 4, 1e-12);
    assert_near(scores.metric[SM_METRIC_ECE], (0.3 + 1.2 + 0.5) / 4, 1e-12);
    assert_undefined(scores.metric[SM_METRIC_AUC_MALIGNANT_BENIGN]);
    /* Lesions against normals: all seven, as image 6 has a mask. */
    assert_near(scores.metric[SM_METRIC_AUC_PRESENCE], 9.0 / 10, 1e-12);
    assert_near(scores.metric[SM_METRIC_AUC_LESION_NORMAL], 9.0 / 10, 1e-12);
    assert_int_equal(scores.pixels.true_positive, 400); /* without image 5 */
    assert_int_equal(scores.pixels.false_positive, 350);
    assert_near(scores.imagewise_lesions.dice, 1.25 / 4, 1e-12);
    assert_near(scores.metric[SM_METRIC_EXPECTED_BIAS], (0.9 + 0.4 + 0.8 + 0.6 + 0.3 + 0.5 - 2.25) / 6, 1e-12);
    /* Lesions of unknown type only: nothing about types, and no NaN in what remains. */
    for (int i = 2; i < SEVEN; i++) made.records[i].classes = SM_CLASSES_LESION;
    assert_int_equal(sm_score_set_of(made.list + 2, SEVEN - 2, 1, &scores, NULL), SM_OK);
    assert_int_equal(scores.typed_images, 0);
    assert_undefined(scores.metric[SM_METRIC_ACCURACY]);
    assert_undefined(scores.metric[SM_METRIC_MCC]);
    assert_undefined(scores.metric[SM_METRIC_BRIER]);
    assert_undefined(scores.metric[SM_METRIC_AUC_PRESENCE]);
    assert_near(scores.metric[SM_METRIC_LESION_DICE], (0.75 + 0 + 0 + 0.5) / 4, 1e-12);
    assert_near(scores.metric[SM_METRIC_MISSED_90], 3.0 / 4, 1e-12);
}

/** Without a decision in the weights, and without corrections, there are no such scores. */
static void scores_of_the_first_generation(void **state) {
    (void)state;
    seven_images made;
    sm_score_set scores;
    make_seven(&made);
    for (int i = 0; i < SEVEN; i++) {
        made.images[i].has_points = made.images[i].corrected = false;
        for (int k = 0; k < SM_OUTLINES_SCORED; k++) made.images[i].outlines.outlines[k].margin = 0;
    }
    assert_int_equal(sm_score_set_of(made.list, SEVEN, 1, &scores, NULL), SM_OK);
    for (int f = SM_METRIC_FALSE_MASK_80; f <= SM_METRIC_CLEARED; f++) assert_undefined(scores.metric[f]);
}

/* ---- FROC ---- */

static void froc_by_hand(void **state) {
    (void)state;
    /* Two images with an outline: three lesions, one found at 0.9, one at 0.4, one never; false outlines at 0.6, 0.4
     * and 0.1. A third image has no reference outline. */
    sm_evaluated_image images[3] = {0};
    const sm_evaluated_image *list[3] = {&images[0], &images[1], &images[2]};
    images[0].outlines = (sm_outline_scores){.count = 3,
                                             .outlines = {{.presence = 0.9, .found = true},
                                                          {.presence = 0.6},
                                                          {.presence = 0.4, .found = true, .possible = true}},
                                             .lesion_count = 2,
                                             .lesion_presence = {0.9, 0.4}};
    images[1].outlines = (sm_outline_scores){
        .count = 2, .outlines = {{.presence = 0.4}, {.presence = 0.1}}, .lesion_count = 1, .lesion_presence = {-1}};
    images[2].scores.dice = NAN;
    images[2].outlines = (sm_outline_scores){.count = 1, .outlines = {{.presence = 0.95}}};
    sm_froc froc;
    assert_int_equal(sm_froc_make(list, 3, &froc, NULL), SM_OK);
    assert_int_equal(froc.images, 2);
    assert_int_equal(froc.lesions, 3);
    static const double expected[][3] = {
        {0.9, 0, 1.0 / 3}, {0.6, 0.5, 1.0 / 3}, {0.4, 1, 2.0 / 3}, {0.1, 1.5, 2.0 / 3}};
    assert_int_equal(froc.count, 4);
    for (int i = 0; i < 4; i++) {
        assert_near(froc.points[i].level, expected[i][0], 1e-12);
        assert_near(froc.points[i].false_outlines, expected[i][1], 1e-12);
        assert_near(froc.points[i].found, expected[i][2], 1e-12);
    }
    assert_near(sm_froc_found_at(&froc, 0), 1.0 / 3, 1e-12);
    assert_near(sm_froc_found_at(&froc, 0.99), 1.0 / 3, 1e-12);
    assert_near(sm_froc_found_at(&froc, 1), 2.0 / 3, 1e-12);
    sm_froc_free(&froc);
    /* Without a lesion there is no curve. */
    assert_int_equal(sm_froc_make(list + 2, 1, &froc, NULL), SM_OK);
    assert_int_equal(froc.count, 0);
    assert_undefined(sm_froc_found_at(&froc, 1));
    sm_froc_free(&froc);
}

/* ---- intervals, against a bootstrap of plain lists ---- */

enum { LIST_METRICS = 8 };
static const sm_metric list_metrics[LIST_METRICS] = {
    SM_METRIC_LESION_DICE,          SM_METRIC_LESION_DICE_MEDIAN, SM_METRIC_HD95_MEDIAN,
    SM_METRIC_FALSE_MASK,           SM_METRIC_ACCURACY,           SM_METRIC_MISSED,
    SM_METRIC_AUC_MALIGNANT_BENIGN, SM_METRIC_EXPECTED_BIAS};

typedef struct list {
    double values[SEVEN * SEVEN_GROUPS];
    int count;
} list;

static void append(list *to, double value, int times) {
    for (int i = 0; i < times; i++) to->values[to->count++] = value;
}

static double mean_of(const list *of) {
    double sum = 0;
    for (int i = 0; i < of->count; i++) sum += of->values[i];
    return of->count ? sum / of->count : (double)NAN;
}

static int ascending(const void *first, const void *second) {
    double a = *(const double *)first, b = *(const double *)second;
    return a < b ? -1 : a > b;
}

static double median_of(list *of) {
    if (of->count == 0) return NAN;
    qsort(of->values, (size_t)of->count, sizeof *of->values, ascending);
    return (of->values[(of->count - 1) / 2] + of->values[of->count / 2]) / 2;
}

/* An sm_bootstrap_statistic that repeats images instead of weighting them. */
static void compute_from_lists(void *data, const int *weights, double *values) {
    const seven_images *made = data;
    list dice = {0}, hd95 = {0}, masks = {0}, right = {0}, missed = {0}, benign = {0}, malignant = {0}, bias = {0};
    for (int i = 0; i < SEVEN; i++) {
        const sm_evaluated_image *image = &made->images[i];
        const sm_class type = sm_record_type(image->record);
        append(&right, image->predicted == type, weights[i]);
        append(&bias, image->expected_dice - image->scores.dice, weights[i]);
        if (type == SM_CLASS_BENIGN) append(&benign, image->probabilities[SM_CLASS_MALIGNANT], weights[i]);
        if (type == SM_CLASS_MALIGNANT) append(&malignant, image->probabilities[SM_CLASS_MALIGNANT], weights[i]);
        if (type == SM_CLASS_NORMAL) {
            append(&masks, image->pixels.false_positive > 0, weights[i]);
            continue;
        }
        append(&dice, image->scores.dice, weights[i]);
        append(&missed, image->scores.dice > 0 ? 0 : 1, weights[i]);
        if (isfinite(image->surface.hd95)) append(&hd95, image->surface.hd95, weights[i]);
    }
    double ordered = 0;
    for (int m = 0; m < malignant.count; m++)
        for (int b = 0; b < benign.count; b++) ordered += malignant.values[m] > benign.values[b];
    values[0] = mean_of(&dice);
    values[1] = median_of(&dice);
    values[2] = median_of(&hd95);
    values[3] = mean_of(&masks);
    values[4] = mean_of(&right);
    values[5] = mean_of(&missed);
    values[6] = ordered / (malignant.count * benign.count);
    values[7] = mean_of(&bias);
}

static void intervals_repeat_images(void **state) {
    (void)state;
    static const int group[SEVEN] = {0, 1, 2, 2, 3, 4, 5};
    seven_images made;
    sm_score_set scores;
    sm_interval expected[LIST_METRICS];
    make_seven(&made);
    assert_int_equal(sm_score_set_of(made.list, SEVEN, 99, &scores, NULL), SM_OK);
    assert_int_equal(
        sm_bootstrap(group, SEVEN, SEVEN_GROUPS, 1000, 99, compute_from_lists, &made, LIST_METRICS, expected, NULL),
        SM_OK);
    for (int i = 0; i < LIST_METRICS; i++) {
        assert_near(scores.interval[list_metrics[i]].low, expected[i].low, 1e-12);
        assert_near(scores.interval[list_metrics[i]].high, expected[i].high, 1e-12);
    }
}

static void cases_of_each_decision(void **state) {
    (void)state;
    seven_images made;
    sm_roc_case cases[SEVEN];
    make_seven(&made);
    assert_int_equal(sm_roc_cases(made.list, SEVEN, SM_ROC_MALIGNANT_BENIGN, cases), 5);
    assert_int_equal(sm_roc_cases(made.list, SEVEN, SM_ROC_MALIGNANT_REST, cases), 7);
    assert_true(cases[0].positive && cases[0].item == 5);
    assert_near(cases[1].score, 0.5, 0);
    assert_false(cases[1].positive);
    assert_int_equal(sm_roc_cases(made.list, SEVEN, SM_ROC_LESION_NORMAL, cases), 7);
    assert_near(cases[0].score, 0.95, 1e-12);
    assert_near(cases[6].score, 0.3, 1e-12);
    assert_false(cases[6].positive);
}

/* ---- twelve images in two data sets and two folds ---- */

enum { IMAGES = 12 };

/* Four images of each class in two data sets. The lesion of image i has 100 * (i + 1) of 10000 pixels. */
static void make_images(sm_record *records, sm_evaluated_image *images) {
    static char *const groups[IMAGES] = {"a:1", "a:1", "a:2", "a:3", "a:4", "a:5",
                                         "b:1", "b:2", "b:3", "b:4", "b:5", "b:6"};
    for (int i = 0; i < IMAGES; i++) {
        sm_class type = (sm_class)(i % 3);
        records[i] = (sm_record){.image = "picture.png",
                                 .classes = sm_class_set_of(type),
                                 .source = i < 6 ? "a" : "b",
                                 .group = groups[i],
                                 .fold = i % 2,
                                 .has_curated = i < 6,
                                 .curated = i < 3,
                                 .device = ""};
        sm_evaluated_image *image = &images[i];
        *image = (sm_evaluated_image){.record = &records[i], .width = 100, .height = 100, .predicted = type};
        long long area = type == SM_CLASS_NORMAL ? 0 : 100 * (i + 1);
        image->pixels = (sm_pixel_counts){.true_positive = area, .true_negative = 10000 - area};
        for (int k = 0; k < SM_CLASS_COUNT; k++)
            image->probabilities[k] = image->raw_probabilities[k] = k == (int)type ? 0.8 : 0.1;
        image->surface = (sm_surface_distances){area ? 1.0 : (double)NAN, area ? 1.0 : (double)NAN};
    }
    /* A missed lesion, a false mask, a wrong type. */
    images[1].pixels = (sm_pixel_counts){.false_negative = 200, .true_negative = 9800};
    images[1].surface = (sm_surface_distances){NAN, 0};
    images[3].pixels = (sm_pixel_counts){.false_positive = 50, .true_negative = 9950};
    images[4].predicted = SM_CLASS_MALIGNANT;
    images[4].probabilities[1] = 0.1;
    images[4].probabilities[2] = 0.8;
    for (int i = 0; i < IMAGES; i++) images[i].scores = sm_binary_scores_of(&images[i].pixels);
}

static void scores_without_images_are_undefined(void **state) {
    (void)state;
    sm_score_set scores;
    assert_int_equal(sm_score_set_of(NULL, 0, 1, &scores, NULL), SM_OK);
    for (int f = 0; f < SM_METRIC_COUNT; f++) {
        assert_undefined(scores.metric[f]);
        assert_undefined(scores.interval[f].low);
    }
}

static void a_single_image_has_scores(void **state) {
    (void)state;
    sm_record records[IMAGES];
    sm_evaluated_image images[IMAGES];
    sm_score_set scores;
    make_images(records, images);
    const sm_evaluated_image *normal = &images[0];
    assert_int_equal(sm_score_set_of(&normal, 1, 1, &scores, NULL), SM_OK);
    assert_undefined(scores.metric[SM_METRIC_LESION_DICE]);
    assert_undefined(scores.metric[SM_METRIC_AUC_LESION_NORMAL]);
    assert_near(scores.metric[SM_METRIC_FALSE_MASK], 0, 0);
    assert_near(scores.metric[SM_METRIC_ACCURACY], 1, 0);
}

static const sm_table *find_table(const sm_split *split, const char *key) {
    for (int t = 0; t < split->table_count; t++)
        if (strcmp(split->tables[t].key, key) == 0) return &split->tables[t];
    return NULL;
}

static void make_split(sm_record *records, sm_evaluated_image *images, sm_split *split) {
    *split = (sm_split){.name = "all", .images = calloc(IMAGES, sizeof(sm_evaluated_image *)), .count = IMAGES};
    assert_non_null(split->images);
    make_images(records, images);
    for (int i = 0; i < IMAGES; i++) split->images[i] = &images[i];
}

static void assert_row(const sm_table *table, int row, const char *label, int images) {
    assert_non_null(table);
    assert_true(row < table->row_count);
    assert_string_equal(table->rows[row].label, label);
    assert_int_equal(table->rows[row].scores.images, images);
}

static void tables_by_subgroup(void **state) {
    (void)state;
    sm_record records[IMAGES];
    sm_evaluated_image images[IMAGES];
    sm_split split;
    make_split(records, images, &split);
    assert_int_equal(sm_split_score(&split, 1, NULL), SM_OK);
    assert_int_equal(split.all.images, IMAGES);
    assert_int_equal(find_table(&split, "source")->row_count, 3);
    assert_row(find_table(&split, "source"), 0, "a", 6);
    assert_row(find_table(&split, "source"), 1, "a, curated", 3);
    assert_row(find_table(&split, "source"), 2, "b", 6);
    assert_row(find_table(&split, "class"), 0, "normal", 4);
    assert_row(find_table(&split, "class"), 1, "benign", 4);
    assert_row(find_table(&split, "class"), 2, "malignant", 4);
    /* Lesions of 2 3 5 6 8 9 11 12 % of the image: the terciles start at the third and the sixth. */
    assert_int_equal(find_table(&split, "size")->row_count, 3);
    assert_row(find_table(&split, "size"), 0, "small: under 5.0 % of image", 2);
    assert_row(find_table(&split, "size"), 1, "middle: 5.0 to 9.0 %", 3);
    assert_row(find_table(&split, "size"), 2, "large: 9.0 % and more", 3);
    assert_near(find_table(&split, "size")->rows[0].scores.metric[SM_METRIC_LESION_DICE], 0.5, 1e-12);
    /* 5 + 6 + 8 and 9 + 11 + 12 %. */
    const sm_pixel_counts *middle = &find_table(&split, "size")->rows[1].scores.pixels;
    const sm_pixel_counts *large = &find_table(&split, "size")->rows[2].scores.pixels;
    assert_true(middle->true_positive + middle->false_negative == 1900);
    assert_true(large->true_positive + large->false_negative == 3200);
    assert_row(find_table(&split, "fold"), 0, "fold 0", 6);
    assert_row(find_table(&split, "fold"), 1, "fold 1", 6);
    /* One value only: no device is named, no image has calipers. */
    assert_null(find_table(&split, "device"));
    assert_null(find_table(&split, "calipers"));
    sm_split_free(&split);
}

static void tables_of_devices_and_calipers(void **state) {
    (void)state;
    sm_record records[IMAGES];
    sm_evaluated_image images[IMAGES];
    sm_split split;
    make_split(records, images, &split);
    for (int i = 0; i < IMAGES; i++) {
        records[i].device = i < 2 ? "Z" : i < 5 ? "A" : i < 6 ? NULL : "";
        records[i].fold = 3;
        images[i].annotated = i < 4;
    }
    assert_int_equal(sm_split_score(&split, 1, NULL), SM_OK);
    assert_int_equal(find_table(&split, "device")->row_count, 3);
    assert_row(find_table(&split, "device"), 0, "A", 3);
    assert_row(find_table(&split, "device"), 1, "Z", 2);
    assert_row(find_table(&split, "device"), 2, "unknown", 7);
    assert_row(find_table(&split, "calipers"), 0, "without", 8);
    assert_row(find_table(&split, "calipers"), 1, "with calipers or text", 4);
    assert_null(find_table(&split, "fold"));
    sm_split_free(&split);
}

static void folds_have_means_and_deviations(void **state) {
    (void)state;
    static const int folds[3] = {0, 1, 7};
    sm_record records[IMAGES];
    sm_evaluated_image images[IMAGES];
    sm_split split;
    sm_fold_summary summary;
    make_split(records, images, &split);
    assert_int_equal(sm_split_score(&split, 1, NULL), SM_OK);
    /* Fold 7 has no image, and so no value. */
    assert_int_equal(sm_fold_summary_make(&split, folds, 3, 1, &summary, NULL), SM_OK);
    assert_int_equal(summary.fold_count, 3);
    assert_int_equal(summary.folds[2], 7);
    assert_int_equal(summary.row_count, 4);
    const sm_fold_row *all = &summary.rows[0], *a = &summary.rows[1], *curated = &summary.rows[2];
    assert_string_equal(all->label, "all");
    assert_string_equal(curated->label, "a, curated");
    /* The wrong type is in fold 0, the missed lesion in fold 1; each fold has six images, four of them with a lesion.
     */
    assert_near(all->value[0][SM_METRIC_ACCURACY], 5.0 / 6, 1e-12);
    assert_near(all->value[1][SM_METRIC_ACCURACY], 1, 1e-12);
    assert_undefined(all->value[2][SM_METRIC_ACCURACY]);
    assert_near(all->mean[SM_METRIC_ACCURACY], 11.0 / 12, 1e-12);
    assert_near(all->deviation[SM_METRIC_ACCURACY], 1.0 / 6 / sqrt(2), 1e-12);
    assert_near(all->mean[SM_METRIC_LESION_DICE], 0.875, 1e-12);
    assert_near(all->deviation[SM_METRIC_LESION_DICE], 0.25 / sqrt(2), 1e-12);
    assert_near(a->value[0][SM_METRIC_ACCURACY], 2.0 / 3, 1e-12);
    /* Of the curated images 0, 1 and 2 only image 0 is normal: one value has no deviation. */
    assert_near(curated->mean[SM_METRIC_FALSE_MASK], 0, 0);
    assert_undefined(curated->deviation[SM_METRIC_FALSE_MASK]);
    assert_undefined(curated->mean[SM_METRIC_FLAGGED]);
    sm_fold_summary_free(&summary);
    sm_split_free(&split);
}

static void three_folds_without_data_set_names(void **state) {
    (void)state;
    static const int folds[3] = {0, 1, 2};
    sm_record records[IMAGES];
    sm_evaluated_image images[IMAGES];
    sm_split split;
    sm_fold_summary summary;
    make_split(records, images, &split);
    for (int i = 0; i < IMAGES; i++) {
        records[i].fold = i / 4;
        records[i].source = "";
        records[i].curated = false;
    }
    assert_int_equal(sm_split_score(&split, 1, NULL), SM_OK);
    assert_null(find_table(&split, "source"));
    assert_int_equal(sm_fold_summary_make(&split, folds, 3, 1, &summary, NULL), SM_OK);
    assert_int_equal(summary.row_count, 1);
    /* Accuracies 1, 0.75 and 1. */
    assert_near(summary.rows[0].mean[SM_METRIC_ACCURACY], 11.0 / 12, 1e-12);
    assert_near(summary.rows[0].deviation[SM_METRIC_ACCURACY], sqrt(1.0 / 48), 1e-12);
    sm_fold_summary_free(&summary);
    sm_split_free(&split);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_by_hand),
        cmocka_unit_test(without_outlier_scores_nothing_is_flagged),
        cmocka_unit_test(partial_labels_are_scored_in_part),
        cmocka_unit_test(scores_of_the_first_generation),
        cmocka_unit_test(froc_by_hand),
        cmocka_unit_test(intervals_repeat_images),
        cmocka_unit_test(cases_of_each_decision),
        cmocka_unit_test(scores_without_images_are_undefined),
        cmocka_unit_test(a_single_image_has_scores),
        cmocka_unit_test(tables_by_subgroup),
        cmocka_unit_test(tables_of_devices_and_calipers),
        cmocka_unit_test(folds_have_means_and_deviations),
        cmocka_unit_test(three_folds_without_data_set_names),
    };
    return cmocka_run_group_tests_name("scores", tests, NULL, NULL);
}
