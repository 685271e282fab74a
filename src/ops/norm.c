#include <math.h>

#include "operations.h"
#include "rows.h"

/** Parameters of a vector of channels. */
typedef struct norm_vector {
    v_f32 scale, shift;
    v_f32 threshold; /**< the gradient passes where z is above: 0 with ReLU, else -infinity */
    v_f32 mean, inverse_deviation;
    v_f32 a, b, c;
} norm_vector;

/** Loads a vector of parameters from p[index]. */
typedef struct parameter_place {
    int channel, lanes; /**< `lanes` channels from `channel` on; lanes 0: all channels, repeated */
    int channels;
} parameter_place;

SM_INLINE v_f32 load_parameter(const float *p, size_t image_offset, parameter_place place) {
    if (!place.lanes) return v_load_repeated(p + image_offset, place.channels);
    return v_load_count(p + image_offset + place.channel, place.lanes);
}

SM_INLINE norm_vector load_common(const sm_norm_backward *args, int image, parameter_place place) {
    norm_vector vector = {
        .threshold = v_splat(args->relu ? 0.0f : -INFINITY), .scale = v_splat(1.0f), .shift = v_zero()};
    if (args->relu) {
        size_t offset = args->per_image ? (size_t)image * (size_t)args->channels : 0;
        vector.scale = load_parameter(args->scale, offset, place);
        vector.shift = load_parameter(args->shift, offset, place);
    }
    return vector;
}

/** The gradient where it passes the ReLU, else 0. */
SM_INLINE v_f32 passed(const norm_vector *vector, v_f32 raw, v_f32 gradient) {
    return v_select_greater(v_fma(raw, vector->scale, vector->shift), vector->threshold, gradient, v_zero());
}

/** Tensors of 1, 2, 4 or 8 channels fill a vector with several pixels. */
static bool packs_pixels(int channels) { return channels < V_LANES && V_LANES % channels == 0; }

/* ---- step 1: sums ---- */

/** A task is a run of pixels of one image. Each has its own slot for its sums; the slots are added in order. */
typedef struct sums_plan {
    int task_pixels, tasks_per_image;
    size_t slot_doubles;
} sums_plan;

static sums_plan plan_sums(const sm_norm_backward *args) {
    enum { TASK_FLOATS = 65536, ALIGNED_PIXELS = 16 /* whole vectors even when pixels are packed */ };
    int pixels = TASK_FLOATS / args->channels / ALIGNED_PIXELS * ALIGNED_PIXELS;
    if (pixels < ALIGNED_PIXELS) pixels = ALIGNED_PIXELS;
    return (sums_plan){pixels, (args->pixels - 1) / pixels + 1, 2 * (size_t)args->channels};
}

size_t SM_KERNEL(sm_norm_sums_workspace)(const sm_norm_backward *args, int threads) {
    (void)threads; /* slots belong to tasks */
    sums_plan plan = plan_sums(args);
    return (size_t)args->batch * (size_t)plan.tasks_per_image * plan.slot_doubles * (sizeof(double) / sizeof(float));
}

/** Adds `count` groups of vectors, `step` floats apart: short blocks in float, then double. */
SM_INLINE void add_groups(const norm_vector *vector, const float *raw, const float *gradient, size_t step, int count,
                          int vectors, int lanes, double sums[GROUP][2][V_LANES]) {
    enum { BLOCK = 64 };
    for (int start = 0; start < count; start += BLOCK) {
        int end = count - start < BLOCK ? count : start + BLOCK;
        v_f32 sum[GROUP], sum_centred[GROUP];
        SM_UNROLL
        for (int v = 0; v < vectors; v++) sum[v] = sum_centred[v] = v_zero();
        for (int i = start; i < end; i++) {
            SM_UNROLL
            for (int v = 0; v < vectors; v++) {
                size_t at = (size_t)i * step + (size_t)(v * V_LANES);
                v_f32 value = v_load_count(raw + at, lanes);
                v_f32 g = passed(&vector[v], value, v_load_count(gradient + at, lanes));
                sum[v] = v_add(sum[v], g);
                sum_centred[v] = v_fma(g, v_sub(value, vector[v].mean), sum_centred[v]);
            }
        }
        SM_UNROLL
        for (int v = 0; v < vectors; v++) {
            float parts[2][V_LANES];
            v_store(parts[0], sum[v]);
            v_store(parts[1], v_mul(sum_centred[v], vector[v].inverse_deviation));
            for (int lane = 0; lane < V_LANES; lane++) {
                sums[v][0][lane] += (double)parts[0][lane];
                sums[v][1][lane] += (double)parts[1][lane];
            }
        }
    }
}

/** A slot of the workspace, which holds doubles. */
static void store_slot(float *slot, int channels, int channel, double sums[2][V_LANES], int lanes) {
    for (int i = 0; i < 2; i++)
        memcpy(slot + (sizeof(double) / sizeof(float)) * (size_t)(i * channels + channel), sums[i],
               (size_t)lanes * sizeof(double));
}

SM_INLINE norm_vector load_statistics(const sm_norm_backward *args, int image, parameter_place place) {
    norm_vector vector = load_common(args, image, place);
    vector.mean = load_parameter(args->mean, 0, place);
    vector.inverse_deviation = load_parameter(args->inverse_deviation, 0, place);
    return vector;
}

SM_INLINE void sum_group(const sm_norm_backward *args, int image, size_t start, int pixels, float *slot, int channel,
                         int vectors, int lanes) {
    norm_vector vector[GROUP];
    SM_UNROLL
    for (int v = 0; v < vectors; v++)
        vector[v] = load_statistics(args, image, (parameter_place){channel + v * V_LANES, lanes, args->channels});
    double sums[GROUP][2][V_LANES] = {{{0}}};
    add_groups(vector, args->raw + start + channel, args->gradient + start + channel, (size_t)args->channels, pixels,
               vectors, lanes, sums);
    for (int v = 0; v < vectors; v++) store_slot(slot, args->channels, channel + v * V_LANES, sums[v], lanes);
}

static void sum_packed(const sm_norm_backward *args, int image, size_t start, int pixels, float *slot) {
    norm_vector vector = load_statistics(args, image, (parameter_place){0, 0, args->channels});
    double sums[GROUP][2][V_LANES] = {{{0}}}, folded[2][V_LANES] = {{0}};
    int floats = pixels * args->channels, whole = floats / V_LANES;
    add_groups(&vector, args->raw + start, args->gradient + start, V_LANES, whole, 1, V_LANES, sums);
    if (floats % V_LANES) { /* missing lanes have gradient 0 */
        size_t done = start + (size_t)whole * V_LANES;
        add_groups(&vector, args->raw + done, args->gradient + done, V_LANES, 1, 1, floats % V_LANES, sums);
    }
    for (int lane = 0; lane < V_LANES; lane++)
        for (int i = 0; i < 2; i++) folded[i][lane % args->channels] += sums[0][i][lane];
    store_slot(slot, args->channels, 0, folded, args->channels);
}

static float *slot_of(const sm_norm_backward *args, const sums_plan *plan, int task) {
    return args->workspace + (size_t)task * plan->slot_doubles * (sizeof(double) / sizeof(float));
}

static void sums_task(void *arguments, int task, int worker) {
    const sm_norm_backward *args = arguments;
    (void)worker;
    sums_plan plan = plan_sums(args);
    int image = task / plan.tasks_per_image, first = task % plan.tasks_per_image * plan.task_pixels;
    int pixels = args->pixels - first < plan.task_pixels ? args->pixels - first : plan.task_pixels;
    size_t start = ((size_t)image * (size_t)args->pixels + (size_t)first) * (size_t)args->channels;
    float *slot = slot_of(args, &plan, task);
    if (packs_pixels(args->channels))
        sum_packed(args, image, start, pixels, slot);
    else
        FOR_CHANNEL_GROUPS(args->channels, sum_group, args, image, start, pixels, slot);
}

void SM_KERNEL(sm_norm_sums)(const sm_norm_backward *args) {
    sums_plan plan = plan_sums(args);
    sm_norm_backward copy = *args;
    sm_parallel_run(args->parallel, args->batch * plan.tasks_per_image, sums_task, &copy);
    for (int image = 0; image < args->batch; image++)
        for (size_t i = 0; i < plan.slot_doubles; i++) {
            double sum = 0;
            for (int task = 0; task < plan.tasks_per_image; task++) {
                double part;
                memcpy(&part,
                       slot_of(args, &plan, image * plan.tasks_per_image + task) + i * (sizeof part / sizeof(float)),
                       sizeof part);
                sum += part;
            }
            args->sums[(size_t)image * plan.slot_doubles + i] = sum;
        }
}

/* ---- step 3: the gradient of the raw values ---- */

SM_INLINE norm_vector load_coefficients(const sm_norm_backward *args, int image, parameter_place place) {
    norm_vector vector = load_common(args, image, place);
    vector.a = load_parameter(args->a, (size_t)image * (size_t)args->channels, place);
    vector.b = load_parameter(args->b, 0, place);
    vector.c = load_parameter(args->c, 0, place);
    return vector;
}

SM_INLINE void apply_groups(const norm_vector *vector, const float *raw, float *gradient, size_t step, int count,
                            int vectors, int lanes) {
    for (int i = 0; i < count; i++) {
        SM_UNROLL
        for (int v = 0; v < vectors; v++) {
            size_t at = (size_t)i * step + (size_t)(v * V_LANES);
            v_f32 value = v_load_count(raw + at, lanes);
            v_f32 g = passed(&vector[v], value, v_load_count(gradient + at, lanes));
            v_store_count(gradient + at, v_fma(vector[v].a, g, v_fma(vector[v].b, value, vector[v].c)), lanes);
        }
    }
}

SM_INLINE void apply_group(const sm_norm_backward *args, int image, size_t start, int pixels, int channel, int vectors,
                           int lanes) {
    norm_vector vector[GROUP];
    SM_UNROLL
    for (int v = 0; v < vectors; v++)
        vector[v] = load_coefficients(args, image, (parameter_place){channel + v * V_LANES, lanes, args->channels});
    apply_groups(vector, args->raw + start + channel, args->gradient + start + channel, (size_t)args->channels, pixels,
                 vectors, lanes);
}

static void apply_packed(const sm_norm_backward *args, int image, size_t start, int pixels) {
    norm_vector vector = load_coefficients(args, image, (parameter_place){0, 0, args->channels});
    int floats = pixels * args->channels, whole = floats / V_LANES;
    apply_groups(&vector, args->raw + start, args->gradient + start, V_LANES, whole, 1, V_LANES);
    if (floats % V_LANES) {
        size_t done = start + (size_t)whole * V_LANES;
        apply_groups(&vector, args->raw + done, args->gradient + done, V_LANES, 1, 1, floats % V_LANES);
    }
}

static void apply_task(void *arguments, int task, int worker) {
    const sm_norm_backward *args = arguments;
    (void)worker;
    sums_plan plan = plan_sums(args);
    int image = task / plan.tasks_per_image, first = task % plan.tasks_per_image * plan.task_pixels;
    int pixels = args->pixels - first < plan.task_pixels ? args->pixels - first : plan.task_pixels;
    size_t start = ((size_t)image * (size_t)args->pixels + (size_t)first) * (size_t)args->channels;
    if (packs_pixels(args->channels))
        apply_packed(args, image, start, pixels);
    else
        FOR_CHANNEL_GROUPS(args->channels, apply_group, args, image, start, pixels);
}

void SM_KERNEL(sm_norm_apply)(const sm_norm_backward *args) {
    sm_norm_backward copy = *args;
    sums_plan plan = plan_sums(args);
    sm_parallel_run(args->parallel, args->batch * plan.tasks_per_image, apply_task, &copy);
}
