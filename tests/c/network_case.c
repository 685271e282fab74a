#include "network_case.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/memory_plan.h"
#include "test_random.h"

sm_net network_make(const char *name) {
    sm_net net;
    assert_int_equal(sm_net_make(name, &net, NULL), SM_OK);
    return net;
}

float *network_noise(size_t count, unsigned seed) {
    float *block = sm_floats_allocate(count);
    assert_non_null(block);
    for (size_t i = 0; i < count; i++) block[i] = test_random_signed(&seed);
    return block;
}

float *network_worn_parameters(const sm_net *net, unsigned seed) {
    float *parameters = sm_floats_allocate(net->total_count);
    assert_non_null(parameters);
    sm_net_initialise(net, seed, parameters);
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *p = &net->parameters[i];
        for (size_t k = 0; k < p->count; k++) {
            float *value = &parameters[p->offset + k];
            if (p->kind == SM_PARAMETER_NORM_VARIANCE)
                *value = 1.0f + 0.5f * test_random_signed(&seed);
            else if (p->kind == SM_PARAMETER_NORM_SCALE)
                *value = 1.0f + 0.3f * test_random_signed(&seed);
            else if (p->kind != SM_PARAMETER_WEIGHTS)
                *value = 0.2f * test_random_signed(&seed);
            else if (!net->layers[p->layer].normalise)
                *value += 0.3f * test_random_signed(&seed);
        }
    }
    return parameters;
}

float *network_values(const sm_net *net, float *parameters, int layer, sm_parameter_kind kind, size_t *count) {
    const int index = sm_net_parameter(net, layer, kind);
    assert_true(index >= 0);
    if (count) *count = net->parameters[index].count;
    return parameters + net->parameters[index].offset;
}

network_runner network_runner_open(const sm_net *net, const float *parameters, int size, const sm_kernels *kernels) {
    network_runner runner = {0};
    assert_int_equal(sm_inference_create(net, parameters, size, kernels, &runner.inference, NULL), SM_OK);
    assert_int_equal(sm_inference_state_create(runner.inference, NULL, &runner.state, NULL), SM_OK);
    return runner;
}

void network_runner_close(network_runner *runner) {
    sm_inference_state_free(runner->state);
    sm_inference_free(runner->inference);
}

void network_case_open(network_case *c, const char *name, const sm_kernels *kernels) {
    const sm_net net = network_make(name);
    network_case_open_net(c, &net, NETWORK_SIZE, kernels);
}

void network_case_open_net(network_case *c, const sm_net *net, int size, const sm_kernels *kernels) {
    const int pixels = size * size;
    *c = (network_case){
        .net = *net,
        .size = size,
        .classes = {1 << SM_CLASS_NORMAL, 1 << SM_CLASS_MALIGNANT, 1 << SM_CLASS_NORMAL, 1 << SM_CLASS_BENIGN},
        .options = sm_loss_options_default()};
    c->parameters = network_worn_parameters(net, 3);
    c->gradients = sm_floats_allocate(net->trainable_count);
    c->images = network_noise((size_t)NETWORK_BATCH * (size_t)pixels, 21);
    c->masks = sm_floats_allocate((size_t)NETWORK_BATCH * (size_t)pixels);
    assert_true(c->gradients && c->masks);
    for (int i = 0; i < NETWORK_BATCH * pixels; i++) {
        const int n = i / pixels, y = i / size % size - size / 2 + 2, x = i % size - size / 2;
        c->masks[i] = n % 2 > 0 && x * x + y * y < 60 ? 1 : 0;
        c->images[i] = 0.5f * c->images[i] - 0.5f * c->masks[i];
    }
    assert_int_equal(sm_training_create(net, size, NETWORK_BATCH, kernels, NULL, &c->training, NULL), SM_OK);
}

void network_case_close(network_case *c) {
    sm_training_free(c->training);
    sm_floats_free(c->parameters);
    sm_floats_free(c->gradients);
    sm_floats_free(c->images);
    sm_floats_free(c->masks);
}

sm_batch network_case_batch(const network_case *c) {
    return (sm_batch){.images = c->images,
                      .masks = c->masks,
                      .mask_weights = c->mask_weights,
                      .classes = c->classes,
                      .prompts = c->prompts};
}

sm_losses network_case_step(network_case *c, float *gradients) {
    const sm_batch batch = network_case_batch(c);
    return sm_training_step(c->training, c->parameters, &batch, &c->options, 0, 9, gradients);
}

/** The error for one tensor, whose gradient has the given norm. */
static double tensor_slope_error(network_case *c, const sm_parameter *p, const float *gradient, double norm,
                                 float *scratch) {
    float *values = c->parameters + p->offset;
    float *kept = malloc(p->count * sizeof *kept);
    assert_non_null(kept);
    memcpy(kept, values, p->count * sizeof *kept);
    double best = INFINITY;
    /* Long steps cross the kinks of ReLUs, short ones suffer from rounding: several, until one agrees. */
    for (double stride = norm > 20 ? 4e-6 : 2e-5; stride < 1e-3 && best > 0.02; stride *= 5) {
        double difference = 0, expected = 0; /* of the loss; the expected one follows from the rounded parameters */
        for (int side = -1; side <= 1; side += 2) {
            for (size_t k = 0; k < p->count; k++) {
                values[k] = (float)((double)kept[k] + side * stride / norm * (double)gradient[k]);
                expected += side * (double)gradient[k] * ((double)values[k] - (double)kept[k]);
            }
            difference += side * network_case_step(c, scratch).total;
        }
        const double error = fabs(difference - expected) / expected;
        if (error < best) best = error;
    }
    memcpy(values, kept, p->count * sizeof *kept);
    free(kept);
    return best;
}

double network_case_slope_error(network_case *c, const float *gradients, int first, int step, int *checked) {
    float *scratch = sm_floats_allocate(c->net.trainable_count);
    double worst = 0;
    if (checked) *checked = 0;
    for (int i = first; i < c->net.parameter_count; i += step) {
        const sm_parameter *p = &c->net.parameters[i];
        if (p->offset >= c->net.trainable_count) continue;
        const float *gradient = gradients + p->offset;
        double squares = 0;
        for (size_t k = 0; k < p->count; k++) squares += (double)gradient[k] * (double)gradient[k];
        if (sqrt(squares) < 1e-3) continue;
        if (checked) ++*checked;
        const double error = tensor_slope_error(c, p, gradient, sqrt(squares), scratch);
        if (error > worst) worst = error;
    }
    sm_floats_free(scratch);
    return worst;
}
