/** A survey as JSON. */
#include "../json.h"
#include "survey_report.h"

static void put_counts(sm_json *json, const sm_survey_counts *counts) {
    sm_json_array_begin(json, "counts");
    for (int i = 0; i < counts->cell_count; i++) {
        const sm_survey_cell *cell = &counts->cells[i];
        sm_json_object_begin(json, NULL);
        sm_json_string(json, "source", cell->source);
        sm_json_integer(json, "fold", cell->fold);
        for (int kind = 0; kind < SM_SURVEY_KINDS; kind++)
            sm_json_integer(json, sm_survey_kind_names[kind], cell->kinds[kind]);
        sm_json_integer(json, "images", cell->images);
        sm_json_integer(json, "outlined", cell->outlined);
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
}

static void put_quantiles(sm_json *json, const char *key, const double *values, int count) {
    static const char *const names[SM_SURVEY_QUANTILES] = {"least", "p5", "median", "p95", "most"};
    sm_json_object_begin(json, key);
    for (int i = 0; count > 0 && i < SM_SURVEY_QUANTILES; i++) sm_json_number(json, names[i], values[i]);
    sm_json_object_end(json);
}

static void put_named(sm_json *json, const char *file, const char *key, const char *text) {
    sm_json_object_begin(json, NULL);
    sm_json_string(json, "file", file);
    sm_json_string(json, key, text);
    sm_json_object_end(json);
}

static void put_broken(sm_json *json, const sm_survey_report *report) {
    sm_json_array_begin(json, "broken_rows");
    for (int i = 0; i < report->faults->count; i++) sm_json_string(json, NULL, report->faults->lines[i]);
    sm_json_array_end(json);
    sm_json_array_begin(json, "broken_images");
    for (int i = 0; i < report->survey->count; i++) {
        const sm_survey_image *image = &report->survey->images[i];
        if (image->problem) put_named(json, image->record->image, "reason", image->problem);
    }
    sm_json_array_end(json);
}

static void put_doubtful(sm_json *json, const sm_survey *survey) {
    sm_json_array_begin(json, "doubtful_images");
    for (int i = 0; i < survey->count; i++) {
        const char *doubt = sm_survey_doubt(&survey->images[i]);
        if (doubt) put_named(json, survey->images[i].record->image, "reason", doubt);
    }
    sm_json_array_end(json);
}

static void put_splits(sm_json *json, const sm_survey *survey) {
    sm_json_array_begin(json, "split_groups");
    for (int i = 0; i < survey->split_count; i++) {
        sm_json_object_begin(json, NULL);
        sm_json_string(json, "group", survey->splits[i].group);
        sm_json_array_begin(json, "folds");
        sm_json_integer(json, NULL, survey->splits[i].first_fold);
        sm_json_integer(json, NULL, survey->splits[i].second_fold);
        sm_json_array_end(json);
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
}

static void put_pairs(sm_json *json, const sm_survey *survey) {
    sm_json_array_begin(json, "near_duplicates");
    for (int i = 0; i < survey->pair_count; i++) {
        const sm_near_pair *pair = &survey->pairs[i];
        sm_json_object_begin(json, NULL);
        sm_json_array_begin(json, "files");
        sm_json_string(json, NULL, survey->images[pair->first].record->image);
        sm_json_string(json, NULL, survey->images[pair->second].record->image);
        sm_json_array_end(json);
        sm_json_number(json, "correlation", (double)pair->correlation);
        sm_json_boolean(json, "crosses_folds", sm_survey_pair_crosses_folds(survey, pair));
        sm_json_object_end(json);
    }
    sm_json_array_end(json);
}

void sm_survey_print_json(const sm_survey_report *report, FILE *file) {
    const sm_survey *survey = report->survey;
    const sm_survey_sizes *sizes = &report->sizes;
    sm_json json = {.file = file};
    sm_json_object_begin(&json, NULL);
    sm_json_integer(&json, "images", survey->count);
    sm_json_integer(&json, "excluded", survey->excluded);
    sm_json_boolean(&json, "folds_by_name", report->dataset->folds_by_name);
    put_counts(&json, &report->counts);
    put_quantiles(&json, "width", sizes->width, sizes->images);
    put_quantiles(&json, "height", sizes->height, sizes->images);
    put_quantiles(&json, "mask_share", sizes->mask_share, sizes->masks);
    put_broken(&json, report);
    put_doubtful(&json, survey);
    put_splits(&json, survey);
    put_pairs(&json, survey);
    sm_json_integer(&json, "contact_sheets", report->sheets);
    sm_json_object_end(&json);
}
