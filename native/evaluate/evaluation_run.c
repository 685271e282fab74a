#include "evaluation_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../data/dataset_hash.h"
#include "../file.h"
#include "../open_network.h"
#include "../same_ranks.h"

/* A fixed seed, so that the same images give the same intervals. */
static const uint64_t BOOTSTRAP_SEED = 20200101;

typedef struct run {
    const sm_evaluation_request *request;
    sm_evaluation_results *results;
    const sm_record **records; /* [results->record_count], grouped by network */
} run;

static sm_status open_network(run *r, const char *path, int fold, sm_error *error) {
    sm_scored_network *network = &r->results->networks[r->results->network_count++];
    *network = (sm_scored_network){.path = strdup(path), .fold = fold};
    if (!network->path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of the model");
    sm_evaluation_options options = r->request->options;
    options.model_path = network->path;
    return sm_evaluator_create(&options, &network->evaluator, error);
}

static sm_status open_folds(run *r, sm_error *error) {
    sm_fold_networks found;
    sm_status status = sm_fold_networks_find(r->request->folds, &r->results->dataset, &found, error);
    for (int n = 0; status == SM_OK && n < found.count; n++)
        status = open_network(r, found.items[n].path, found.items[n].fold, error);
    sm_fold_networks_free(&found);
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

/* Appends the records that a network scores, the validation fold first. Returns how many are in that fold. */
static int choose_records(run *r, const sm_scored_network *network) {
    const sm_evaluation_request *q = r->request;
    const sm_dataset *dataset = &r->results->dataset;
    const int fold = network->fold >= 0 ? network->fold : q->fold;
    const bool only = network->fold >= 0 || q->validation_only;
    int in_fold = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < dataset->count; i++) {
            const sm_record *record = &dataset->records[i];
            bool validation = fold < 0 || record->fold == fold;
            if (record->exclude || validation != (pass == 0) || (pass == 1 && only)) continue;
            r->records[r->results->record_count++] = record;
            in_fold += validation;
        }
    return in_fold;
}

static sm_status score_network(run *r, const sm_scored_network *network, sm_error *error) {
    const int first = r->results->record_count;
    if (choose_records(r, network) == 0) {
        if (r->request->fold >= 0)
            return sm_fail(error, SM_ERROR_DATA, "the data has no image in fold %d", r->request->fold);
        return sm_fail(error, SM_ERROR_DATA, "every image of the data is marked `exclude`");
    }
    /* Before the long part, but not for data that cannot be scored. */
    sm_status status = sm_ranks_agree(r->request->options.ranks, sm_folder_make(r->request->out, error), error);
    sm_evaluation part = {0};
    if (status == SM_OK)
        status = sm_evaluate(network->evaluator, r->records + first, r->results->record_count - first,
                             r->request->corrections, &part, error);
    if (status == SM_OK) status = sm_evaluation_append(&r->results->evaluation, &part, error);
    sm_evaluation_free(&part);
    return status;
}

static sm_status score_networks(run *r, sm_error *error) {
    sm_evaluation_results *results = r->results;
    r->records = malloc(((size_t)results->dataset.count + 1) * sizeof *r->records);
    if (!r->records) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", results->dataset.count);
    sm_status status = SM_OK;
    for (int n = 0; status == SM_OK && n < results->network_count; n++)
        status = score_network(r, &results->networks[n], error);
    if (status == SM_OK && results->evaluation.count == 0)
        status = sm_fail(error, SM_ERROR_DATA, "none of %d images could be scored", results->record_count);
    return status;
}

/* Divides the scored images into splits and scores each split. */
static sm_status score_splits(run *r, sm_error *error) {
    const sm_evaluation_request *q = r->request;
    sm_evaluation_results *results = r->results;
    const sm_evaluation *evaluation = &results->evaluation;
    sm_status status = SM_OK;
    int wanted = q->fold >= 0 && !q->validation_only ? 2 : 1;
    for (int s = 0; s < wanted && status == SM_OK; s++) {
        sm_split *split = &results->splits[s];
        split->name = q->folds ? "folds" : q->fold < 0 ? "all" : s == 0 ? "validation" : "training";
        split->images = malloc(((size_t)evaluation->count + 1) * sizeof *split->images);
        results->split_count = s + 1;
        if (!split->images) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the images of a split");
        for (int i = 0; i < evaluation->count; i++) {
            const sm_evaluated_image *image = &evaluation->images[i];
            if (q->fold < 0 || (image->record->fold == q->fold) == (s == 0)) split->images[split->count++] = image;
        }
        status = sm_split_score(split, BOOTSTRAP_SEED, error);
    }
    if (status != SM_OK || !q->folds) return status;
    int folds[SM_FOLDS_MAX];
    for (int n = 0; n < results->network_count; n++) folds[n] = results->networks[n].fold;
    return sm_fold_summary_make(&results->splits[0], folds, results->network_count, BOOTSTRAP_SEED, &results->folds,
                                error);
}

/* Scores the first split's images, or an even selection of them, under every perturbation. */
static sm_status score_robustness(run *r, sm_error *error) {
    sm_evaluation_results *results = r->results;
    const sm_split *split = &results->splits[0];
    const int wanted = r->request->robustness_images;
    const int count = wanted > 0 && wanted < split->count ? wanted : split->count;
    const sm_record **chosen = malloc(((size_t)count + 1) * sizeof *chosen);
    if (!chosen) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d records", count);
    results->robustness = sm_robustness_make();
    sm_status status = SM_OK;
    for (int n = 0; status == SM_OK && n < results->network_count; n++) {
        int found = 0;
        for (int i = 0; i < count; i++) {
            const sm_record *record = split->images[(size_t)i * (size_t)split->count / (size_t)count]->record;
            if (sm_evaluation_evaluator(results, record) == results->networks[n].evaluator) chosen[found++] = record;
        }
        status = sm_robustness_add(&results->robustness, results->networks[n].evaluator, chosen, found, error);
    }
    free(chosen);
    return status;
}

/* Fails on all ranks unless they have the same data and networks. */
static sm_status check_ranks(const run *r, sm_status opened, sm_error *error) {
    const sm_ranks *ranks = r->request->options.ranks;
    const sm_evaluation_results *results = r->results;
    sm_status status = sm_ranks_agree(ranks, opened, error);
    if (status == SM_OK) status = sm_ranks_check_same(ranks, sm_dataset_hash(&results->dataset), "other data", error);
    if (status == SM_OK)
        status = sm_ranks_check_same(ranks, (uint64_t)results->network_count, "another number of networks", error);
    for (int n = 0; status == SM_OK && n < results->network_count; n++)
        status = sm_same_file(ranks, results->networks[n].path, "other weights", error);
    return status;
}

sm_status sm_evaluation_run(const sm_evaluation_request *request, sm_evaluation_results *results, sm_error *error) {
    run r = {.request = request, .results = results};
    sm_status status = sm_dataset_load(request->data, request->data_count, &results->dataset, error);
    if (status == SM_OK) status = open_networks(&r, error);
    status = check_ranks(&r, status, error);
    if (status == SM_OK && request->corrections && !sm_evaluator_model(results->networks[0].evaluator).takes_prompts)
        fprintf(stderr, "sonomask: %s takes no clicks and no box: they are not scored\n", results->networks[0].path);
    if (status == SM_OK) status = score_networks(&r, error);
    if (status == SM_OK) status = score_splits(&r, error);
    if (status == SM_OK && request->robustness) status = score_robustness(&r, error);
    free(r.records);
    return status;
}

void sm_evaluation_results_free(sm_evaluation_results *results) {
    for (int s = 0; s < results->split_count; s++) sm_split_free(&results->splits[s]);
    sm_evaluation_free(&results->evaluation);
    for (int n = 0; n < results->network_count; n++) {
        sm_evaluator_free(results->networks[n].evaluator);
        free(results->networks[n].path);
    }
    sm_fold_summary_free(&results->folds);
    sm_dataset_free(&results->dataset);
    *results = (sm_evaluation_results){0};
}

sm_evaluator *sm_evaluation_evaluator(const sm_evaluation_results *results, const sm_record *record) {
    for (int n = 0; n < results->network_count; n++)
        if (results->networks[n].fold == record->fold) return results->networks[n].evaluator;
    return results->networks[0].evaluator;
}

sm_status sm_evaluation_end(const sm_evaluation_results *results, sm_status status, sm_error *error) {
    const sm_evaluation *evaluation = &results->evaluation;
    if (evaluation->failure_count == 0) return status;
    fprintf(stderr, "sonomask: %d of %d images could not be scored:\n", evaluation->failure_count,
            results->record_count);
    for (int i = 0; i < evaluation->failure_count; i++) fprintf(stderr, "  %s\n", evaluation->failures[i].reason);
    if (status != SM_OK) return status;
    return sm_fail(error, SM_ERROR_DATA, "the report is of the other %d images", evaluation->count);
}
