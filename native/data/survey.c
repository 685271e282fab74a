#include "survey.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/parallel.h"
#include "../../src/status.h"
#include "../progress.h"

typedef struct reading {
    sm_survey *survey;
    int tile_size;
    bool *no_memory; /* one per image */
    atomic_int done;
    sm_progress progress;
} reading;

static double mask_share(const sm_sample *sample) {
    const size_t pixels = (size_t)sample->width * (size_t)sample->height;
    size_t inside = 0;
    for (size_t i = 0; i < pixels; i++) inside += sample->mask[i] >= 128;
    return (double)inside / (double)pixels;
}

static sm_status read_facts(sm_survey_image *image, int tile_size, sm_error *error) {
    sm_sample sample = {0};
    sm_status status = sm_sample_load(image->record, &sample, error);
    if (status != SM_OK) return status;
    image->width = sample.width;
    image->height = sample.height;
    image->mask_share = mask_share(&sample);
    image->thumbnail = malloc(sizeof *image->thumbnail);
    status = image->thumbnail ? sm_thumbnail_make(sample.grey, sample.width, sample.height, image->thumbnail, error)
                              : sm_fail(error, SM_ERROR_MEMORY, "no memory for a thumbnail");
    if (status == SM_OK && tile_size > 0) {
        status = sm_sample_resize(&sample, tile_size, error);
        if (status == SM_OK) {
            image->tile = sample;
            return SM_OK;
        }
    }
    sm_sample_free(&sample);
    return status;
}

static void read_image(void *context, int index, int worker) {
    reading *r = context;
    sm_survey_image *image = &r->survey->images[index];
    sm_error error = {0};
    const sm_status status = read_facts(image, r->tile_size, &error);
    if (status != SM_OK) {
        free(image->thumbnail);
        image->thumbnail = NULL;
        image->width = image->height = 0;
        image->problem = strdup(error.message);
        r->no_memory[index] = status == SM_ERROR_MEMORY || !image->problem;
    }
    const int done = atomic_fetch_add(&r->done, 1) + 1;
    if (worker == 0) sm_progress_show(&r->progress, done, NULL);
}

static sm_status read_images(sm_survey *survey, int tile_size, const sm_parallel *parallel, sm_error *error) {
    reading r = {
        .survey = survey, .tile_size = tile_size, .no_memory = calloc((size_t)survey->count + 1, sizeof *r.no_memory)};
    if (!r.no_memory) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d images", survey->count);
    sm_progress_begin(&r.progress, "reading images", survey->count);
    sm_parallel_run(parallel, survey->count, read_image, &r);
    sm_progress_end(&r.progress);
    sm_status status = SM_OK;
    for (int i = 0; i < survey->count; i++) {
        survey->broken += survey->images[i].problem != NULL;
        if (r.no_memory[i] && status == SM_OK)
            status = sm_fail(error, SM_ERROR_MEMORY, "%s",
                             survey->images[i].problem ? survey->images[i].problem : "no memory for a message");
    }
    free(r.no_memory);
    return status;
}

static int compare_groups(const void *left, const void *right) {
    const sm_record *a = *(const sm_record *const *)left, *b = *(const sm_record *const *)right;
    const int order = strcmp(a->group, b->group);
    return order ? order : (a->fold > b->fold) - (a->fold < b->fold);
}

static sm_status find_splits(sm_survey *survey, sm_error *error) {
    const sm_record **sorted = calloc((size_t)survey->count + 1, sizeof *sorted);
    survey->splits = calloc((size_t)survey->count + 1, sizeof *survey->splits);
    if (!sorted || !survey->splits) {
        free(sorted);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d groups", survey->count);
    }
    for (int i = 0; i < survey->count; i++) sorted[i] = survey->images[i].record;
    qsort(sorted, (size_t)survey->count, sizeof *sorted, compare_groups);
    const char *last = ""; // the group that was added last; a group has a name
    for (int i = 1; i < survey->count; i++) {
        const sm_record *before = sorted[i - 1], *here = sorted[i];
        if (strcmp(before->group, here->group) != 0 || before->fold == here->fold) continue;
        if (strcmp(last, here->group) == 0) continue;
        last = here->group;
        survey->splits[survey->split_count++] = (sm_split_group){here->group, before->fold, here->fold};
    }
    free(sorted);
    return SM_OK;
}

static sm_status find_pairs(sm_survey *survey, const sm_parallel *parallel, sm_error *error) {
    const sm_thumbnail **thumbnails = calloc((size_t)survey->count + 1, sizeof *thumbnails);
    if (!thumbnails) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d thumbnails", survey->count);
    for (int i = 0; i < survey->count; i++) thumbnails[i] = survey->images[i].thumbnail;
    const sm_status status =
        sm_near_duplicates_find(thumbnails, survey->count, parallel, &survey->pairs, &survey->pair_count, error);
    free(thumbnails);
    return status;
}

sm_status sm_survey_make(const sm_dataset *dataset, int tile_size, const sm_parallel *parallel, sm_survey *survey,
                         sm_error *error) {
    *survey = (sm_survey){.images = calloc((size_t)dataset->count + 1, sizeof *survey->images)};
    if (!survey->images) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d images", dataset->count);
    for (int i = 0; i < dataset->count; i++) {
        if (dataset->records[i].exclude)
            survey->excluded++;
        else
            survey->images[survey->count++].record = &dataset->records[i];
    }
    sm_status status = read_images(survey, tile_size, parallel, error);
    if (status == SM_OK) status = find_splits(survey, error);
    if (status == SM_OK) status = find_pairs(survey, parallel, error);
    if (status != SM_OK) sm_survey_free(survey);
    return status;
}

void sm_survey_free(sm_survey *survey) {
    for (int i = 0; i < survey->count; i++) {
        free(survey->images[i].problem);
        free(survey->images[i].thumbnail);
        sm_sample_free(&survey->images[i].tile);
    }
    free(survey->images);
    free(survey->splits);
    free(survey->pairs);
    *survey = (sm_survey){0};
}

bool sm_survey_pair_crosses_folds(const sm_survey *survey, const sm_near_pair *pair) {
    return survey->images[pair->first].record->fold != survey->images[pair->second].record->fold;
}
