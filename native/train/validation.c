#include "validation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/memory_plan.h"
#include "../../src/net_inference.h"
#include "../progress.h"

struct sm_validation {
    const sm_net *net;
    const sm_cache *cache;
    const sm_kernels *kernels;
    const sm_parallel *parallel;
    const sm_ranks *ranks;
    int size;
    bool two_sigmoid;
    sm_inference *inference; /* made by the first run; new memory for each would take as long as some images */
    sm_inference_state *state;
    double network_seconds;
    float level;                 /* least logit of a pixel of the mask */
    const sm_decision *decision; /* NULL: every mask counts */
    float *presence_map;         /* [size][size]: probabilities, for the presence */
    double *values;              /* [cache->count], see sm_validation_values */
    sm_augment_scratch *scratch;
    float *image, *mask, *logits; /* [size][size] */
    float *probability;           /* [SM_VALIDATION_EXAMPLES][size][size], as the two below */
    uint8_t *grey, *target;
    sm_validation_example examples[SM_VALIDATION_EXAMPLES];
    int example_count;
};

double sm_dice_of_logits(const float *logits, float level, const float *target, size_t count) {
    int both = 0;
    int predicted = 0;
    int lesion = 0;
    for (size_t i = 0; i < count; i++) {
        int p = logits[i] > level;
        int t = target[i] >= 0.5f;
        both += p & t;
        predicted += p;
        lesion += t;
    }
    return predicted + lesion > 0 ? 2.0 * both / (predicted + lesion) : 1;
}

int sm_class_of_logits(const float *logits, bool two_sigmoid) {
    float best = two_sigmoid ? 0 : logits[0];
    int type = 0;
    for (int c = 1; c < SM_CLASS_COUNT; c++) {
        if (logits[c] <= best) continue;
        best = logits[c];
        type = c;
    }
    return type;
}

sm_status sm_validation_create(const sm_net *net, const sm_cache *cache, int size, bool two_sigmoid,
                               const sm_kernels *kernels, const sm_parallel *parallel, sm_validation **validation,
                               sm_error *error) {
    *validation = NULL;
    sm_validation *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for validation");
    size_t pixels = (size_t)size * (size_t)size;
    *made = (sm_validation){.net = net,
                            .cache = cache,
                            .kernels = kernels,
                            .parallel = parallel,
                            .size = size,
                            .two_sigmoid = two_sigmoid,
                            .scratch = sm_augment_scratch_create(size),
                            .image = sm_floats_allocate(pixels),
                            .mask = sm_floats_allocate(pixels),
                            .logits = sm_floats_allocate(pixels),
                            .probability = sm_floats_allocate(SM_VALIDATION_EXAMPLES * pixels),
                            .grey = malloc(SM_VALIDATION_EXAMPLES * pixels),
                            .target = malloc(SM_VALIDATION_EXAMPLES * pixels),
                            .values = malloc(((size_t)cache->count + 1) * sizeof(double)),
                            .presence_map = sm_floats_allocate(pixels)};
    if (!made->scratch || !made->image || !made->mask || !made->logits || !made->probability || !made->grey ||
        !made->target || !made->values || !made->presence_map) {
        sm_validation_free(made);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for validation");
    }
    *validation = made;
    return SM_OK;
}

void sm_validation_free(sm_validation *validation) {
    if (!validation) return;
    sm_inference_state_free(validation->state);
    sm_inference_free(validation->inference);
    sm_augment_scratch_free(validation->scratch);
    sm_floats_free(validation->image);
    sm_floats_free(validation->mask);
    sm_floats_free(validation->logits);
    sm_floats_free(validation->probability);
    free(validation->grey);
    free(validation->target);
    free(validation->values);
    sm_floats_free(validation->presence_map);
    free(validation);
}

/** Keeps the image that was just scored as example `place`. */
static void keep_example(sm_validation *validation, int place) {
    const size_t pixels = (size_t)validation->size * (size_t)validation->size;
    const size_t offset = (size_t)place * pixels;
    uint8_t *grey = validation->grey + offset;
    uint8_t *target = validation->target + offset;
    float *probability = validation->probability + offset;
    for (size_t i = 0; i < pixels; i++) {
        float value = (validation->image[i] + 1) * 127.5f;
        grey[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5f);
        target[i] = validation->mask[i] >= 0.5f ? 255 : 0;
    }
    validation->kernels->sigmoid(validation->logits, pixels, probability);
}

void sm_validation_decide(sm_validation *validation, const sm_validation_rule *rule) {
    validation->level = logf(rule->threshold / (1 - rule->threshold)); /* -inf for 0, inf for 1 */
    validation->decision = rule->decision;
}

const double *sm_validation_values(const sm_validation *validation) { return validation->values; }

void sm_validation_spread(sm_validation *validation, const sm_ranks *ranks) { validation->ranks = ranks; }

const sm_validation_example *sm_validation_examples(const sm_validation *validation, int *count) {
    *count = validation->example_count;
    return validation->examples;
}

/** What the network answers for an image. */
typedef struct answer {
    double dice;
    int type;
} answer;

/** Whether the image has a mask at all, by its presence. */
static bool counts(const sm_validation *v, const float type_logits[SM_CLASS_COUNT]) {
    if (!v->decision) return true;
    const float *point = sm_decision_point(v->decision, (double)SM_DEFAULT_OPERATING_POINT);
    v->kernels->sigmoid(v->logits, (size_t)v->size * (size_t)v->size, v->presence_map);
    const float peak = sm_peak(v->presence_map, NULL, 0, v->size, v->size);
    return !point || sm_presence(v->decision, sm_type_odds(type_logits), peak) >= point[1];
}

static sm_status answer_image(sm_validation *validation, int index, answer *result, sm_error *error) {
    const sm_augmentation none = sm_augmentation_none();
    const sm_status status = sm_augment(&none, &validation->cache->samples[index], validation->size, 0,
                                        validation->scratch, validation->image, validation->mask);
    if (status != SM_OK) return sm_fail(error, status, "no memory to prepare an image");
    float type_logits[SM_CLASS_COUNT];
    const double before = sm_clock();
    sm_inference_run(validation->state, validation->image, validation->logits, type_logits);
    validation->network_seconds += sm_clock() - before;
    result->type = sm_class_of_logits(type_logits, validation->two_sigmoid);
    const size_t pixels = (size_t)validation->size * (size_t)validation->size;
    const float level = counts(validation, type_logits) ? validation->level : INFINITY;
    result->dice = sm_dice_of_logits(validation->logits, level, validation->mask, pixels);
    for (int k = 0; k < validation->example_count; k++)
        if (index == (int)((long)k * validation->cache->count / validation->example_count)) keep_example(validation, k);
    return SM_OK;
}

static sm_status prepare_network(sm_validation *v, const float *parameters, sm_error *error) {
    if (v->state) return sm_inference_update(v->inference, parameters, error);
    sm_status status = SM_OK;
    if (!v->inference) status = sm_inference_create(v->net, parameters, v->size, v->kernels, &v->inference, error);
    return status == SM_OK ? sm_inference_state_create(v->inference, v->parallel, &v->state, error) : status;
}

/** Runs the network on this rank's images. */
static sm_status answer_all(sm_validation *validation, const float *parameters, answer *answers, sm_error *error) {
    sm_status status = prepare_network(validation, parameters, error);
    sm_progress progress;
    const int share = sm_ranks_share(validation->ranks, validation->cache->count);
    const int first = sm_ranks_own(validation->ranks), step = sm_ranks_count(validation->ranks);
    sm_progress_begin(&progress, "validating", share);
    for (int k = 0; status == SM_OK && k < share; k++) {
        const int index = first + k * step;
        status = answer_image(validation, index, &answers[index], error);
        sm_progress_show(&progress, k + 1, NULL);
    }
    sm_progress_end(&progress);
    return status;
}

double sm_validation_network_seconds(const sm_validation *validation) { return validation->network_seconds; }

/** Gives every rank the answers and examples of all. */
static sm_status merge(sm_validation *validation, answer *answers, sm_error *error) {
    const sm_ranks *ranks = validation->ranks;
    const size_t pixels = (size_t)validation->example_count * (size_t)validation->size * (size_t)validation->size;
    sm_status status = sm_ranks_merge(ranks, answers, (size_t)validation->cache->count * sizeof *answers, error);
    if (status == SM_OK)
        status = sm_ranks_merge(ranks, validation->probability, pixels * sizeof *validation->probability, error);
    if (status == SM_OK) status = sm_ranks_merge(ranks, validation->grey, pixels, error);
    return status == SM_OK ? sm_ranks_merge(ranks, validation->target, pixels, error) : status;
}

static void score(const sm_cache *cache, const answer *answers, double *values, sm_scores *scores) {
    double dice = 0;
    int lesions = 0, normals = 0, false_masks = 0, right = 0, typed = 0;
    for (int i = 0; i < cache->count; i++) {
        const int type = (int)sm_record_type(cache->records[i]);
        typed += type < SM_CLASS_COUNT;
        right += answers[i].type == type;
        values[i] = NAN;
        if (!sm_record_outlined(cache->records[i])) {
            /* Without a mask there is nothing to compare the outline with. */
        } else if (type == SM_CLASS_NORMAL) {
            normals++;
            values[i] = answers[i].dice < 1 ? 0 : 1;
            false_masks += answers[i].dice < 1; /* with an empty target, Dice is 1 only for an empty mask */
        } else {
            lesions++;
            dice += answers[i].dice;
            values[i] = answers[i].dice;
        }
    }
    for (int i = 0; i < cache->count && lesions + normals == 0; i++)
        if ((int)sm_record_type(cache->records[i]) < SM_CLASS_COUNT)
            values[i] = answers[i].type == (int)sm_record_type(cache->records[i]);
    const int outlined = lesions + normals;
    scores->overall = outlined > 0 ? (dice + normals - false_masks) / outlined : typed > 0 ? (double)right / typed : 0;
    scores->lesion_dice = lesions > 0 ? dice / lesions : NAN;
    scores->false_masks = normals > 0 ? (double)false_masks / normals : NAN;
    scores->accuracy = typed > 0 ? (double)right / typed : NAN;
}

sm_status sm_validation_run(sm_validation *validation, const float *parameters, sm_scores *scores, sm_error *error) {
    const sm_cache *cache = validation->cache;
    const size_t pixels = (size_t)SM_VALIDATION_EXAMPLES * (size_t)validation->size * (size_t)validation->size;
    answer *answers = calloc((size_t)cache->count + 1, sizeof *answers);
    validation->example_count = cache->count < SM_VALIDATION_EXAMPLES ? cache->count : SM_VALIDATION_EXAMPLES;
    for (int k = 0; k < validation->example_count; k++)
        validation->examples[k] = (sm_validation_example){
            .size = validation->size,
            .grey = validation->grey + (size_t)k * pixels / SM_VALIDATION_EXAMPLES,
            .target = validation->target + (size_t)k * pixels / SM_VALIDATION_EXAMPLES,
            .probability = validation->probability + (size_t)k * pixels / SM_VALIDATION_EXAMPLES};
    if (sm_ranks_count(validation->ranks) > 1) { /* other ranks' examples begin as zeros */
        memset(validation->grey, 0, pixels);
        memset(validation->target, 0, pixels);
        memset(validation->probability, 0, pixels * sizeof *validation->probability);
    }
    sm_status status = answers ? answer_all(validation, parameters, answers, error)
                               : sm_fail(error, SM_ERROR_MEMORY, "no memory to validate");
    status = sm_ranks_agree(validation->ranks, status, error);
    if (status == SM_OK && answers) status = merge(validation, answers, error);
    if (status == SM_OK && answers) score(cache, answers, validation->values, scores);
    free(answers);
    return status;
}
