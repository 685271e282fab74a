/**
 * Weights files: safetensors (an 8-byte little-endian header length, a JSON header, raw tensors) with the network's
 * name and settings in the header's `__metadata__`. Format: https://github.com/huggingface/safetensors.
 */
#ifndef SONOMASK_WEIGHTS_H
#define SONOMASK_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net.h"
#include "status.h"

enum { SM_WEIGHTS_FORMAT_VERSION = 1, SM_METADATA_TEXT_SIZE = 256, SM_RECIPE_SIZE = 1024 };

/** How the type logits become probabilities. */
typedef enum sm_type_activation {
    SM_TYPE_SOFTMAX,    /**< softmax over the three logits */
    SM_TYPE_TWO_SIGMOID /**< the study's two outputs: logit 0 is taken as 0, then softmax (1 : e^benign : e^malignant)
                         */
} sm_type_activation;

/** The settings in a weights file. All texts are NUL-terminated. */
typedef struct sm_weights_metadata {
    char network[SM_LAYER_NAME_SIZE];
    int input_size;
    sm_type_activation type_activation;
    float threshold, temperature, minimum_area; /**< see sm_model_info */
    float expected_dice_power; /**< see expected_dice.h; 1 when a file lacks it; 0 on writing: left out */
    char training_data[SM_METADATA_TEXT_SIZE];      /**< for example "busi+busbra, all folds but 3, 2527 images" */
    char training_data_hash[SM_METADATA_TEXT_SIZE]; /**< after a fine-tuning: of the data of both trainings */
    char date[SM_METADATA_TEXT_SIZE];               /**< ISO 8601 */
    char recipe[SM_RECIPE_SIZE];                    /**< options of the training, "key=value ..."; empty: left out */
} sm_weights_metadata;

typedef enum sm_weights_precision {
    SM_WEIGHTS_FLOAT32,
    SM_WEIGHTS_FLOAT16,
    SM_WEIGHTS_INT8, /**< the convolutions' weights as 8-bit numbers with one scale per output channel, the rest F32 */
    SM_WEIGHTS_INT7, /**< the same, each from -63 to 63: the file is as long, but compresses to 6/7 of the size */
    SM_WEIGHTS_INT6  /**< the same, each from -31 to 31 */
} sm_weights_precision;

/** A tensor that is not a parameter of the network. */
typedef struct sm_weights_extra {
    const char *name;
    int rank, shape[2];
    float *values; /**< [shape[0]][shape[1]]: read by sm_weights_write_with, filled by sm_weights_file_extras */
} sm_weights_extra;

/**
 * Reads a file: fills `metadata`, `net` (made from the name in the metadata) and `*parameters` ([net->total_count],
 * released with sm_floats_free). Tensors may be F32, F16 or I8, in any order; the numbers of an I8
 * tensor NAME of shape [...][channels] are multiplied by an F32 tensor NAME.scale of shape [channels]. Errors:
 * SM_ERROR_MEMORY; SM_ERROR_WEIGHTS with the reason: the header is faulty (weights_file.h), a tensor of the network is
 * missing or has another shape, a value is not finite, or a running variance is negative.
 */
sm_status sm_weights_read(const void *bytes, size_t size, sm_weights_metadata *metadata, sm_net *net,
                          float **parameters, sm_error *error);

/** Writes a file into memory; `*bytes` is released with free(). Errors: SM_ERROR_MEMORY, SM_ERROR_WEIGHTS (a value
 * that is not finite, or a setting that sm_weights_read would refuse). */
sm_status sm_weights_write(const sm_net *net, const float *parameters, const sm_weights_metadata *metadata,
                           sm_weights_precision precision, uint8_t **bytes, size_t *size, sm_error *error);

/** The same with extra tensors (F32). */
sm_status sm_weights_write_with(const sm_net *net, const float *parameters, const sm_weights_metadata *metadata,
                                sm_weights_precision precision, const sm_weights_extra *extras, int extra_count,
                                uint8_t **bytes, size_t *size, sm_error *error);

#endif
