#define SM_REAL_DOUBLE
#define CALL(operation) SM_REFERENCE(sm_##operation)
#include "ops_case_body.h"

double ops_case_objective_double(const ops_case *problem, const double *inputs, const double *weights) {
    return run((call){.problem = problem, .inputs = inputs, .weights = weights});
}

void ops_case_gradient_double(const ops_case *problem, const double *inputs, const double *weights, double *gradient) {
    run((call){.problem = problem, .inputs = inputs, .weights = weights, .gradient = gradient});
}
