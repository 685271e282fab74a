/**
 * A network is a table of layers. Shapes, parameters, inference (net_inference.h) and training (net_training.h)
 * are derived from the table. The tables are in nets.c.
 */
#ifndef SONOMASK_NET_H
#define SONOMASK_NET_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

typedef enum sm_layer_kind {
    SM_LAYER_INPUT,       /**< the grey image, one channel */
    SM_LAYER_PROMPT,      /**< maps of the user's clicks and box, SM_PROMPT_CHANNELS channels; see prompt_maps.h */
    SM_LAYER_CONV3X3,     /**< on one or two inputs (concatenated), each optionally upsampled (nearest) first */
    SM_LAYER_CONV1X1,     /**< likewise */
    SM_LAYER_MAX_POOL,    /**< 2x2 */
    SM_LAYER_UPSAMPLE,    /**< x2 bilinear */
    SM_LAYER_GLOBAL_POOL, /**< vector: mean over the pixels, and with `global_maximum` the maximum after it */
    SM_LAYER_DROPOUT,     /**< on a vector, training only */
    SM_LAYER_DENSE,       /**< vector to vector */
    SM_LAYER_SOFTMAX      /**< of a vector; when prompts show a lesion, the probability of "normal" is 0 */
} sm_layer_kind;

/** The use of a layer's output outside the network. */
typedef enum sm_role {
    SM_ROLE_NONE,
    SM_ROLE_MASK,      /**< mask logits at full size, [size][size][1] */
    SM_ROLE_AUXILIARY, /**< mask logits at a lower resolution, for deep supervision; not computed at inference */
    SM_ROLE_TYPE       /**< type logits, [SM_CLASS_COUNT] */
} sm_role;

enum { SM_LAYER_NAME_SIZE = 32, SM_PARAMETER_NAME_SIZE = 48, SM_NET_MAX_LAYERS = 96, SM_NET_MAX_LEVELS = 6 };

typedef struct sm_layer {
    sm_layer_kind kind;
    char name[SM_LAYER_NAME_SIZE]; /**< unique in the network, for example "encoder1.conv2" */
    int input[2];                  /**< indices of earlier layers, -1 for none */
    bool upsample[2];              /**< read that input through nearest x2 upsampling */
    int channels;                  /**< of the output */
    int level;                     /**< output side = input size >> level; -1 for vectors */
    bool bias;
    bool normalise; /**< batch normalisation after the convolution (then no bias) */
    bool relu;
    int condition; /**< -1, or a vector layer of 2 * channels: gain g and offset b of the conditioning
                        h * (1 + g) + b between normalisation and ReLU */
    bool global_maximum;
    float dropout; /**< share of values dropped */
    sm_role role;
} sm_layer;

typedef enum sm_parameter_kind {
    SM_PARAMETER_WEIGHTS,
    SM_PARAMETER_BIAS,
    SM_PARAMETER_NORM_SCALE,
    SM_PARAMETER_NORM_SHIFT,
    SM_PARAMETER_NORM_MEAN,    /**< running mean: state, not trained */
    SM_PARAMETER_NORM_VARIANCE /**< running variance: state, not trained */
} sm_parameter_kind;

/** One tensor of the parameter block. */
typedef struct sm_parameter {
    char name[SM_PARAMETER_NAME_SIZE]; /**< layer name and ".weights", ".bias", ".norm.scale", ... */
    int layer;
    sm_parameter_kind kind;
    int rank, shape[4];
    size_t offset, count; /**< in floats, in the block */
} sm_parameter;

typedef struct sm_net {
    char name[SM_LAYER_NAME_SIZE];
    sm_layer layers[SM_NET_MAX_LAYERS];
    int layer_count;
    int mask_layer, type_layer; /**< indices of the layers with these roles, -1 for none */
    bool takes_prompts;         /**< there is a prompt layer */
    int default_size;           /**< side of the input for which the network was designed */
    int levels;                 /**< the input side must be a multiple of 1 << levels */
    sm_parameter parameters[SM_NET_MAX_LAYERS * 5];
    int parameter_count;
    size_t trainable_count; /**< trained floats; they come first in the parameter block */
    size_t total_count;     /**< trained and state */
} sm_net;

/**
 * The networks by name: "sonomask2", "sonomask2-unconditioned", "sonomask" (the first generation), "unet16", "unet32".
 * Fills `*net`. Errors: SM_ERROR_ARGUMENT with the list of names.
 */
sm_status sm_net_make(const char *name, sm_net *net, sm_error *error);

/** Channels that a layer reads (sum over its inputs); for vectors their length. */
int sm_net_input_channels(const sm_net *net, int layer);
/** Index of a layer's parameter of a kind, -1 for none. */
int sm_net_parameter(const sm_net *net, int layer, sm_parameter_kind kind);
/** Multiply-accumulates of one layer for one image of size x size, auxiliary outputs included. */
double sm_net_layer_macs(const sm_net *net, int layer, int size);
/** Marks the layers whose outputs change with the prompts: the decoder. `depends` has room for net->layer_count. */
void sm_net_find_prompted(const sm_net *net, bool *depends);
/** False for auxiliary outputs and layers that only they read. */
bool sm_net_in_inference(const sm_net *net, int layer);
/** Multiply-accumulates of one image at inference, without auxiliary outputs. */
double sm_net_macs(const sm_net *net, int size);
/** True when size is a positive multiple of 1 << levels and at most 1024. */
bool sm_net_size_valid(const sm_net *net, int size);

/** He-normal weights, zero biases, unit normalisation; deterministic by seed. `parameters`: [total_count]. */
void sm_net_initialise(const sm_net *net, unsigned long long seed, float *parameters);

#endif
