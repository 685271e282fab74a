/** Shared by all targets: a few hundred numbers per image, far below a thousandth of a network pass. */
#include "operations.h"

void SM_REFERENCE(sm_dense)(const sm_real *input, int batch, int inputs, int outputs, const sm_real *weights,
                            const sm_real *bias, sm_real *output) {
    for (int n = 0; n < batch; n++)
        for (int o = 0; o < outputs; o++) {
            double sum = bias ? bias[o] : 0;
            for (int i = 0; i < inputs; i++)
                sum += (double)input[(size_t)n * (size_t)inputs + (size_t)i] *
                       weights[(size_t)i * (size_t)outputs + (size_t)o];
            output[(size_t)n * (size_t)outputs + (size_t)o] = (sm_real)sum;
        }
}

void SM_REFERENCE(sm_dense_backward)(const sm_real *input, const sm_real *output_gradient, int batch, int inputs,
                                     int outputs, const sm_real *weights, sm_real *weights_gradient,
                                     sm_real *bias_gradient, sm_real *input_gradient) {
    for (int i = 0; i < inputs && weights_gradient; i++)
        for (int o = 0; o < outputs; o++) {
            double sum = 0;
            for (int n = 0; n < batch; n++)
                sum += (double)input[(size_t)n * (size_t)inputs + (size_t)i] *
                       output_gradient[(size_t)n * (size_t)outputs + (size_t)o];
            weights_gradient[(size_t)i * (size_t)outputs + (size_t)o] += (sm_real)sum;
        }
    for (int o = 0; o < outputs && bias_gradient; o++) {
        double sum = 0;
        for (int n = 0; n < batch; n++) sum += output_gradient[(size_t)n * (size_t)outputs + (size_t)o];
        bias_gradient[o] += (sm_real)sum;
    }
    for (int n = 0; n < batch && input_gradient; n++)
        for (int i = 0; i < inputs; i++) {
            double sum = 0;
            for (int o = 0; o < outputs; o++)
                sum += (double)output_gradient[(size_t)n * (size_t)outputs + (size_t)o] *
                       weights[(size_t)i * (size_t)outputs + (size_t)o];
            input_gradient[(size_t)n * (size_t)inputs + (size_t)i] = (sm_real)sum;
        }
}
