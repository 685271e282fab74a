/**
 * Every gradient except those of the 3x3 convolution: the double-precision reference against central differences, then
 * the reference and every fast set in float against the same differences; and wrong gradients, which the check must
 * detect.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "../../src/ops/ops.h"
#include "../../src/sonomask.h"
#include "gradient_check.h"
#include "numbers.h"
#include "ops_case.h"

static const double DOUBLE_TOLERANCE = 1e-6, FLOAT_TOLERANCE = 1e-3;
static const double STEP = 1e-5;

static const ops_case cases[] = {
    {"max_pool", OPS_MAX_POOL, 2, 4, 6, 5, 0, 0, 0},
    {"max_pool", OPS_MAX_POOL, 1, 6, 2, 18, 0, 0, OPS_SCALED | OPS_RELU},
    {"max_pool", OPS_MAX_POOL, 2, 4, 4, 3, 0, 0, OPS_SCALED | OPS_PER_IMAGE | OPS_UPSAMPLED},
    {"global_pool", OPS_GLOBAL_POOL, 2, 3, 5, 5, 0, 0, 0},
    {"global_pool", OPS_GLOBAL_POOL, 2, 3, 7, 17, 0, 0, OPS_SCALED | OPS_RELU},
    {"global_pool", OPS_GLOBAL_POOL, 3, 4, 6, 1, 0, 0, OPS_SCALED | OPS_PER_IMAGE | OPS_UPSAMPLED},
    {"upsample_bilinear", OPS_BILINEAR, 2, 3, 5, 5, 0, 0, 0},
    {"upsample_bilinear", OPS_BILINEAR, 1, 1, 7, 1, 0, 0, 0},
    {"upsample_bilinear", OPS_BILINEAR, 1, 4, 1, 19, 0, 0, 0},
    {"conv1x1", OPS_CONV1X1, 2, 3, 5, 4, 3, 1, OPS_SCALED | OPS_RELU},
    {"conv1x1", OPS_CONV1X1, 1, 2, 4, 17, 1, 5, OPS_SCALED | OPS_PER_IMAGE | OPS_RELU | OPS_UPSAMPLED},
    {"conv1x1", OPS_CONV1X1, 1, 1, 3, 6, 2, 19, 0},
    {"norm", OPS_NORM, 3, 3, 5, 4, 0, 0, OPS_RELU},
    {"norm", OPS_NORM, 2, 2, 7, 5, 0, 0, 0},
    {"norm", OPS_NORM, 2, 3, 3, 18, 0, 0, OPS_RELU},
    {"dense", OPS_DENSE, 3, 1, 1, 17, 0, 3, 0},
    {"softmax", OPS_SOFTMAX, 4, 1, 1, 3, 0, 0, 0},
    {"dropout", OPS_DROPOUT, 4, 1, 1, 37, 0, 0, 0},
    {"mask_loss", OPS_MASK_LOSS, 1, 3, 5, 1, 0, 0, 0},
    {"mask_loss", OPS_MASK_LOSS, 3, 5, 7, 1, 0, 0, 0},
    {"mask_loss", OPS_MASK_LOSS, 2, 4, 4, 1, 0, 0, OPS_DICE_ONLY},
    {"mask_loss", OPS_MASK_LOSS, 3, 5, 7, 1, 0, 0, OPS_WEIGHTED},
    {"cross_entropy", OPS_CROSS_ENTROPY, 4, 1, 1, 3, 0, 0, 0},
    {"cross_entropy", OPS_CROSS_ENTROPY, 5, 1, 1, 3, 0, 0, OPS_SCALED},
    {"type_mae", OPS_TYPE_MAE, 5, 1, 1, 3, 0, 0, 0},
    {"type_mae", OPS_TYPE_MAE, 4, 1, 1, 3, 0, 0, 0},
};
enum { CASE_COUNT = sizeof cases / sizeof *cases };

/** A case with its numbers and its numeric gradient. */
typedef struct solved_case {
    const ops_case *problem;
    size_t count;
    double *inputs, *weights, *numeric, *analytic;
} solved_case;

static double *doubles(size_t count, unsigned seed) {
    float *numbers = numbers_spaced(count, seed); /* floats, so that both precisions start from the same */
    double *made = malloc((count + 1) * sizeof *made);
    assert_non_null(made);
    for (size_t i = 0; i < count; i++) made[i] = (double)numbers[i];
    free(numbers);
    return made;
}

static double objective(const double *values, void *context) {
    const solved_case *solved = context;
    return ops_case_objective_double(solved->problem, values, solved->weights);
}

static solved_case solve(const ops_case *problem) {
    solved_case solved = {.problem = problem, .count = ops_case_input_count(problem)};
    solved.inputs = doubles(solved.count, 1);
    solved.weights = doubles(ops_case_output_count(problem), 2);
    solved.numeric = doubles(solved.count, 0);
    solved.analytic = doubles(solved.count, 0);
    gradient_numeric(objective, &solved, solved.inputs, solved.count, STEP, solved.numeric);
    return solved;
}

static void free_solved(solved_case *solved) {
    free(solved->inputs);
    free(solved->weights);
    free(solved->numeric);
    free(solved->analytic);
}

static void test_double_references(void **state) {
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++) {
        solved_case solved = solve(&cases[i]);
        ops_case_gradient_double(solved.problem, solved.inputs, solved.weights, solved.analytic);
        double error = gradient_error(solved.analytic, solved.numeric, solved.count);
        if (!(error <= DOUBLE_TOLERANCE)) fail_msg("case %d, %s: relative error %g", i, cases[i].name, error);
        free_solved(&solved);
    }
}

static void test_float_kernels(void **state) {
    (void)state;
    static const int backends[] = {SM_BACKEND_REFERENCE, SM_BACKEND_SCALAR, SM_BACKEND_SIMD128, SM_BACKEND_AVX2,
                                   SM_BACKEND_AVX512};
    for (int i = 0; i < CASE_COUNT; i++) {
        solved_case solved = solve(&cases[i]);
        for (size_t b = 0; b < sizeof backends / sizeof *backends; b++) {
            const sm_kernels *kernels = sm_kernels_for(backends[b]);
            if (!kernels) continue;
            ops_case_gradient_float(solved.problem, kernels, solved.inputs, solved.weights, solved.analytic);
            double error = gradient_error(solved.analytic, solved.numeric, solved.count);
            if (!(error <= FLOAT_TOLERANCE))
                fail_msg("case %d, %s of %s: relative error %g", i, cases[i].name, kernels->name, error);
        }
        free_solved(&solved);
    }
}

/** The index of the element with the largest size. */
static size_t largest(const double *values, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (values[i] * values[i] > values[best] * values[best]) best = i;
    return best;
}

/** Gradients with typical mistakes; the same check with the same tolerances must refuse each. */
static void test_wrong_gradients_are_caught(void **state) {
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++) {
        solved_case solved = solve(&cases[i]);
        for (int mistake = 0; mistake < 4; mistake++) {
            ops_case_gradient_double(solved.problem, solved.inputs, solved.weights, solved.analytic);
            double *wrong = solved.analytic;
            size_t peak = largest(wrong, solved.count);
            if (mistake == 0) wrong[peak] *= 1.002; /* one element slightly off */
            if (mistake == 1) wrong[peak] = 0;      /* one element forgotten */
            for (size_t j = 0; j < solved.count; j++) {
                if (mistake == 2) wrong[j] *= 2; /* a factor forgotten, as 1 / 2 of a mean */
                if (mistake == 3) wrong[j] = -wrong[j];
            }
            double error = gradient_error(wrong, solved.numeric, solved.count);
            if (!(error > FLOAT_TOLERANCE))
                fail_msg("case %d, %s: mistake %d was not detected (%g)", i, cases[i].name, mistake, error);
        }
        free_solved(&solved);
    }
}

/** A gradient of other data is wrong everywhere, with a plausible size. */
static void test_gradient_at_another_point_is_caught(void **state) {
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++) {
        if (cases[i].kind == OPS_DROPOUT) continue; /* its gradient does not depend on the point */
        solved_case solved = solve(&cases[i]);
        size_t outputs = ops_case_output_count(solved.problem);
        double *elsewhere = doubles(solved.count, 3), *other_weights = doubles(outputs, 4);
        ops_case_gradient_double(solved.problem, elsewhere, outputs ? other_weights : solved.weights, solved.analytic);
        assert_true(gradient_error(solved.analytic, solved.numeric, solved.count) > FLOAT_TOLERANCE);
        free(elsewhere);
        free(other_weights);
        free_solved(&solved);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_double_references),
        cmocka_unit_test(test_float_kernels),
        cmocka_unit_test(test_wrong_gradients_are_caught),
        cmocka_unit_test(test_gradient_at_another_point_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
