/** sonomask dataset: checks images with masks before a training. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "file.h"
#include "parallel.h"
#include "report/contact_sheet.h"
#include "report/survey_report.h"

typedef struct arguments {
    sm_words data;
    const char *out;
    int threads;
    bool json, overwrite;
} arguments;

static const sm_option option_table[] = {
    SM_DATA_OPTION(offsetof(arguments, data)),
    {.name = "out",
     .value = "DIR",
     .help =
         "folder for contact sheets, contact_sheet_1.png and so on: all images with their masks outlined, and a bar "
         "in the colour of the class (green normal, blue benign, red malignant, grey not known)",
     .default_text = "none",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, out)},
    {.name = "json",
     .help = "print one JSON object instead of the tables",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, json)},
    SM_THREADS_OPTION(offsetof(arguments, threads)),
    SM_OVERWRITE_OPTION(offsetof(arguments, overwrite)),
    {.name = NULL},
};

static const sm_command_line line = {
    .name = "dataset",
    .description =
        "Checks images with masks before a training. Prints how many images there are by data set, fold and class, "
        "their sizes and the areas of their masks, and by name: images and rows that cannot be used, with the reason; "
        "images whose mask does not fit their class; groups (patients, scenes) whose images are in several folds; and "
        "near-duplicates in different folds, found by the correlation of thumbnails. Groups and near-duplicates in "
        "several folds make scores too good. The exit status is 1 when an image or row cannot be used.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
};

/** Counts and measures the survey, and prints it. */
static sm_status report(const arguments *a, sm_survey_report *r, sm_error *error) {
    sm_status status = sm_survey_count(r->survey, &r->counts, error);
    if (status != SM_OK) return status;
    status = sm_survey_measure(r->survey, &r->sizes, error);
    if (status == SM_OK) (a->json ? sm_survey_print_json : sm_survey_print_text)(r, stdout);
    sm_survey_counts_free(&r->counts);
    const int broken = r->survey->broken + r->faults->count;
    if (status != SM_OK || broken == 0) return status;
    return sm_fail(error, SM_ERROR_DATA, "%d %s cannot be used", broken, broken == 1 ? "image" : "images");
}

static sm_status check_data(const arguments *a, const sm_dataset *dataset, const sm_failures *faults,
                            const sm_parallel *parallel, sm_error *error) {
    sm_survey survey;
    sm_status status = a->out ? sm_folder_make(a->out, error) : SM_OK;
    if (status == SM_OK) status = sm_survey_make(dataset, a->out ? SM_SHEET_TILE : 0, parallel, &survey, error);
    if (status != SM_OK) return status;
    if (a->out) status = sm_contact_sheets_write(&survey, a->out, a->overwrite, error);
    sm_survey_report r = {.dataset = dataset,
                          .survey = &survey,
                          .faults = faults,
                          .sheets = a->out ? sm_contact_sheet_count(&survey) : 0};
    if (status == SM_OK) status = report(a, &r, error);
    sm_survey_free(&survey);
    return status;
}

static sm_status run(void *pointer, sm_error *error) {
    const arguments *a = pointer;
    sm_dataset dataset = {0};
    sm_failures faults = {0};
    sm_parallel *parallel = sm_parallel_create(a->threads);
    if (!parallel) return sm_fail(error, SM_ERROR_MEMORY, "cannot start threads");
    sm_status status = sm_dataset_load_faulty(a->data.words, a->data.count, &dataset, &faults, error);
    if (status == SM_OK) status = check_data(a, &dataset, &faults, parallel, error);
    sm_dataset_free(&dataset);
    sm_failures_free(&faults);
    sm_parallel_free(parallel);
    return status;
}

int sm_command_dataset(int argc, char **argv) {
    arguments a = {0};
    return sm_command_line_run(&line, argc, argv, &a, run);
}
