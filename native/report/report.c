/* From an evaluation's results to the files in its folder. */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "../file.h"

enum { TILE_FIRST_SPLIT = 224, TILE_OTHER_SPLITS = 144, SPLITS_MAX = 2 };

/* Reads log.csv from the folder of the weights, if there is one. A log that cannot be read is reported and left out. */
static bool read_log(const char *model, sm_number_table *log) {
    const char *slash = strrchr(model, '/');
    char *folder = slash ? strndup(model, (size_t)(slash - model)) : strdup(".");
    char *path = folder ? sm_path_join(slash == model ? "/" : folder, "log.csv") : NULL;
    FILE *probe = path ? fopen(path, "rb") : NULL;
    bool good = false;
    if (probe) {
        sm_error error = {0};
        fclose(probe);
        good = sm_number_table_read(path, log, &error) == SM_OK;
        if (!good) fprintf(stderr, "sonomask: no training curves: %s\n", error.message);
    }
    free(path);
    free(folder);
    return good;
}

static const struct {
    const char *name;
    sm_status (*write)(FILE *out, const sm_report *report, sm_error *error);
} parts[] = {{"images.csv", sm_report_csv}, {"metrics.json", sm_report_json}, {"report.html", sm_report_html}};
enum { PARTS = sizeof parts / sizeof *parts };

/* All files are complete under temporary names before the first one gets its own. */
static sm_status write_files(const sm_report *report, const char *folder, sm_error *error) {
    sm_file_writer writers[PARTS] = {{0}};
    sm_status status = SM_OK;
    for (int i = 0; status == SM_OK && i < PARTS; i++) {
        char *path = sm_path_join(folder, parts[i].name);
        status = path ? sm_file_writer_open(&writers[i], path, error)
                      : sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of %s", parts[i].name);
        free(path);
        if (status == SM_OK) status = parts[i].write(writers[i].file, report, error);
        if (status == SM_OK && (fflush(writers[i].file) != 0 || ferror(writers[i].file)))
            status = sm_fail(error, SM_ERROR_IO, "%s/%s: cannot be written", folder, parts[i].name);
    }
    for (int i = 0; status == SM_OK && i < PARTS; i++) status = sm_file_writer_commit(&writers[i], error);
    for (int i = 0; i < PARTS; i++) sm_file_writer_abandon(&writers[i]);
    return status;
}

sm_status sm_report_write(const sm_evaluation_request *request, const sm_evaluation_results *results, sm_error *error) {
    sm_model_info models[SM_FOLDS_MAX];
    for (int n = 0; n < results->network_count; n++) models[n] = sm_evaluator_model(results->networks[n].evaluator);
    sm_gallery galleries[SPLITS_MAX][SM_GALLERY_KINDS] = {{{0}}};
    sm_status status = SM_OK;
    for (int s = 0; status == SM_OK && !request->no_pictures && s < results->split_count; s++) {
        status = sm_galleries_choose(&results->splits[s], galleries[s], error);
        if (status == SM_OK) sm_galleries_draw(results, galleries[s], s == 0 ? TILE_FIRST_SPLIT : TILE_OTHER_SPLITS);
    }
    sm_number_table log = {0};
    const bool has_log = status == SM_OK && read_log(results->networks[0].path, &log);
    const sm_report report = {.model_path = request->folds ? request->folds : results->networks[0].path,
                              .models = models,
                              .model_count = results->network_count,
                              .segment = request->options.segment,
                              .data = request->data,
                              .data_count = request->data_count,
                              .fold = request->fold,
                              .splits = results->splits,
                              .split_count = results->split_count,
                              .galleries = request->no_pictures ? NULL : galleries,
                              .failures = results->evaluation.failures,
                              .failure_count = results->evaluation.failure_count,
                              .log = has_log ? &log : NULL,
                              .corrections = request->corrections,
                              .folds = request->folds ? &results->folds : NULL,
                              .robustness = request->robustness ? &results->robustness : NULL};
    if (status == SM_OK) status = write_files(&report, request->out, error);
    for (int s = 0; status == SM_OK && s < report.split_count; s++) {
        sm_report_print(stderr, &report.splits[s]);
        sm_report_headline(stdout, &report, &report.splits[s]);
    }
    if (status == SM_OK) fprintf(stderr, "\nreport: %s/report.html\n", request->out);
    for (int s = 0; s < results->split_count; s++) sm_galleries_free(galleries[s]);
    sm_number_table_free(&log);
    return status;
}
