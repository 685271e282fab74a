#include "operations.h"
#include "vector_math.h"

void SM_KERNEL(sm_sigmoid)(const float *input, size_t count, float *output) {
    size_t i = 0;
    for (; i + V_LANES <= count; i += V_LANES) v_store(output + i, v_sigmoid(v_load(input + i)));
    if (i < count) v_store_part(output + i, v_sigmoid(v_load_part(input + i, (int)(count - i))), (int)(count - i));
}
