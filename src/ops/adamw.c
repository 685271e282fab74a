/** The optimiser's pass over the parameters. It is limited by memory: each array is read and written once. */
#include "operations.h"
#include "rows.h"

typedef struct adamw_vectors {
    v_f32 gradient_scale, rate, weight_decay, first_correction, second_correction, average_share;
} adamw_vectors;

SM_INLINE void step(const sm_adamw *args, const adamw_vectors *by, size_t i, int lanes) {
    const float first_decay = 0.9f, second_decay = 0.999f;
    const v_f32 gradient = v_mul(v_load_count(args->gradients + i, lanes), by->gradient_scale);
    const v_f32 first =
        v_fma(v_splat(first_decay), v_load_count(args->first + i, lanes), v_mul(v_splat(1 - first_decay), gradient));
    const v_f32 second = v_fma(v_splat(second_decay), v_load_count(args->second + i, lanes),
                               v_mul(v_splat(1 - second_decay), v_mul(gradient, gradient)));
    const v_f32 root = v_add(v_sqrt(v_mul(second, by->second_correction)), v_splat(1e-8f));
    const v_f32 direction = v_div(v_mul(first, by->first_correction), root);
    v_f32 parameter = v_load_count(args->parameters + i, lanes), average = v_load_count(args->average + i, lanes);
    parameter = v_sub(parameter, v_mul(by->rate, v_fma(by->weight_decay, parameter, direction)));
    average = v_fma(by->average_share, v_sub(parameter, average), average);
    v_store_count(args->first + i, first, lanes);
    v_store_count(args->second + i, second, lanes);
    v_store_count(args->parameters + i, parameter, lanes);
    v_store_count(args->average + i, average, lanes);
}

void SM_KERNEL(sm_adamw)(const sm_adamw *args) {
    const adamw_vectors by = {v_splat(args->gradient_scale),    v_splat(args->rate),
                              v_splat(args->weight_decay),      v_splat(args->first_correction),
                              v_splat(args->second_correction), v_splat(args->average_share)};
    size_t i = 0;
    for (; i + V_LANES <= args->count; i += V_LANES) step(args, &by, i, V_LANES);
    if (i < args->count) step(args, &by, i, (int)(args->count - i));
}

double SM_KERNEL(sm_sum_of_squares)(const float *values, size_t count) {
    enum { CHAINS = 16 }; /* independent sums, so that the compiler can use vectors of double */
    double sums[CHAINS] = {0};
    size_t i = 0;
    for (; i + CHAINS <= count; i += CHAINS) {
        for (int chain = 0; chain < CHAINS; chain++) {
            const double value = (double)values[i + (size_t)chain];
            sums[chain] += value * value;
        }
    }
    for (; i < count; i++) sums[0] += (double)values[i] * (double)values[i];
    double sum = 0;
    for (int chain = 0; chain < CHAINS; chain++) sum += sums[chain];
    return sum;
}
