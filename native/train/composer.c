#include "composer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/status.h"
#include "../data/augment_cover.h"
#include "../data/augment_crop.h"
#include "../data/augment_marks.h"
#include "../data/random.h"
#include "../data/sources.h"
#include "copy_paste.h"

/** Indices of random streams that sm_augment, which derives streams from the same seed, does not use. */
enum { PASTE_STREAM = 1 << 20, NORMAL_STREAM, SEAM_STREAM, MARKS_STREAM };
/** How many images are tried for the shape of a spot. */
enum { SHAPE_TRIES = 6 };
/** How many other images are tried for tissue when the image itself has no room, and how many are drawn to find them.
 */
enum { OTHERS = 4, OTHER_DRAWS = 16 };
/** Most images on which success is measured. */
enum { MEASURED = 1000 };

/** The outlined images of a data set, the normal ones first. */
typedef struct tissue_list {
    int *indices, count, normal_count;
} tissue_list;

/** How many images of one set of classes were tried, and how often each change succeeded. */
typedef struct success {
    int images, crops, erasures, seams;
} success;

struct sm_composer {
    const sm_record *const *records;
    const sm_sample *samples;
    int count;
    sm_augmentation augmentation;
    sm_copy_paste *copy_paste;
    sm_cover_scratch *cover;
    sm_sample crop, marked;   /* [longest][longest] */
    sm_sample covered;        /* its arrays belong to `cover` */
    int *sources;             /* [count]: number of the data set */
    tissue_list *tissue;      /* [source_count] */
    int *outlined;            /* memory of `tissue` */
    int *shapes, shape_count; /* images with outlined lesions */
    success success[SM_CLASSES_ANY + 1];
    float lesion_seams, normal_seams; /* probability of a seam on images that end up with and without lesion */
};

/** All lesions of the image are in its mask. The mask of an image of unknown class may show one of several. */
static bool all_is_outlined(const sm_record *record) {
    return record->classes != SM_CLASSES_ANY && sm_record_outlined(record);
}

static bool has_outlined_lesion(const sm_record *record) {
    return all_is_outlined(record) && !sm_class_set_has(record->classes, SM_CLASS_NORMAL);
}

static bool allocate_sample(sm_sample *sample, int longest) {
    const size_t area = (size_t)longest * (size_t)longest;
    sample->grey = malloc(area);
    sample->mask = malloc(area);
    return sample->grey && sample->mask;
}

/** Appends the outlined images that are normal, or those that are not, to the lists of their data sets. */
static void list_tissue(sm_composer *composer, bool normal) {
    for (int i = 0; i < composer->count; i++) {
        const sm_record *record = composer->records[i];
        if (!all_is_outlined(record) || has_outlined_lesion(record) == normal) continue;
        tissue_list *list = &composer->tissue[composer->sources[i]];
        list->indices[list->count++] = i;
        list->normal_count += normal;
    }
}

static sm_status list_images(sm_composer *composer, sm_error *error) {
    int source_count = 0;
    const sm_status status =
        sm_sources_number(composer->records, composer->count, composer->sources, &source_count, error);
    if (status != SM_OK) return status;
    composer->tissue = calloc((size_t)source_count + 1, sizeof *composer->tissue);
    if (!composer->tissue) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d data sets", source_count);
    for (int i = 0; i < composer->count; i++) {
        if (all_is_outlined(composer->records[i])) composer->tissue[composer->sources[i]].count++;
        if (has_outlined_lesion(composer->records[i])) composer->shapes[composer->shape_count++] = i;
    }
    int first = 0;
    for (int s = 0; s < source_count; s++) {
        composer->tissue[s].indices = composer->outlined + first;
        first += composer->tissue[s].count;
        composer->tissue[s].count = 0;
    }
    list_tissue(composer, true);
    list_tissue(composer, false);
    return SM_OK;
}

static bool same_device(const sm_record *a, const sm_record *b) {
    return !a->device || !b->device || strcmp(a->device, b->device) == 0;
}

/**
 * Draws images of the same data set and device as sources of tissue, and returns their number. Normal images are
 * preferred, since some images have a further lesion that is not outlined.
 */
static int draw_others(const sm_composer *composer, int index, sm_random *random, const sm_sample *others[OTHERS]) {
    const tissue_list *list = &composer->tissue[composer->sources[index]];
    const int choices = list->normal_count > 0 ? list->normal_count : list->count;
    int count = 0;
    for (int i = 0; i < OTHER_DRAWS && count < OTHERS && choices > 0; i++) {
        const int other = list->indices[sm_random_below(random, choices)];
        if (other != index && same_device(composer->records[index], composer->records[other]))
            others[count++] = &composer->samples[other];
    }
    return count;
}

static bool crop(sm_composer *composer, int index, sm_random *random) {
    return sm_crop_without_lesion(&composer->samples[index], sm_random_next(random), &composer->crop);
}

static bool erase(sm_composer *composer, int index, sm_random *random) {
    const sm_sample *others[OTHERS];
    const int other_count = draw_others(composer, index, random, others);
    return sm_cover_lesions(&composer->samples[index], others, other_count, sm_random_next(random), composer->cover,
                            &composer->covered);
}

/** A normal image made of an image with lesions, or NULL. */
static const sm_sample *make_normal(sm_composer *composer, int index, uint64_t seed) {
    if (!has_outlined_lesion(composer->records[index])) return NULL;
    sm_random random = sm_random_make(seed);
    const float chance = sm_random_uniform(&random);
    const float cropped = composer->augmentation.crop_probability;
    if (chance < cropped) return crop(composer, index, &random) ? &composer->crop : NULL;
    if (chance >= cropped + composer->augmentation.erase_probability) return NULL;
    return erase(composer, index, &random) ? &composer->covered : NULL;
}

/** Covers a spot without lesion of `sample`, which was made of image `index`. */
static bool cover_spot(sm_composer *composer, int index, const sm_sample *sample, sm_random *random) {
    const sm_sample *others[OTHERS];
    const int other_count = draw_others(composer, index, random, others);
    for (int attempt = 0; attempt < SHAPE_TRIES && composer->shape_count > 0; attempt++) {
        const int shape = composer->shapes[sm_random_below(random, composer->shape_count)];
        if (sm_cover_spot(sample, &composer->samples[shape], others, other_count, sm_random_next(random),
                          composer->cover, &composer->covered))
            return true;
    }
    return false;
}

/** Draws marks into a copy. Returns `sample` when that does not happen. */
static const sm_sample *add_marks(sm_composer *composer, const sm_sample *sample, uint64_t seed) {
    sm_random random = sm_random_make(seed);
    if (sm_random_uniform(&random) >= composer->augmentation.marks_probability) return sample;
    const size_t pixels = (size_t)sample->width * (size_t)sample->height;
    sm_sample *marked = &composer->marked;
    marked->width = sample->width;
    marked->height = sample->height;
    memcpy(marked->grey, sample->grey, pixels);
    memcpy(marked->mask, sample->mask, pixels);
    sm_marks_draw(marked, sm_random_next(&random));
    return marked;
}

/** Tries each change once on image `index`, and adds the successes to `counts`. */
static void try_changes(sm_composer *composer, int index, success *counts) {
    const sm_augmentation *augmentation = &composer->augmentation;
    sm_random random = sm_random_make((uint64_t)index);
    counts->images++;
    if (has_outlined_lesion(composer->records[index])) {
        counts->crops += augmentation->crop_probability > 0 && crop(composer, index, &random);
        counts->erasures += augmentation->erase_probability > 0 && erase(composer, index, &random);
    }
    if (augmentation->seam_probability > 0 && all_is_outlined(composer->records[index]))
        counts->seams += cover_spot(composer, index, &composer->samples[index], &random);
}

static void measure_success(sm_composer *composer) {
    const int count = composer->count < MEASURED ? composer->count : MEASURED;
    for (int i = 0; i < count; i++) {
        const int index = (int)((long)i * composer->count / count);
        try_changes(composer, index, &composer->success[composer->records[index]->classes]);
    }
}

sm_status sm_composer_create(const sm_record *const *records, const sm_sample *samples, int count, int longest,
                             const sm_augmentation *augmentation, sm_composer **composer, sm_error *error) {
    *composer = NULL;
    sm_composer *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory to compose images");
    const size_t room = (size_t)count + 1;
    made->records = records;
    made->samples = samples;
    made->count = count;
    made->augmentation = *augmentation;
    made->copy_paste = sm_copy_paste_create(records, samples, count, longest);
    made->cover = sm_cover_scratch_create(longest);
    made->sources = malloc(room * sizeof *made->sources);
    made->outlined = malloc(room * sizeof *made->outlined);
    made->shapes = malloc(room * sizeof *made->shapes);
    const bool complete = allocate_sample(&made->crop, longest) && allocate_sample(&made->marked, longest) &&
                          made->copy_paste && made->cover && made->sources && made->outlined && made->shapes;
    const sm_status status =
        complete ? list_images(made, error) : sm_fail(error, SM_ERROR_MEMORY, "no memory to compose images");
    if (status != SM_OK) {
        sm_composer_free(made);
        return status;
    }
    measure_success(made);
    *composer = made;
    return SM_OK;
}

void sm_composer_free(sm_composer *composer) {
    if (!composer) return;
    sm_copy_paste_free(composer->copy_paste);
    sm_cover_scratch_free(composer->cover);
    sm_sample_free(&composer->crop);
    sm_sample_free(&composer->marked);
    free(composer->sources);
    free(composer->tissue);
    free(composer->outlined);
    free(composer->shapes);
    free(composer);
}

/** Sums of the images of an epoch; each is weighted by the shares that the measured success gives. */
typedef struct expected {
    double lesions, normals;             /* images that end up with and without lesion */
    double erased;                       /* of the latter, those with covered lesions */
    double lesion_places, normal_places; /* images that a seam can be added to */
} expected;

static double share(int part, int whole) { return whole > 0 ? (double)part / whole : 0; }

/** Adds `drawn` images of one set of classes. */
static void expect(const sm_composer *composer, sm_class_set classes, double drawn, expected *sums) {
    const success *s = &composer->success[classes];
    const double seams = share(s->seams, s->images);
    const double cropped = drawn * (double)composer->augmentation.crop_probability * share(s->crops, s->images);
    const double erased = drawn * (double)composer->augmentation.erase_probability * share(s->erasures, s->images);
    if (classes == SM_CLASSES_ANY) return;
    if (sm_class_set_has(classes, SM_CLASS_NORMAL)) {
        const double pasted = drawn * (double)composer->augmentation.paste_probability;
        sums->lesions += pasted;
        sums->lesion_places += pasted * seams;
        sums->normals += drawn - pasted;
        sums->normal_places += (drawn - pasted) * seams;
        return;
    }
    sums->lesions += drawn - cropped - erased;
    sums->lesion_places += (drawn - cropped - erased) * seams;
    sums->normals += cropped + erased;
    sums->normal_places += cropped;
    sums->erased += erased;
}

static float chance_of(double wanted, double places) {
    return places > 0 ? (float)fmin(fmax(wanted / places, 0), 1) : 0.0f;
}

void sm_composer_begin_epoch(sm_composer *composer, const int *order, int count) {
    const double wanted = (double)composer->augmentation.seam_probability;
    int drawn[SM_CLASSES_ANY + 1] = {0};
    expected sums = {0};
    for (int i = 0; i < count; i++) drawn[composer->records[order[i]]->classes]++;
    for (int set = 0; set <= SM_CLASSES_ANY; set++) expect(composer, (sm_class_set)set, drawn[set], &sums);
    if (wanted <= 0) return;
    composer->lesion_seams = chance_of(wanted * sums.lesions, sums.lesion_places);
    composer->normal_seams = chance_of(wanted * sums.normals - sums.erased, sums.normal_places);
}

const sm_sample *sm_composer_compose(sm_composer *composer, int index, uint64_t seed, sm_class_set *classes) {
    const sm_sample *sample = make_normal(composer, index, sm_random_derive(seed, NORMAL_STREAM));
    if (sample)
        *classes = sm_class_set_of(SM_CLASS_NORMAL);
    else
        sample = sm_copy_paste_apply(composer->copy_paste, index, composer->augmentation.paste_probability,
                                     sm_random_derive(seed, PASTE_STREAM), classes);
    if (sample != &composer->covered && all_is_outlined(composer->records[index])) {
        const bool normal = sm_class_set_has(*classes, SM_CLASS_NORMAL);
        sm_random random = sm_random_make(sm_random_derive(seed, SEAM_STREAM));
        const float chance = normal ? composer->normal_seams : composer->lesion_seams;
        if (sm_random_uniform(&random) < chance && cover_spot(composer, index, sample, &random))
            sample = &composer->covered;
    }
    return add_marks(composer, sample, sm_random_derive(seed, MARKS_STREAM));
}

void sm_composer_normal_shares(const sm_composer *composer, float *shares) {
    const sm_augmentation *augmentation = &composer->augmentation;
    for (int set = 0; set <= SM_CLASSES_ANY; set++) {
        const success *s = &composer->success[set];
        shares[set] = (float)((double)augmentation->crop_probability * share(s->crops, s->images) +
                              (double)augmentation->erase_probability * share(s->erasures, s->images));
    }
}
