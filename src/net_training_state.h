/** The state of a network in training, and how its layers read and write it. Internal to net_training*.c. */
#ifndef SONOMASK_NET_TRAINING_STATE_H
#define SONOMASK_NET_TRAINING_STATE_H

#include "net_training.h"

/* Of one layer, kept from the forward to the backward pass. */
typedef struct sm_layer_state {
    float *value;       /* [batch][side][side][channels] (convolutions: raw), or [batch][channels] */
    float *gradient;    /* of `value` after normalisation and ReLU */
    bool written;       /* this backward pass has written to `gradient` */
    bool lasting;       /* the output depends on images and parameters alone, not on prompts or dropout */
    float *transformed; /* 3x3 weights after the transform of the kernel set */
    /* Normalisation: */
    float *scale, *shift;            /* of the raw values: [channels], or [batch][channels] with conditioning */
    float *mean, *inverse_deviation; /* [channels] */
    float *variance;                 /* [channels], unbiased: for the running statistics */
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
    const sm_square_prompts *prompts;           /* [batch] of the current pass; NULL: none */
    double (*clock)(void);
};

/** Side of a layer's output, pixels; 1 for vectors. */
int sm_training_side(const sm_training *training, int layer);
/** Floats of a layer's output, all images together. */
size_t sm_training_count(const sm_training *training, int layer);
/** A layer's output for its readers, which apply normalisation, conditioning and ReLU. */
sm_source sm_training_source(const sm_training *training, int index, bool upsample);
/** Where the gradient of layer `index` goes: the first call in a pass overwrites, later ones add. */
sm_target sm_training_target(sm_training *training, int index, bool upsample);
/** A layer's tensor in a block laid out like the parameters. NULL when the layer has none of this kind. */
float *sm_training_parameter(const sm_training *training, float *block, int layer, sm_parameter_kind kind);
/** A layer's convolution, forward and backward; `parameters` NULL leaves weights and bias out. */
sm_conv sm_training_conv(const sm_training *training, int index, float *parameters);
/** The seed of a layer's dropout in the step with `seed`, the same in both directions. */
unsigned long long sm_training_dropout_seed(unsigned long long seed, int layer);

#endif
