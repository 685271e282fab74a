/** Networks with weights that look trained, a small batch, and the check of whole-network gradients. */
#ifndef SONOMASK_TEST_NETWORK_CASE_H
#define SONOMASK_TEST_NETWORK_CASE_H

#include "../../src/net_inference.h"
#include "../../src/net_training.h"

enum { NETWORK_SIZE = 32, NETWORK_PIXELS = NETWORK_SIZE * NETWORK_SIZE, NETWORK_BATCH = 4 };

/** Fails the test for an unknown name. */
sm_net network_make(const char *name);

/** The result is freed with sm_floats_free. */
float *network_noise(size_t count, unsigned seed);

/** As after some training: conditioning and statistics differ from their initial values. Freed with sm_floats_free. */
float *network_worn_parameters(const sm_net *net, unsigned seed);

/** The parameters of a layer; fails the test when it has none of this kind. `*count` may be NULL. */
float *network_values(const sm_net *net, float *parameters, int layer, sm_parameter_kind kind, size_t *count);

/** An inference and a state of it. */
typedef struct network_runner {
    sm_inference *inference;
    sm_inference_state *state;
} network_runner;

network_runner network_runner_open(const sm_net *net, const float *parameters, int size, const sm_kernels *kernels);
void network_runner_close(network_runner *runner);

/**
 * A batch of noise, every second image with a disc as target, and a network in training. At the deepest level a channel
 * has one value per image: with fewer images its variance could be tiny, and the loss would be dominated by rounding.
 */
typedef struct network_case {
    sm_net net;
    int size;
    float *parameters, *gradients, *images, *masks;
    sm_class_set classes[NETWORK_BATCH]; /**< normal, malignant, normal, benign */
    const float *mask_weights;           /**< of the batch, as the next; NULL at first */
    const sm_square_prompts *prompts;
    sm_training *training;
    sm_loss_options options;
} network_case;

/** Of size NETWORK_SIZE. */
void network_case_open(network_case *c, const char *name, const sm_kernels *kernels);
/** The same with a network of the caller, which is copied, and another size. */
void network_case_open_net(network_case *c, const sm_net *net, int size, const sm_kernels *kernels);
void network_case_close(network_case *c);

sm_batch network_case_batch(const network_case *c);
/** One step without a change of the running statistics. */
sm_losses network_case_step(network_case *c, float *gradients);

/**
 * The largest disagreement, over the parameter tensors `first`, `first + step` and so on, of the gradient's norm with
 * the measured slope of the loss along the gradient, relative to that norm. Moving a whole tensor along its own
 * gradient changes the loss far more than float rounding does, which moving single weights would not. Tensors whose
 * gradient is below the noise of a float32 loss are left out; `*checked` (may be NULL) is the number of the others.
 */
double network_case_slope_error(network_case *c, const float *gradients, int first, int step, int *checked);

/* The sanitizers check memory accesses, which all tensors share, and are slow: they see a part of the tensors. */
#if defined(__SANITIZE_ADDRESS__)
enum { NETWORK_TENSOR_STEP = 5 };
#else
enum { NETWORK_TENSOR_STEP = 1 };
#endif

#endif
