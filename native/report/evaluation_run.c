#include "evaluation_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../file.h"
#include "../open_network.h"
#include "../own_files.h"
#include "report.h"

/* The bootstrap is drawn from one seed, so that a report can be made again. */
static const uint64_t BOOTSTRAP_SEED = 20200101;
enum { TILE_VALIDATION = 224, TILE_TRAINING = 144 };

/* A network, and the fold that it is scored on. */
typedef struct scored_network {
    char *path;
    int fold; /* -1: any image */
    sm_evaluator *evaluator;
} scored_network;

typedef struct run {
    const sm_evaluation_request *request;
    scored_network networks[SM_FOLDS_MAX];
    int network_count;
    sm_dataset dataset;
    const sm_record **records;
    int record_count;
    sm_evaluation evaluation;
    sm_split splits[2];
    int split_count;
    sm_gallery galleries[2][SM_GALLERY_KINDS];
    sm_fold_summary folds;
    sm_robustness robustness;
    sm_number_table log;
    bool has_log;
} run;

static sm_status open_network(run *r, const char *path, int fold, sm_error *error) {
    scored_network *network = &r->networks[r->network_count++];
    *network = (scored_network){.path = strdup(path), .fold = fold};
    if (!network->path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of the model");
    sm_evaluation_options options = r->request->options;
    options.model_path = network->path;
    return sm_evaluator_create(&options, &network->evaluator, error);
}

static bool fold_has_images(const sm_dataset *dataset, int fold) {
    for (int i = 0; i < dataset->count; i++)
        if (!dataset->records[i].exclude && dataset->records[i].fold == fold) return true;
    return false;
}

/* Opens DIR/foldK/weights.safetensors for every K that is there and has images: not every data set has all folds. */
static sm_status open_folds(run *r, sm_error *error) {
    sm_status status = SM_OK;
    int unused = 0;
    for (int fold = 0; status == SM_OK && fold < SM_FOLDS_MAX; fold++) {
        char name[48];
        snprintf(name, sizeof name, "fold%d/weights.safetensors", fold);
        char *path = sm_path_join(r->request->folds, name);
        if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of a model");
        if (access(path, F_OK) == 0) {
            if (fold_has_images(&r->dataset, fold)) {
                status = open_network(r, path, fold, error);
            } else {
                fprintf(stderr, "sonomask: no image of the data is in fold %d: %s is not used\n", fold, path);
                unused++;
            }
        }
        free(path);
    }
    if (status == SM_OK && r->network_count == 0 && unused > 0)
        status = sm_fail(error, SM_ERROR_DATA, "no image of the data is in a fold that %s holds a network for",
                         r->request->folds);
    else if (status == SM_OK && r->network_count == 0)
        status = sm_fail(error, SM_ERROR_IO, "%s: holds no fold0/weights.safetensors or the like", r->request->folds);
    return status;
}

static sm_status open_networks(run *r, sm_error *error) {
    const sm_evaluation_request *q = r->request;
    if (q->folds) return open_folds(r, error);
    char *path = NULL;
    sm_status status = sm_model_path(q->model, &path, error);
    if (status == SM_OK) status = open_network(r, path, -1, error);
    free(path);
    return status;
}

/* The records that a network scores, the validation fold's first, are appended; how many are of that fold. */
static int choose_for(run *r, const scored_network *network) {
    const sm_evaluation_request *q = r->request;
    const int fold = network->fold >= 0 ? network->fold : q->fold;
    const bool only = network->fold >= 0 || q->validation_only;
    int in_fold = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < r->dataset.count; i++) {
            const sm_record *record = &r->dataset.records[i];
            bool validation = fold < 0 || record->fold == fold;
            if (record->exclude || validation != (pass == 0) || (pass == 1 && only)) continue;
            r->records[r->record_count++] = record;
            in_fold += validation;
        }
    return in_fold;
}

/* Scores the records that belong to each network. */
static sm_status evaluate_networks(run *r, sm_error *error) {
    const sm_evaluation_request *q = r->request;
    r->records = malloc(((size_t)r->dataset.count + 1) * sizeof *r->records);
    if (!r->records) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", r->dataset.count);
    sm_status status = SM_OK;
    for (int n = 0; status == SM_OK && n < r->network_count; n++) {
        const int first = r->record_count;
        if (choose_for(r, &r->networks[n]) == 0) {
            if (q->fold >= 0) return sm_fail(error, SM_ERROR_DATA, "no image of the data is in fold %d", q->fold);
            return sm_fail(error, SM_ERROR_DATA, "every image of the data is marked `exclude`");
        }
        if (n == 0) status = sm_folder_make(q->out, error);
        sm_evaluation part = {0};
        if (status == SM_OK)
            status = sm_evaluate(r->networks[n].evaluator, r->records + first, r->record_count - first, &part, error);
        if (status == SM_OK) status = sm_evaluation_append(&r->evaluation, &part, error);
        sm_evaluation_free(&part);
    }
    if (status == SM_OK && r->evaluation.count == 0)
        status = sm_fail(error, SM_ERROR_DATA, "none of %d images could be scored", r->record_count);
    return status;
}

/* The network that scored an image. */
static sm_evaluator *evaluator_of(const run *r, const sm_record *record) {
    for (int n = 0; n < r->network_count; n++)
        if (r->networks[n].fold == record->fold) return r->networks[n].evaluator;
    return r->networks[0].evaluator;
}

/* Parts the scored images into the splits, and scores those. */
static sm_status score_splits(run *r, sm_error *error) {
    const sm_evaluation_request *q = r->request;
    sm_status status = SM_OK;
    int wanted = q->fold >= 0 && !q->validation_only ? 2 : 1;
    for (int s = 0; s < wanted && status == SM_OK; s++) {
        sm_split *split = &r->splits[s];
        split->name = q->folds ? "folds" : q->fold < 0 ? "all" : s == 0 ? "validation" : "training";
        split->images = malloc(((size_t)r->evaluation.count + 1) * sizeof *split->images);
        r->split_count = s + 1;
        if (!split->images) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the images of a split");
        for (int i = 0; i < r->evaluation.count; i++) {
            const sm_evaluated_image *image = &r->evaluation.images[i];
            if (q->fold < 0 || (image->record->fold == q->fold) == (s == 0)) split->images[split->count++] = image;
        }
        status = sm_split_score(split, BOOTSTRAP_SEED, error);
    }
    if (status != SM_OK || !q->folds) return status;
    int folds[SM_FOLDS_MAX];
    for (int n = 0; n < r->network_count; n++) folds[n] = r->networks[n].fold;
    return sm_fold_summary_make(&r->splits[0], folds, r->network_count, BOOTSTRAP_SEED, &r->folds, error);
}

/* Scores the first split's images, or some spread evenly over them, under every change. */
static sm_status score_robustness(run *r, sm_error *error) {
    const sm_split *split = &r->splits[0];
    const int wanted = r->request->robustness_images;
    const int count = wanted > 0 && wanted < split->count ? wanted : split->count;
    const sm_record **chosen = malloc(((size_t)count + 1) * sizeof *chosen);
    if (!chosen) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", count);
    r->robustness = sm_robustness_make();
    sm_status status = SM_OK;
    for (int n = 0; status == SM_OK && n < r->network_count; n++) {
        int found = 0;
        for (int i = 0; i < count; i++) {
            const sm_record *record = split->images[(size_t)i * (size_t)split->count / (size_t)count]->record;
            if (evaluator_of(r, record) == r->networks[n].evaluator) chosen[found++] = record;
        }
        status = sm_robustness_add(&r->robustness, r->networks[n].evaluator, chosen, found, error);
    }
    free(chosen);
    return status;
}

/* Each picture by the network that scored it: all at once when there is only one. */
static void draw_gallery(run *r, sm_gallery *gallery, int tile) {
    if (r->network_count == 1) {
        sm_evaluation_draw(r->networks[0].evaluator, gallery->panels, gallery->count, tile);
        return;
    }
    for (int i = 0; i < gallery->count; i++)
        sm_evaluation_draw(evaluator_of(r, gallery->panels[i].record), &gallery->panels[i], 1, tile);
}

static sm_status draw_galleries(run *r, sm_error *error) {
    sm_status status = SM_OK;
    for (int s = 0; s < r->split_count && status == SM_OK; s++) {
        status = sm_galleries_choose(&r->splits[s], r->galleries[s], error);
        for (int g = 0; g < SM_GALLERY_KINDS && status == SM_OK; g++)
            draw_gallery(r, &r->galleries[s][g], s == 0 ? TILE_VALIDATION : TILE_TRAINING);
    }
    return status;
}

/* The log.csv beside the weights, when there is one; it is an extra, so a bad one only gets a line. */
static void read_log(run *r) {
    const char *model = r->networks[0].path;
    const char *slash = strrchr(model, '/');
    char *folder = slash ? strndup(model, (size_t)(slash - model)) : strdup(".");
    char *path = folder ? sm_path_join(slash == model ? "/" : folder, "log.csv") : NULL;
    FILE *probe = path ? fopen(path, "rb") : NULL;
    if (probe) {
        sm_error error = {0};
        fclose(probe);
        r->has_log = sm_number_table_read(path, &r->log, &error) == SM_OK;
        if (!r->has_log) fprintf(stderr, "sonomask: no training curves: %s\n", error.message);
    }
    free(path);
    free(folder);
}

static sm_status write_file(const sm_report *report, const char *folder, const char *name,
                            sm_status (*write)(const sm_report *, const char *, sm_error *), sm_error *error) {
    char *path = sm_path_join(folder, name);
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of %s", name);
    sm_status status = write(report, path, error);
    free(path);
    return status;
}

static sm_status write_report(run *r, sm_error *error) {
    const sm_evaluation_request *q = r->request;
    sm_model_info models[SM_FOLDS_MAX];
    for (int n = 0; n < r->network_count; n++) models[n] = sm_evaluator_model(r->networks[n].evaluator);
    const sm_report report = {.model_path = q->folds ? q->folds : r->networks[0].path,
                              .models = models,
                              .model_count = r->network_count,
                              .segment = q->options.segment,
                              .data = q->data,
                              .data_count = q->data_count,
                              .fold = q->fold,
                              .splits = r->splits,
                              .split_count = r->split_count,
                              .galleries = q->no_pictures ? NULL : r->galleries,
                              .failures = r->evaluation.failures,
                              .failure_count = r->evaluation.failure_count,
                              .log = r->has_log ? &r->log : NULL,
                              .folds = q->folds ? &r->folds : NULL,
                              .robustness = q->robustness ? &r->robustness : NULL};
    sm_status status = write_file(&report, q->out, "images.csv", sm_report_write_csv, error);
    if (status == SM_OK) status = write_file(&report, q->out, "metrics.json", sm_report_write_json, error);
    if (status == SM_OK) status = write_file(&report, q->out, "report.html", sm_report_write_html, error);
    for (int s = 0; status == SM_OK && s < r->split_count; s++) {
        sm_report_print(stderr, &r->splits[s]);
        sm_report_headline(stdout, &report, &r->splits[s]);
    }
    if (status == SM_OK) fprintf(stderr, "\nreport: %s/report.html\n", q->out);
    return status;
}

/* Fails when a file of the report would replace one that sonomask did not write. */
static sm_status check_outputs(const sm_evaluation_request *q, sm_error *error) {
    static const struct {
        const char *name;
        sm_file_recogniser *recognise;
    } outputs[] = {
        {"images.csv", sm_own_images_csv}, {"metrics.json", sm_own_metrics_json}, {"report.html", sm_own_report_html}};
    sm_status status = SM_OK;
    for (size_t i = 0; status == SM_OK && i < sizeof outputs / sizeof *outputs; i++) {
        char *path = sm_path_join(q->out, outputs[i].name);
        if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of %s", outputs[i].name);
        status = sm_file_check_replaceable(path, q->overwrite ? NULL : outputs[i].recognise, error);
        free(path);
    }
    return status;
}

static sm_status evaluate(run *r, sm_error *error) {
    const sm_evaluation_request *q = r->request;
    /* What may be wrong is found before the long part. */
    sm_status status = sm_dataset_load(q->data, q->data_count, &r->dataset, error);
    if (status == SM_OK) status = check_outputs(q, error);
    if (status == SM_OK) status = open_networks(r, error);
    if (status == SM_OK) status = evaluate_networks(r, error);
    if (status == SM_OK) status = score_splits(r, error);
    if (status == SM_OK && q->robustness) status = score_robustness(r, error);
    if (status == SM_OK && !q->no_pictures) status = draw_galleries(r, error);
    if (status != SM_OK) return status;
    read_log(r);
    return write_report(r, error);
}

static void run_free(run *r) {
    for (int s = 0; s < r->split_count; s++) {
        sm_galleries_free(r->galleries[s]);
        sm_split_free(&r->splits[s]);
    }
    sm_number_table_free(&r->log);
    sm_evaluation_free(&r->evaluation);
    for (int n = 0; n < r->network_count; n++) {
        sm_evaluator_free(r->networks[n].evaluator);
        free(r->networks[n].path);
    }
    sm_fold_summary_free(&r->folds);
    free(r->records);
    sm_dataset_free(&r->dataset);
}

/* What failed, at the end, where the terminal still shows it. */
static sm_status list_failures(const run *r, sm_status status, sm_error *error) {
    const sm_evaluation *e = &r->evaluation;
    if (e->failure_count == 0) return status;
    fprintf(stderr, "sonomask: %d of %d images could not be scored:\n", e->failure_count, r->record_count);
    for (int i = 0; i < e->failure_count; i++) fprintf(stderr, "  %s\n", e->failures[i].reason);
    if (status != SM_OK) return status;
    return sm_fail(error, SM_ERROR_DATA, "the report is of the %d other images", e->count);
}

sm_status sm_evaluation_run(const sm_evaluation_request *request, sm_error *error) {
    run *r = calloc(1, sizeof *r);
    if (!r) return sm_fail(error, SM_ERROR_MEMORY, "no memory for an evaluation");
    r->request = request;
    const sm_status status = list_failures(r, evaluate(r, error), error);
    run_free(r);
    free(r);
    return status;
}
