/**
 * What the parts of training share: the state of a network in training, and how its layers read and write. Only
 * net_training*.c includes this.
 */
#ifndef SONOMASK_NET_TRAINING_STATE_H
#define SONOMASK_NET_TRAINING_STATE_H

#include "net_training.h"

/* What a layer keeps between its forward and its backward pass. */
typedef struct sm_layer_state {
    float *value;       /* [batch][side][side][channels] (convolutions: raw), or [batch][channels] */
    float *gradient;    /* of `value` as others read it (after normalisation and ReLU) */
    bool written;       /* the gradient holds something in this backward pass */
    float *transformed; /* 3x3 weights as the kernel wants them */
    /* Normalisation: */
    float *scale, *shift;            /* folded: [channels], or [batch][channels] with conditioning */
    float *mean, *inverse_deviation; /* [channels] */
    double forward_seconds, backward_seconds;
} sm_layer_state;

struct sm_training {
    sm_net net;
    int size, batch;
    const sm_kernels *kernels;
    const sm_parallel *parallel;
    sm_layer_state layers[SM_NET_MAX_LAYERS];
    float *memory; /* one block for all arrays above and below */
    size_t memory_count;
    float *workspace;
    float *mask_targets[SM_NET_MAX_LEVELS + 1]; /* at each level, [batch][side][side] */
    float *type_targets;                        /* [batch][SM_CLASS_COUNT] */
    float *coefficients;                        /* three rows of norm_apply: a [batch][channels], b, c [channels] */
    float *vector_scratch;                      /* [batch][longest vector] */
    double *sums;                               /* [batch][2][widest layer] */
    double (*clock)(void);
};

/** Side of a layer's output, pixels; 1 for vectors. */
int sm_training_side(const sm_training *training, int layer);
/** Floats of a layer's output, all images together. */
size_t sm_training_count(const sm_training *training, int layer);
/** A layer's output as others read it: normalised, conditioned and rectified on the way. */
sm_source sm_training_source(const sm_training *training, int index, bool upsample);
/** Where the gradient of layer `index` goes; the first reader to come overwrites, later ones add. */
sm_target sm_training_target(sm_training *training, int index, bool upsample);
/** A layer's tensor in a block laid out like the parameters; NULL when it has none of this kind. */
float *sm_training_parameter(const sm_training *training, float *block, int layer, sm_parameter_kind kind);
/** A layer's convolution, forward and backward; `parameters` NULL leaves weights and bias out. */
sm_conv sm_training_conv(const sm_training *training, int index, float *parameters);
/** The seed of a layer's dropout in the step with `seed`, the same in both directions. */
unsigned long long sm_training_dropout_seed(unsigned long long seed, int layer);

/** Computes layer `index` from those before it. */
void sm_training_forward(sm_training *training, int index, float *parameters, float momentum, unsigned long long seed);
/** The losses of all outputs; writes the gradients of their logits. */
sm_losses sm_training_losses(sm_training *training, const sm_batch *batch, const sm_loss_options *options);
/** Takes the gradient of layer `index` to its inputs and parameters. */
void sm_training_backward(sm_training *training, int index, float *parameters, float *gradients,
                          unsigned long long seed);

#endif
