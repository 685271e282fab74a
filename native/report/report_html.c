/* The page: settings of the run, then each split from the headline metrics to single images. */
#include "report_html.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "../metrics/uncertainty.h"
#include "html.h"
#include "svg.h"

static void fact(FILE *out, const char *name, const char *value) {
    fprintf(out, "<dt>%s</dt><dd>", name);
    sm_svg_escape(out, value);
    fputs("</dd>\n", out);
}

/* "0.5", or "0.45 to 0.55" when the models differ. */
static void range(char text[48], double low, double high) {
    if (low < high)
        snprintf(text, 48, "%.3g to %.3g", low, high);
    else
        snprintf(text, 48, "%.3g", low);
}

static void settings(FILE *out, const sm_report *report) {
    double low[3] = {INFINITY, INFINITY, INFINITY}, high[3] = {-INFINITY, -INFINITY, -INFINITY};
    for (int i = 0; i < report->model_count; i++) {
        const double own[3] = {sm_report_threshold(report, i), 100 * sm_report_minimum_area(report, i),
                               (double)report->models[i].temperature};
        for (int s = 0; s < 3; s++) low[s] = fmin(low[s], own[s]), high[s] = fmax(high[s], own[s]);
    }
    char part[3][48], text[256];
    for (int s = 0; s < 3; s++) range(part[s], low[s], high[s]);
    snprintf(text, sizeof text, "threshold %s, minimum area %s %% of the image, temperature %s%s", part[0], part[1],
             part[2], report->segment.flip_average ? ", averaged with the mirrored image" : "");
    fact(out, "Settings", text);
}

static void operating_point(FILE *out, const sm_report *report) {
    char text[256];
    const double kept = sm_report_operating_point(report);
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int i = 0; i < report->model_count; i++)
        for (int p = 0; p < SM_OPERATING_POINTS && report->models[i].has_decision; p++) {
            const sm_operating_point *point = &report->models[i].operating_points[p];
            if (fabs((double)point->kept - kept) > 0.005) continue;
            const double values[2] = {(double)point->presence, 100 * (double)point->missed};
            for (int k = 0; k < 2; k++) low[k] = fmin(low[k], values[k]), high[k] = fmax(high[k], values[k]);
        }
    if (high[0] < 0) {
        fact(out, "Operating point", "none in the weights: every outline counts");
        return;
    }
    char part[2][48];
    for (int k = 0; k < 2; k++) range(part[k], low[k], high[k]);
    snprintf(text, sizeof text,
             "%.2f of the lesion images kept: presence of at least %s; upper 95 %% bound on the share of lesion images "
             "in which no outline counts: %s %%",
             kept, part[0], part[1]);
    fact(out, "Operating point", text);
}

static void facts(FILE *out, const sm_report *report) {
    char text[256];
    fputs("<dl class=\"facts\">\n", out);
    fact(out, "Model", report->model_path);
    const sm_model_info *model = &report->models[0];
    snprintf(text, sizeof text, "%s, %d \xC3\x97 %d pixels", model->network, model->input_size, model->input_size);
    fact(out, "Network", text);
    if (model->date && *model->date) fact(out, "Trained", model->date);
    if (model->training_data && *model->training_data && !report->folds) fact(out, "Trained on", model->training_data);
    settings(out, report);
    operating_point(out, report);
    if (!model->takes_prompts && report->corrections)
        fact(out, "Clicks", "not scored: these weights take no clicks and no box");
    fputs("<dt>Data</dt><dd>", out);
    for (int i = 0; i < report->data_count; i++) {
        if (i > 0) fputs("<br>", out);
        sm_svg_escape(out, report->data[i]);
    }
    fputs("</dd>\n", out);
    if (report->fold >= 0) {
        snprintf(text, sizeof text, "fold %d is validation, the other folds are training", report->fold);
        fact(out, "Split", text);
    }
    time_t now = time(NULL);
    struct tm date = {0};
    if (gmtime_r(&now, &date) && strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &date) > 0)
        fact(out, "Evaluated", text);
    fputs("</dl>\n", out);
}

/* The last two parts of a path: they identify the image and fit a phone screen. */
static const char *short_name(const char *path) {
    const char *name = path + strlen(path);
    for (int slashes = 0; name > path; name--)
        if (name[-1] == '/' && ++slashes == 2) break;
    return name;
}

static void picture(FILE *out, const sm_gallery_item *item) {
    const sm_evaluated_image *image = item->image;
    char text[160];
    if (!item->png) return;
    const bool typed = (int)sm_record_type(image->record) < SM_CLASS_COUNT;
    const bool right = image->predicted == sm_record_type(image->record);
    const char *class = sm_record_class_name(image->record);
    fputs("<figure>", out);
    snprintf(text, sizeof text, "Image, reference mask and predicted mask; Dice %.3f", image->scores.dice);
    sm_html_png(out, item->png, item->png_size, text);
    fputs("<figcaption><span class=\"file\" title=\"", out);
    sm_svg_escape(out, image->record->image);
    fputs("\">", out);
    if (image->record->source && *image->record->source) {
        sm_svg_escape(out, image->record->source);
        fputs(": ", out);
    }
    sm_svg_escape(out, short_name(image->record->image));
    fprintf(out, "</span><br>%s, <span class=\"%s\">predicted %s (%.0f %%)</span>", *class ? class : "type unknown",
            !typed  ? "unknown"
            : right ? "right"
                    : "wrong",
            sm_class_name(image->predicted), 100 * image->probabilities[image->predicted]);
    fprintf(out, " \xC2\xB7 presence\xC2\xA0%.2f", image->presence);
    if (sm_evaluated_has_lesion(image)) fprintf(out, " \xC2\xB7 Dice\xC2\xA0%.3f", image->scores.dice);
    if (sm_evaluated_has_lesion(image) && image->corrected)
        fprintf(out, " \xC2\xB7 after 1 click\xC2\xA0%.3f", image->corrected_dice[0]);
    if (isfinite(image->surface.hd95)) fprintf(out, " \xC2\xB7 HD95\xC2\xA0%.1f\xC2\xA0px", image->surface.hd95);
    fputs("</figcaption></figure>\n", out);
}

static bool has_pictures(const sm_gallery *gallery) {
    for (int i = 0; i < gallery->count; i++)
        if (gallery->items[i].png) return true;
    return false;
}

static void write_galleries(FILE *out, const sm_gallery *galleries) {
    bool explained = false;
    for (int g = 0; g < SM_GALLERY_KINDS; g++) {
        if (!has_pictures(&galleries[g])) continue;
        fprintf(out, "<h3>%s</h3>\n", galleries[g].title);
        fprintf(out, "<p class=\"key\">%s", galleries[g].note);
        if (!explained)
            fputs(". From left to right: image, <b class=\"reference\">reference mask</b>, "
                  "<b class=\"prediction\">predicted mask</b> with the reference outline as a faint line",
                  out);
        explained = true;
        fputs(".</p>\n<div class=\"gallery\">\n", out);
        for (int i = 0; i < galleries[g].count; i++) picture(out, &galleries[g].items[i]);
        fputs("</div>\n", out);
    }
}

static sm_status write_split(FILE *out, const sm_report *report, const sm_split *split, const sm_gallery *galleries,
                             sm_error *error) {
    const sm_score_set *all = &split->all;
    fprintf(out,
            "<p class=\"lead\">%d images of %d scenes or patients: %d with an outlined lesion, %d normal. The type is "
            "known of %d. Small print: 95 %% intervals.</p>\n",
            all->images, all->groups, all->lesion_images, all->normal_images, all->typed_images);
    sm_report_cards(out, all);
    int table = 0;
    if (table < split->table_count) {
        sm_report_decisions_table(out, &split->tables[table]);
        sm_report_measures_table(out, &split->tables[table]);
        sm_report_subgroups_table(out, &split->tables[table++]);
    }
    sm_status status = sm_report_charts(out, report, split, error);
    if (split->table_count > 0) sm_report_reliabilities(out, &split->tables[0]);
    fputs("<h3>Subgroups</h3>\n", out);
    for (; table < split->table_count; table++) sm_report_subgroups_table(out, &split->tables[table]);
    if (all->typed_images > 0) {
        fputs("<h3>Type</h3>\n", out);
        sm_report_classes_table(out, all);
        sm_report_calibration_table(out, all);
    }
    if (all->outlined_images > 0) {
        fputs("<h3>Masks</h3>\n", out);
        sm_report_masks_table(out, all);
    }
    fputs("<details class=\"more\"><summary>All metrics with intervals</summary>\n", out);
    sm_report_metrics_table(out, all);
    fputs("</details>\n", out);
    if (galleries) write_galleries(out, galleries);
    return status;
}

static void write_failures(FILE *out, const sm_report *report) {
    if (report->failure_count == 0) return;
    fprintf(out, "<h2>Images that could not be scored</h2>\n<ul>\n");
    for (int i = 0; i < report->failure_count; i++) {
        fputs("<li>", out);
        sm_svg_escape(out, report->failures[i].reason);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

static void write_method(FILE *out) {
    fprintf(
        out,
        "<h2>Method</h2>\n<dl class=\"facts\">\n"
        "<dt>Images</dt><dd>Images with contradictory published labels are left out. Calipers and text: as marked in "
        "the manifest, or detected as thin bright strokes.</dd>\n"
        "<dt>Lesion Dice</dt><dd>Mean over images with a reference lesion, each at its own resolution. Normal images "
        "are reported separately: the share with any predicted pixel.</dd>\n"
        "<dt>Presence</dt><dd>The probability that an image, or an outline, shows a lesion, when half of the images "
        "do. An outline counts as a lesion when its presence reaches the level of the operating point. Without "
        "an outline, the largest one below the threshold is drawn as a possible lesion when the presence of the image "
        "reaches the level; it never counts. A lesion image is kept when it has an outline, counted or possible, that "
        "reaches the level, and missed when no counted outline touches the lesion. The figures at 80, 90 and 95 %% are "
        "those at the levels in the weights, which kept this share of the lesion images to which they were fitted."
        "</dd>\n"
        "<dt>FROC</dt><dd>Share of the reference lesions that a counted outline touches, against the mean number of "
        "counted outlines per image that touch none, for all levels of the presence.</dd>\n"
        "<dt>Margin</dt><dd>Coverage: share of the patients with a found lesion whose found lesions all lie within "
        "their outlines grown by the margin; 90 %% is promised.</dd>\n"
        "<dt>Clicks and box</dt><dd>Simulated. First click: a random pixel of the lesion. Next clicks: the most "
        "interior "
        "pixel of the largest component of the error, inside for missed parts, outside for false ones. Box: the "
        "bounding box of the largest lesion, each side moved by up to 5 %% of it. Normal images with a mask: one click "
        "outside on it; removed means that nothing of the outline under the click is left.</dd>\n"
        "<dt>Intervals</dt><dd>95 %%: percentiles of %d bootstrap replicates that draw whole groups (a scene or a "
        "patient).</dd>\n"
        "<dt>HD95</dt><dd>The larger of the two directed 95th percentiles of distances between the outlines, for "
        "images "
        "where both masks have pixels.</dd>\n"
        "<dt>Surface Dice</dt><dd>Share of the pixels of both outlines that are at most %.0f pixels from the other "
        "outline.</dd>\n"
        "<dt>AUC</dt><dd>Area under the ROC curve; ties count half.</dd>\n"
        "<dt>ECE</dt><dd>Expected calibration error of the predicted type's probability, in ten bins of equal "
        "width.</dd>\n"
        "<dt>Pixelwise, imagewise</dt><dd>Pixelwise: from the pixels of all images together. Imagewise: mean over "
        "images; an empty predicted mask for an empty reference mask scores 1.</dd>\n"
        "<dt>Expected Dice</dt><dd>The Dice that the model predicts for its own mask, over all images. A failure is a "
        "mask with a Dice below %.1f.</dd>\n"
        "<dt>Risk and coverage</dt><dd>Images are taken in the order of falling expected Dice. Coverage is the share "
        "of "
        "the images taken, risk their mean of 1 - Dice; the area is the mean risk over all coverages.</dd>\n"
        "<dt>Pixel uncertainty</dt><dd>1 - |2 p - 1| for a pixel of lesion probability p. Wrong pixels are those where "
        "the predicted and the reference mask differ.</dd>\n"
        "<dt>Out-of-distribution</dt><dd>Share of the images that the model flags as different from the images to "
        "which its outlier statistics were fitted.</dd>\n</dl>\n",
        SM_BOOTSTRAP_REPLICATES, SM_SURFACE_TOLERANCE, SM_FAILED_DICE);
}

static const char *split_title(const char *name) {
    if (strcmp(name, "validation") == 0) return "Validation";
    if (strcmp(name, "training") == 0) return "Training images";
    if (strcmp(name, "folds") == 0) return "All folds, each scored by its own network";
    return "All images";
}

sm_status sm_report_html(FILE *out, const sm_report *report, sm_error *error) {
    sm_status status = SM_OK;
    sm_html_begin(out, "sonomask evaluation");
    fputs("<h1>sonomask evaluation</h1>\n<p class=\"lead\">Lesions in breast ultrasound: predicted masks and types, "
          "compared "
          "with experts' masks and labels.</p>\n<div class=\"research\" role=\"note\"><strong>Research only, not a "
          "medical "
          "device.</strong> Do not use these results for diagnosis or treatment.</div>\n",
          out);
    facts(out, report);
    for (int s = 0; status == SM_OK && s < report->split_count; s++) {
        const sm_split *split = &report->splits[s];
        const sm_gallery *galleries = report->galleries ? report->galleries[s] : NULL;
        if (s == 0) {
            fprintf(out, "<h2>%s</h2>\n", split_title(split->name));
            if (report->folds) sm_report_folds_table(out, report->folds);
            status = write_split(out, report, split, galleries, error);
            if (status == SM_OK && report->robustness) sm_report_robustness(out, report->robustness);
            if (status == SM_OK && report->log) status = sm_report_curves(out, report->log, error);
        } else {
            fprintf(out, "<details class=\"split\"><summary>%s: scores are better than on new images</summary>\n",
                    split_title(split->name));
            status = write_split(out, report, split, galleries, error);
            fputs("</details>\n", out);
        }
    }
    write_failures(out, report);
    write_method(out);
    sm_html_end(out);
    return status;
}
