#include "operations.h"
#include "rows.h"
#include "vector_math.h"

/** Sums over the pixels of one image. */
typedef struct image_sums {
    double cross_entropy, intersection, probabilities, targets;
} image_sums;

/** The same per lane, in float, for a short block of pixels. */
typedef struct block_sums {
    v_f32 cross_entropy, intersection, probabilities, targets;
} block_sums;

static void image_sums_add(image_sums *sums, const block_sums *block) {
    sums->cross_entropy += (double)v_sum(block->cross_entropy);
    sums->intersection += (double)v_sum(block->intersection);
    sums->probabilities += (double)v_sum(block->probabilities);
    sums->targets += (double)v_sum(block->targets);
}

/** The unused lanes of an incomplete vector hold logit -87 and target 0, whose terms are negligible in double. */
SM_INLINE v_f32 load_logits(const float *p, int lanes) {
    if (lanes == V_LANES) return v_load(p);
    float values[V_LANES];
    for (int lane = 0; lane < V_LANES; lane++) values[lane] = lane < lanes ? p[lane] : -87.0f;
    return v_load(values);
}

/** Adds the terms of `lanes` pixels and stores their probabilities unless `probability` is NULL. */
SM_INLINE void add_pixels(const float *logits, const float *target, float *probability, int lanes, block_sums *block) {
    const v_f32 one = v_splat(1.0f);
    v_f32 x = load_logits(logits, lanes), t = v_load_count(target, lanes);
    v_f32 e = v_exp(v_min(x, v_sub(v_zero(), x))); /* e^-|x|: never overflows */
    v_f32 larger = v_div(one, v_add(one, e));      /* the larger of p and 1 - p */
    v_f32 p = v_select_greater(x, v_zero(), larger, v_mul(e, larger));
    v_f32 softplus = v_add(v_max(v_zero(), x), v_log_one_plus(e));
    block->cross_entropy = v_add(block->cross_entropy, v_sub(softplus, v_mul(x, t)));
    block->intersection = v_fma(p, t, block->intersection);
    block->probabilities = v_add(block->probabilities, p);
    block->targets = v_add(block->targets, t);
    if (probability) v_store_count(probability, p, lanes);
}

static image_sums sum_image(const float *logits, const float *target, int pixels, float *probability) {
    enum { BLOCK_VECTORS = 64 };
    image_sums sums = {0};
    int i = 0;
    while (i < pixels) {
        block_sums block = {v_zero(), v_zero(), v_zero(), v_zero()};
        for (int v = 0; v < BLOCK_VECTORS && i < pixels; v++, i += V_LANES) {
            float *kept = probability ? probability + i : NULL;
            if (i + V_LANES <= pixels)
                add_pixels(logits + i, target + i, kept, V_LANES, &block);
            else
                add_pixels(logits + i, target + i, kept, pixels - i, &block);
        }
        image_sums_add(&sums, &block);
    }
    return sums;
}

/** gradient holds p and becomes  cross_entropy (p - t) + p (1 - p) (dice_constant + dice_target t). */
typedef struct gradient_factors {
    v_f32 cross_entropy, dice_constant, dice_target;
} gradient_factors;

SM_INLINE void differentiate_pixels(float *gradient, const float *target, int lanes, const gradient_factors *factors) {
    v_f32 p = v_load_count(gradient, lanes), t = v_load_count(target, lanes);
    v_f32 slope = v_mul(p, v_sub(v_splat(1.0f), p));
    v_f32 dice = v_mul(slope, v_fma(factors->dice_target, t, factors->dice_constant));
    v_store_count(gradient, v_fma(factors->cross_entropy, v_sub(p, t), dice), lanes);
}

double SM_KERNEL(sm_mask_loss)(const sm_mask_loss *args) {
    double total = 0;
    for (int image = 0; image < args->batch; image++) {
        size_t start = (size_t)image * (size_t)args->pixels;
        const float *target = args->target + start;
        float *gradient = args->gradient ? args->gradient + start : NULL;
        image_sums sums = sum_image(args->logits + start, target, args->pixels, gradient);
        double numerator = 2 * sums.intersection + (double)args->dice_smooth;
        double denominator = sums.probabilities + sums.targets + (double)args->dice_smooth;
        bool defined = denominator > 0; /* else neither predicted nor target pixels: full agreement */
        double dice = defined ? numerator / denominator : 1;
        double weight = (args->weights ? (double)args->weights[image] : 1.0) / args->batch;
        double cross_entropy = weight * (double)args->bce_weight / args->pixels;
        double dice_weight = weight * (double)args->dice_weight;
        total += cross_entropy * sums.cross_entropy + dice_weight * (1 - dice);
        if (!gradient) continue;
        double dice_slope = defined ? dice_weight / denominator : 0;
        gradient_factors factors = {v_splat((float)cross_entropy), v_splat((float)(dice_slope * dice)),
                                    v_splat((float)(-2 * dice_slope))};
        int i = 0;
        for (; i + V_LANES <= args->pixels; i += V_LANES)
            differentiate_pixels(gradient + i, target + i, V_LANES, &factors);
        if (i < args->pixels) differentiate_pixels(gradient + i, target + i, args->pixels - i, &factors);
    }
    return total;
}
