/* images.csv: one line per image, with the values from which all scores can be computed. */
#include "report.h"

#include <math.h>
#include <string.h>

static void write_text(FILE *out, const char *text) {
    if (!text) text = "";
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

/* An empty field for a value that is not finite. */
static void write_number(FILE *out, double value) {
    fputc(',', out);
    if (isfinite(value)) fprintf(out, "%.6g", value);
}

static void write_source(FILE *out, const sm_record *record, bool calipers, const char *split) {
    write_text(out, record->image);
    fprintf(out, ",%s,", split);
    write_text(out, record->source);
    fputc(',', out);
    write_text(out, record->group);
    fprintf(out, ",%d,%s,", record->fold, record->has_curated ? (record->curated ? "1" : "0") : "");
    write_text(out, record->device);
    fprintf(out, ",%d,%s", calipers, record->problem ? "" : sm_record_class_name(record));
}

/* "0.91/0.87;0/0.4": Dice and expected Dice of each outline of the mask. */
static void write_outlines(FILE *out, const sm_outline_scores *scores) {
    fputc(',', out);
    for (int i = 0; i < scores->count && !scores->outlines[i].possible; i++)
        fprintf(out, "%s%.4g/%.4g", i > 0 ? ";" : "", scores->outlines[i].dice, scores->outlines[i].expected);
}

/* "0.97/1/4.2/3.1;0.2/0/3.5/0": of each outline, also the possible ones: presence, whether it touches a lesion, margin
 * and needed dilation in pixels. */
static void write_decisions(FILE *out, const sm_outline_scores *scores) {
    fputc(',', out);
    for (int i = 0; i < scores->count; i++) {
        const sm_outline_score *outline = &scores->outlines[i];
        fprintf(out, "%s%.4g/%d/%.4g/%.4g", i > 0 ? ";" : "", outline->presence, outline->found, outline->margin,
                outline->reach);
    }
}

/* Dice after 1, 2, 3 and 5 clicks and after the box, and whether a false mask was removed. */
static void write_corrections(FILE *out, const sm_evaluated_image *image) {
    static const int shown[] = {0, 1, 2, 4, SM_CORRECTION_BOX};
    const bool lesion = image->corrected && sm_evaluated_has_lesion(image);
    for (size_t k = 0; k < sizeof shown / sizeof *shown; k++)
        write_number(out, lesion ? image->corrected_dice[shown[k]] : NAN);
    const bool tried = image->corrected && sm_evaluated_normal(image) && sm_evaluated_has_mask(image);
    write_number(out, tried ? (image->cleared ? 1 : 0) : NAN);
}

static void write_image(FILE *out, const sm_evaluated_image *image, const char *split) {
    write_source(out, image->record, image->annotated, split);
    fprintf(out, ",%s", sm_class_name(image->predicted));
    for (int k = 0; k < SM_CLASS_COUNT; k++) write_number(out, image->probabilities[k]);
    for (int k = 0; k < SM_CLASS_COUNT; k++) write_number(out, image->raw_probabilities[k]);
    fprintf(out, ",%d,%d,", image->width, image->height);
    if (sm_evaluated_outlined(image)) fprintf(out, "%lld", image->pixels.true_positive + image->pixels.false_negative);
    fprintf(out, ",%lld,%d", image->pixels.true_positive + image->pixels.false_positive, image->lesion_count);
    write_number(out, image->scores.dice);
    write_number(out, image->scores.iou);
    write_number(out, image->scores.precision);
    write_number(out, image->scores.recall);
    write_number(out, image->scores.specificity);
    write_number(out, image->scores.accuracy);
    write_number(out, image->surface.hd95);
    write_number(out, image->surface.surface_dice);
    write_number(out, image->maximum_probability);
    write_number(out, image->expected_dice);
    write_number(out, image->pixel_uncertainty.auroc);
    write_number(out, image->pixel_uncertainty.wrong_in_uncertain);
    write_outlines(out, &image->outlines);
    write_number(out, image->outlier_score);
    write_number(out, image->milliseconds);
    write_number(out, image->presence);
    write_decisions(out, &image->outlines);
    write_corrections(out, image);
    fputs(",\n", out);
}

sm_status sm_report_csv(FILE *out, const sm_report *report, sm_error *error) {
    (void)error; /* nothing is allocated */
    fputs("file,split,source,group,fold,curated,device,calipers,class,predicted,"
          "normal,benign,malignant,normal_uncalibrated,benign_uncalibrated,malignant_uncalibrated,"
          "width,height,area_truth,area_predicted,lesions,"
          "dice,iou,precision,recall,specificity,accuracy,hd95,surface_dice,maximum_probability,expected_dice,"
          "pixel_uncertainty_auroc,wrong_in_doubtful_share,outlines,outlier_score,milliseconds,"
          "presence,outline_decisions,dice_1_click,dice_2_clicks,dice_3_clicks,dice_5_clicks,dice_box,cleared_by_click,"
          "error\n",
          out);
    for (int s = 0; s < report->split_count; s++)
        for (int i = 0; i < report->splits[s].count; i++)
            write_image(out, report->splits[s].images[i], report->splits[s].name);
    for (int i = 0; i < report->failure_count; i++) {
        write_source(out, report->failures[i].record, report->failures[i].record->calipers, "");
        for (int empty = 0; empty < 35; empty++) fputc(',', out);
        fputc(',', out);
        write_text(out, report->failures[i].reason);
        fputc('\n', out);
    }
    return SM_OK;
}
