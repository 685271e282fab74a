#include "../exp_log.h"
#include "operations.h"

void SM_REFERENCE(sm_sigmoid)(const sm_real *input, size_t count, sm_real *output) {
    for (size_t i = 0; i < count; i++) output[i] = (sm_real)(1 / (1 + sm_exp(-(double)input[i])));
}
