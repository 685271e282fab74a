/** Shared by all targets: three classes, one row per image. */

#include "../exp_log.h"
#include "operations.h"

void SM_REFERENCE(sm_softmax)(const sm_real *input, int rows, int classes, sm_real *output) {
    for (int row = 0; row < rows; row++, input += classes, output += classes) {
        double largest = input[0], sum = 0;
        for (int k = 1; k < classes; k++) largest = input[k] > largest ? input[k] : largest;
        for (int k = 0; k < classes; k++) sum += sm_exp(input[k] - largest);
        for (int k = 0; k < classes; k++) output[k] = (sm_real)(sm_exp(input[k] - largest) / sum);
    }
}

void SM_REFERENCE(sm_softmax_backward)(const sm_real *output, const sm_real *output_gradient, int rows, int classes,
                                       sm_real *input_gradient) {
    for (int row = 0; row < rows; row++) {
        double dot = 0;
        for (int k = 0; k < classes; k++) dot += (double)output[k] * output_gradient[k];
        for (int k = 0; k < classes; k++) input_gradient[k] = (sm_real)(output[k] * (output_gradient[k] - dot));
        output += classes;
        output_gradient += classes;
        input_gradient += classes;
    }
}
