#define CALL(operation) c.kernels->operation
#include "ops_case_body.h"

void ops_case_gradient_float(const ops_case *problem, const struct sm_kernels *kernels, const double *inputs,
                             const double *weights, double *gradient) {
    run((call){.problem = problem, .kernels = kernels, .inputs = inputs, .weights = weights, .gradient = gradient});
}
