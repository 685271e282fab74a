#include "paired.h"

#include <math.h>

void sm_paired_add(sm_paired *pairs, double first, double second) {
    if (!isfinite(first) || !isfinite(second)) return;
    pairs->count++;
    pairs->first += first;
    pairs->second += second;
    pairs->squares += (second - first) * (second - first);
}

double sm_paired_mean(const sm_paired *pairs) {
    return pairs->count > 0 ? (pairs->second - pairs->first) / pairs->count : 0;
}

double sm_paired_error(const sm_paired *pairs) {
    const double n = pairs->count, mean = sm_paired_mean(pairs);
    return pairs->count < 2 ? 0 : sqrt(fmax(pairs->squares / n - mean * mean, 0) / (n - 1));
}
