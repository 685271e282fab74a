/** The contents of a weights file: the list of tensors in its header, and the values of each. */
#ifndef SONOMASK_WEIGHTS_FILE_H
#define SONOMASK_WEIGHTS_FILE_H

#include "weights.h"

enum {
    SM_WEIGHTS_LENGTH_BYTES = 8, /**< the file begins with the length of its header */
    SM_WEIGHTS_MAX_HEADER = 1 << 20,
    /** A tensor and its scales for each parameter of the largest network, and a few extra tensors. */
    SM_WEIGHTS_MAX_TENSORS = SM_NET_MAX_LAYERS * 6 + 32,
    SM_TENSOR_NAME_SIZE = SM_PARAMETER_NAME_SIZE + 8
};

/* What the network's input and its type outputs mean. Written to every file; a file with other values is refused,
 * because its answers would be wrong without any sign of it. */
#define SM_WEIGHTS_NORMALISATION "grey / 127.5 - 1, letterboxed, border -1"
#define SM_WEIGHTS_CLASSES "normal,benign,malignant"

/** Appended to the name of an I8 tensor: the tensor of its scales. */
#define SM_SCALE_SUFFIX ".scale"

typedef struct sm_file_tensor {
    char name[SM_TENSOR_NAME_SIZE];
    char type[8];
    int rank;
    unsigned long long shape[4], begin, end;
} sm_file_tensor;

typedef struct sm_weights_file {
    sm_weights_metadata metadata;
    int version; /**< 0: absent, or not a number from 1 to 1000 */
    sm_file_tensor tensors[SM_WEIGHTS_MAX_TENSORS];
    int tensor_count;
    const uint8_t *data; /**< tensors' offsets count from here; not owned */
    size_t data_size;
} sm_weights_file;

/**
 * Reads the header of a file. `bytes` must outlive `file`, which is too large for the stack (some 80 kB). Errors:
 * SM_ERROR_WEIGHTS with the reason: truncated, a header that is too large, damaged or nested too deeply, a key or
 * tensor twice, an unknown activation, normalisation or list of classes, tensors outside the file or overlapping.
 */
sm_status sm_weights_file_open(const void *bytes, size_t size, sm_weights_file *file, sm_error *error);

/** The tensor of that name, NULL when there is none. */
const sm_file_tensor *sm_weights_file_find(const sm_weights_file *file, const char *name);

/**
 * The values of the tensor `name`, which must have the given shape; `values` is [product of the shape]. Errors:
 * SM_ERROR_WEIGHTS (missing, another shape, type or length, not finite).
 */
sm_status sm_weights_file_get(const sm_weights_file *file, const char *name, int rank, const int *shape, float *values,
                              sm_error *error);

/**
 * The numbers of an 8-bit tensor, without copying them, and its scales, which are written to `scales` ([the last
 * extent of the shape]). `*numbers` is NULL, and the status SM_OK, when the tensor is of another type or a product of
 * number and scale might not be finite. Errors: as sm_weights_file_get.
 */
sm_status sm_weights_file_get_bytes(const sm_weights_file *file, const char *name, int rank, const int *shape,
                                    const int8_t **numbers, float *scales, sm_error *error);

/**
 * Reads tensors that are not part of the network. `*found` is false, and the status SM_OK, when the file has none of
 * them; some but not all, another shape, or a value that is not finite is an SM_ERROR_WEIGHTS.
 */
sm_status sm_weights_file_extras(const sm_weights_file *file, const sm_weights_extra *extras, int extra_count,
                                 bool *found, sm_error *error);

/** Whether the settings are in their ranges, for reading and for writing. Errors: SM_ERROR_WEIGHTS naming the setting.
 */
sm_status sm_weights_check_metadata(const sm_weights_metadata *metadata, const sm_net *net, sm_error *error);

/**
 * Opens a file of network weights: the header as above, `net` made from the name in it, and its settings checked.
 * Errors: SM_ERROR_WEIGHTS.
 */
sm_status sm_weights_open(const void *bytes, size_t size, sm_weights_file *file, sm_net *net, sm_error *error);

/** One of the network's parameters; `values` is [parameter->count]. Errors: SM_ERROR_WEIGHTS, as sm_weights_read. */
sm_status sm_weights_parameter(const sm_weights_file *file, const sm_parameter *parameter, float *values,
                               sm_error *error);

#endif
