#include <math.h>

#include "operations.h"

void SM_REFERENCE(sm_adamw)(const sm_adamw *args) {
    const sm_real first_decay = (sm_real)0.9, second_decay = (sm_real)0.999;
    for (size_t i = 0; i < args->count; i++) {
        const sm_real gradient = args->gradients[i] * args->gradient_scale;
        args->first[i] = first_decay * args->first[i] + (1 - first_decay) * gradient;
        args->second[i] = second_decay * args->second[i] + (1 - second_decay) * gradient * gradient;
        const sm_real root = (sm_real)sqrt((double)(args->second[i] * args->second_correction));
        const sm_real direction = args->first[i] * args->first_correction / (root + (sm_real)1e-8);
        args->parameters[i] -= args->rate * (direction + args->weight_decay * args->parameters[i]);
        args->average[i] += args->average_share * (args->parameters[i] - args->average[i]);
    }
}

double SM_REFERENCE(sm_sum_of_squares)(const sm_real *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)values[i] * (double)values[i];
    return sum;
}
