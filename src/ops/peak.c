/** The processor's peak: independent multiply-adds in registers. */
#include "../simd.h"
#include "table.h"

enum { CHAINS = 12 /* independent sums: latency x issue width of current processors, within 16 registers */ };

float SM_KERNEL(sm_peak)(long rounds, double *operations) {
    v_f32 sums[CHAINS];
    for (int i = 0; i < CHAINS; i++) sums[i] = v_splat((float)i);
    /* Values that neither overflow nor become denormal: x * 0.5 + 1 tends to 2. */
    const v_f32 factor = v_splat(0.5f);
    const v_f32 addend = v_splat(1.0f);
    for (long round = 0; round < rounds; round++) {
        SM_UNROLL
        for (int i = 0; i < CHAINS; i++) sums[i] = v_fma(sums[i], factor, addend);
    }
    float total = 0;
    for (int i = 0; i < CHAINS; i++) total += v_sum(sums[i]);
    *operations = (double)rounds * CHAINS * V_LANES * 2;
    return total;
}
