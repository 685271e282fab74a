#include "shards.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/memory_plan.h"
#include "../data/random.h"
#include "../progress.h"
#include "batch_scores.h"
#include "distillation.h"
#include "prompt_simulation.h"
#include "shard_sum.h"

enum { CHUNK = 16384 /* floats per task of an addition */, SEED_OF_SHARD = 16 };

/** What one thread needs for a shard. */
typedef struct lane {
    sm_training *training;
    sm_prompt_simulation *prompts; /* NULL: no prompts */
    sm_distillation *distillation; /* NULL without teachers */
    sm_status status;
    sm_error error;
} lane;

/** What ranks exchange about a step before the vectors. */
typedef struct report {
    int32_t failed, stop; /* of a rank */
    sm_epoch_sums sums;   /* of a shard */
} report;

typedef struct segment {
    int first, length; /* floats */
} segment;

struct sm_shards {
    sm_shards_options options;
    int images;       /* per shard */
    int first, count; /* shards of this rank */
    lane *lanes;      /* [lane_count] */
    int lane_count;
    size_t length;   /* gradients and statistics, in the layout of the parameters */
    float **vectors; /* [count], [length] each: of one shard, later of the first nodes */
    float *sum;      /* [length] */
    report *reports; /* [largest of shards and ranks] */
    size_t report_count;
    sm_shard_node
        *nodes; /* of all ranks, in order: `node_count`; those of rank r from nodes_of[r] to nodes_of[r + 1] */
    int node_count, *nodes_of;
    int rounds;                                             /* the most nodes of a rank */
    segment *segments;                                      /* [ranks]: what each rank adds up */
    int *counts, *places, *receive_counts, *receive_places; /* [ranks] */
    float **received; /* [node_count], this rank's segment; NULL for its own nodes */
    float *received_memory;
    const float **addends; /* [largest of node_count and count] */
    sm_shards_times times;
};

int sm_shards_default(int batch) {
    for (int shards = 8; shards > 1; shards--)
        if (batch % shards == 0 && batch / shards >= 2) return shards;
    return 1;
}

static int first_shard(int rank, int ranks, int shards) { return (int)((long)rank * shards / ranks); }

/** Divides shards and vector among the ranks. */
static sm_status divide(sm_shards *s, sm_error *error) {
    const int ranks = sm_ranks_count(s->options.ranks), shards = s->options.shards;
    const size_t room = (size_t)ranks;
    s->nodes = calloc((size_t)shards, sizeof *s->nodes);
    s->nodes_of = calloc(room + 1, sizeof *s->nodes_of);
    s->segments = calloc(room, sizeof *s->segments);
    s->counts = calloc(4 * room, sizeof *s->counts);
    s->report_count = (size_t)(shards > ranks ? shards : ranks);
    s->reports = calloc(s->report_count, sizeof *s->reports);
    s->received = (float **)calloc((size_t)shards, sizeof(float *));
    s->addends = (const float **)calloc((size_t)shards, sizeof(const float *));
    if (!s->nodes || !s->nodes_of || !s->segments || !s->counts || !s->reports || !s->received || !s->addends)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d ranks", ranks);
    s->places = s->counts + room, s->receive_counts = s->places + room, s->receive_places = s->receive_counts + room;
    const size_t blocks = (s->length + 15) / 16;
    for (int r = 0; r < ranks; r++) {
        const int first = first_shard(r, ranks, shards), end = first_shard(r + 1, ranks, shards);
        const size_t from = 16 * (blocks * (size_t)r / room), to = 16 * (blocks * ((size_t)r + 1) / room);
        s->nodes_of[r] = s->node_count;
        s->node_count += sm_shard_nodes(shards, first, end, s->nodes + s->node_count);
        if (s->node_count - s->nodes_of[r] > s->rounds) s->rounds = s->node_count - s->nodes_of[r];
        s->segments[r] = (segment){(int)from, (int)((to < s->length ? to : s->length) - from)};
    }
    s->nodes_of[ranks] = s->node_count;
    const int own = sm_ranks_own(s->options.ranks);
    s->first = first_shard(own, ranks, shards);
    s->count = first_shard(own + 1, ranks, shards) - s->first;
    return SM_OK;
}

static sm_status allocate_vectors(sm_shards *s, sm_error *error) {
    const int own = sm_ranks_own(s->options.ranks);
    s->sum = sm_floats_reserve(s->length);
    s->vectors = (float **)calloc((size_t)s->count, sizeof(float *));
    bool complete = s->sum && s->vectors;
    for (int i = 0; complete && i < s->count; i++) {
        s->vectors[i] = sm_floats_reserve(s->length);
        complete = s->vectors[i] != NULL;
    }
    if (complete && sm_ranks_count(s->options.ranks) > 1) {
        const size_t length = (size_t)s->segments[own].length;
        s->received_memory = sm_floats_reserve((size_t)s->node_count * length + 1);
        complete = s->received_memory != NULL;
        for (int i = 0; complete && i < s->node_count; i++)
            if (i < s->nodes_of[own] || i >= s->nodes_of[own + 1])
                s->received[i] = s->received_memory + (size_t)i * length;
    }
    return complete ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for the gradients of %d shards", s->count);
}

static sm_status create_lanes(sm_shards *s, sm_error *error) {
    const sm_shards_options *o = &s->options;
    const int threads = sm_parallel_threads(o->parallel);
    s->lane_count = threads < s->count ? threads : s->count;
    s->lanes = calloc((size_t)s->lane_count, sizeof *s->lanes);
    sm_status status = s->lanes ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    for (int i = 0; status == SM_OK && i < s->lane_count; i++) {
        lane *l = &s->lanes[i];
        /* Without threads of its own: their number would change the order of sums. */
        status = sm_training_create(o->net, o->size, s->images, o->kernels, NULL, &l->training, error);
        if (status == SM_OK && o->prompt_share > 0)
            status = sm_prompt_simulation_create(o->size, s->images, o->prompt_share, &l->prompts, error);
        if (status == SM_OK && o->teacher_count > 0)
            status = sm_distillation_create(o->teachers, o->teacher_count, o->teacher_share, o->size, s->images,
                                            o->kernels, NULL, &l->distillation, error);
    }
    return status;
}

sm_status sm_shards_create(const sm_shards_options *options, sm_shards **shards, sm_error *error) {
    *shards = NULL;
    const int count = options->shards, ranks = sm_ranks_count(options->ranks);
    if (count < 1 || count > SM_SHARDS_MAX || options->batch % count != 0)
        return sm_fail(error, SM_ERROR_ARGUMENT, "%d shards do not divide a batch of %d images", count, options->batch);
    if (count < ranks)
        return sm_fail(error, SM_ERROR_ARGUMENT,
                       "%d ranks cannot share %d shards: use fewer ranks, or more --shards and a larger --batch", ranks,
                       count);
    sm_shards *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory for training");
    made->options = *options;
    made->images = options->batch / count;
    made->length = options->net->total_count;
    sm_status status = divide(made, error);
    if (status == SM_OK) status = allocate_vectors(made, error);
    if (status == SM_OK) status = create_lanes(made, error);
    if (status == SM_OK)
        *shards = made;
    else
        sm_shards_free(made);
    return status;
}

void sm_shards_free(sm_shards *s) {
    if (!s) return;
    for (int i = 0; s->lanes && i < s->lane_count; i++) {
        sm_training_free(s->lanes[i].training);
        sm_prompt_simulation_free(s->lanes[i].prompts);
        sm_distillation_free(s->lanes[i].distillation);
    }
    for (int i = 0; s->vectors && i < s->count; i++) sm_floats_free(s->vectors[i]);
    free(s->lanes);
    free(s->vectors);
    sm_floats_free(s->sum);
    sm_floats_free(s->received_memory);
    free(s->received);
    free(s->addends);
    free(s->reports);
    free(s->nodes);
    free(s->nodes_of);
    free(s->segments);
    free(s->counts);
    free(s);
}

void sm_shards_images(const sm_shards *shards, int *first, int *count) {
    *first = shards->first * shards->images;
    *count = shards->count * shards->images;
}

uint64_t sm_shards_teachers_hash(const sm_shards *shards) {
    return sm_distillation_hash(shards->lanes[0].distillation);
}

sm_shards_times sm_shards_spent(const sm_shards *shards) { return shards->times; }

const float *sm_shards_gradients(const sm_shards *shards) { return shards->sum; }

/* ---- Computing ---- */

typedef struct compute_job {
    sm_shards *shards;
    const sm_batch *batch; /* of this rank */
    float *parameters;
    uint64_t seed;
    atomic_int next; /* shard of this rank */
} compute_job;

/** The images of shard `index` of this rank. */
static sm_batch cut(const sm_shards *s, const sm_batch *batch, int index) {
    const size_t image = (size_t)index * (size_t)s->images, pixels = (size_t)s->options.size * (size_t)s->options.size;
    return (sm_batch){.images = batch->images + image * pixels,
                      .masks = batch->masks + image * pixels,
                      .mask_weights = batch->mask_weights + image,
                      .classes = batch->classes + image};
}

/** Sets the prompts of a shard, as the trainer does for a whole batch. */
static sm_status simulate_prompts(const sm_shards *s, lane *l, const compute_job *job, int index, sm_batch *batch) {
    if (!l->prompts) return SM_OK;
    bool needs_answer;
    sm_prompt_simulation_place(l->prompts, (s->first + index) * s->images);
    const sm_status status =
        sm_prompt_simulation_begin(l->prompts, batch, sm_random_derive(job->seed, 2), &needs_answer, &l->error);
    if (status != SM_OK || !needs_answer) return status;
    const uint64_t seed = sm_random_derive(job->seed, 3);
    sm_training_predict(l->training, job->parameters, batch, sm_random_derive(seed, (uint64_t)(s->first + index)));
    batch->predicted = true;
    return sm_prompt_simulation_correct(l->prompts, batch, sm_training_mask_logits(l->training), &l->error);
}

static sm_status compute_shard(sm_shards *s, lane *l, const compute_job *job, int index) {
    const sm_shards_options *o = &s->options;
    sm_batch batch = cut(s, job->batch, index);
    const sm_status status = simulate_prompts(s, l, job, index, &batch);
    if (status != SM_OK) return status;
    const sm_batch softened =
        l->distillation ? sm_distillation_soften(l->distillation, &batch, sm_random_derive(job->seed, 1)) : batch;
    const uint64_t seed = sm_random_derive(job->seed, SEED_OF_SHARD + (uint64_t)(s->first + index));
    const sm_losses losses =
        sm_training_step(l->training, job->parameters, &softened, o->loss, 0, seed, s->vectors[index]);
    sm_training_statistics(l->training, s->vectors[index] + o->net->trainable_count);
    sm_batch_scores_add(l->training, &batch, s->images, o->size, o->loss->type_mae, &losses,
                        &s->reports[s->first + index].sums);
    return SM_OK;
}

static void run_lane(void *arguments, int index, int worker) {
    (void)worker;
    compute_job *job = arguments;
    lane *l = &job->shards->lanes[index];
    l->status = SM_OK;
    for (;;) {
        const int shard = atomic_fetch_add(&job->next, 1);
        if (shard >= job->shards->count || l->status != SM_OK) return;
        l->status = compute_shard(job->shards, l, job, shard);
    }
}

static sm_status compute(sm_shards *s, const sm_batch *batch, float *parameters, uint64_t seed, sm_error *error) {
    compute_job job = {.shards = s, .batch = batch, .parameters = parameters, .seed = seed};
    sm_parallel_run(s->options.parallel, s->lane_count, run_lane, &job);
    for (int i = 0; i < s->lane_count; i++) {
        if (s->lanes[i].status == SM_OK) continue;
        if (error) *error = s->lanes[i].error;
        return s->lanes[i].status;
    }
    return SM_OK;
}

/* ---- Adding up ---- */

typedef struct sum_job {
    const sm_shard_node *nodes;
    const float *const *values;
    int count;
    float scale;
    size_t length;
    float *sum;
} sum_job;

static void sum_chunk(void *arguments, int index, int worker) {
    (void)worker;
    const sum_job *job = arguments;
    const size_t from = (size_t)index * CHUNK;
    const size_t length = job->length - from < CHUNK ? job->length - from : CHUNK;
    const float *values[SM_SHARDS_MAX];
    for (int i = 0; i < job->count; i++) values[i] = job->values[i] + from;
    sm_shard_sum(job->nodes, values, job->count, job->scale, length, job->sum + from);
}

static void add_up(const sm_shards *s, sum_job job) {
    sm_parallel_run(s->options.parallel, (int)((job.length + CHUNK - 1) / CHUNK), sum_chunk, &job);
}

/** Adds the shards of each node of this rank; the sum is then the vector of its first shard. */
static void add_own_nodes(sm_shards *s, int own) {
    for (int n = s->nodes_of[own]; n < s->nodes_of[own + 1]; n++) {
        const sm_shard_node node = s->nodes[n];
        const int from = node.first - s->first, count = node.end - node.first;
        sm_shard_node leaves[SM_SHARDS_MAX];
        for (int i = 0; i < count; i++) {
            leaves[i] = (sm_shard_node){node.first + i, node.first + i + 1};
            s->addends[i] = s->vectors[from + i];
        }
        const bool only = s->node_count == 1;
        if (count == 1 && !only) continue;
        add_up(s, (sum_job){.nodes = leaves,
                            .values = s->addends,
                            .count = count,
                            .scale = only ? 1 / (float)s->options.shards : 1,
                            .length = s->length,
                            .sum = only ? s->sum : s->vectors[from]});
    }
}

/** Sends every rank its segment of this rank's node `round`, and receives this rank's segment of theirs. */
static sm_status exchange_round(sm_shards *s, int round, sm_error *error) {
    const sm_ranks *ranks = s->options.ranks;
    const int own = ranks->rank, node = s->nodes_of[own] + round;
    const bool sends = node < s->nodes_of[own + 1];
    for (int r = 0; r < ranks->count; r++) {
        const int theirs = s->nodes_of[r] + round;
        const bool receives = r != own && theirs < s->nodes_of[r + 1];
        s->counts[r] = sends && r != own ? s->segments[r].length : 0;
        s->places[r] = s->segments[r].first;
        s->receive_counts[r] = receives ? s->segments[own].length : 0;
        s->receive_places[r] = receives ? (int)(s->received[theirs] - s->received_memory) : 0;
    }
    return ranks->exchange(ranks->context, sends ? s->vectors[s->nodes[node].first - s->first] : s->sum, s->counts,
                           s->places, s->received_memory, s->receive_counts, s->receive_places, error);
}

static sm_status add_over_ranks(sm_shards *s, sm_error *error) {
    const sm_ranks *ranks = s->options.ranks;
    const int own = ranks->rank;
    double before = sm_clock();
    sm_status status = SM_OK;
    for (int round = 0; status == SM_OK && round < s->rounds; round++) status = exchange_round(s, round, error);
    if (status != SM_OK) return status;
    double now = sm_clock();
    s->times.sending += now - before;
    before = now;
    for (int n = 0; n < s->node_count; n++)
        s->addends[n] =
            s->received[n] ? s->received[n] : s->vectors[s->nodes[n].first - s->first] + s->segments[own].first;
    add_up(s, (sum_job){.nodes = s->nodes,
                        .values = s->addends,
                        .count = s->node_count,
                        .scale = 1 / (float)s->options.shards,
                        .length = (size_t)s->segments[own].length,
                        .sum = s->sum + s->segments[own].first});
    now = sm_clock();
    s->times.adding += now - before;
    for (int r = 0; r < ranks->count; r++) s->counts[r] = s->segments[r].length, s->places[r] = s->segments[r].first;
    status = ranks->gather(ranks->context, s->sum, s->counts, s->places, error);
    s->times.sending += sm_clock() - now;
    return status;
}

/** Adds the shards' scores in their order; false when a loss is not finite. */
static bool collect(const sm_shards *s, sm_epoch_sums *sums) {
    const int shards = s->options.shards;
    sm_epoch_sums all = {0};
    for (int i = 0; i < shards; i++) {
        const sm_epoch_sums *one = &s->reports[i].sums;
        all.loss += one->loss, all.mask_loss += one->mask_loss, all.type_loss += one->type_loss;
        all.dice += one->dice, all.lesion_images += one->lesion_images;
        all.right_types += one->right_types, all.typed_images += one->typed_images, all.images += one->images;
    }
    if (!isfinite(all.loss)) return false;
    sums->loss += all.loss / shards, sums->mask_loss += all.mask_loss / shards;
    sums->type_loss += all.type_loss / shards;
    sums->dice += all.dice, sums->lesion_images += all.lesion_images;
    sums->right_types += all.right_types, sums->typed_images += all.typed_images, sums->images += all.images;
    sums->batches += 1;
    return true;
}

sm_status sm_shards_step(sm_shards *s, const sm_batch *batch, sm_status prepared, float *parameters, uint64_t seed,
                         float momentum, const volatile sig_atomic_t *interrupted, sm_epoch_sums *sums, bool *finite,
                         bool *stop, sm_error *error) {
    const sm_ranks *ranks = s->options.ranks;
    const int own = sm_ranks_own(ranks), count = sm_ranks_count(ranks);
    *finite = true, *stop = false;
    double before = sm_clock();
    memset(s->reports, 0, s->report_count * sizeof *s->reports);
    sm_status status = prepared == SM_OK ? compute(s, batch, parameters, seed, error) : prepared;
    double now = sm_clock();
    s->times.computing += now - before;
    before = now;
    if (status == SM_OK) add_own_nodes(s, own);
    now = sm_clock();
    s->times.adding += now - before;
    s->reports[own].failed = status != SM_OK;
    s->reports[own].stop = *interrupted != 0;
    sm_error lost = {0};
    const sm_status reached = sm_ranks_merge(ranks, s->reports, s->report_count * sizeof *s->reports, &lost);
    s->times.waiting += sm_clock() - now;
    if (status == SM_OK && reached != SM_OK && error) *error = lost;
    if (reached != SM_OK) return status != SM_OK ? status : reached;
    bool failed = false;
    for (int r = 0; r < count; r++) failed = failed || s->reports[r].failed, *stop = *stop || s->reports[r].stop;
    if (failed) return sm_ranks_agree(ranks, status, error);
    sm_epoch_sums more = *sums;
    *finite = collect(s, &more);
    if (!*finite) return SM_OK;
    if (count > 1) status = add_over_ranks(s, error);
    if (status != SM_OK) return status;
    *sums = more;
    const size_t trained = s->options.net->trainable_count;
    for (size_t i = trained; i < s->length; i++) parameters[i] += momentum * (s->sum[i] - parameters[i]);
    return SM_OK;
}
