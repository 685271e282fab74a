#include "weights_file.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "half.h"
#include "json_read.h"

/** NaN for a text that is no number, which no check of a range lets pass. */
static void read_metadata_number(sm_json_cursor *cursor, double *value) {
    char text[64];
    sm_json_read_string(cursor, text, sizeof text);
    if (!sm_parse_number(text, value)) *value = NAN;
}

static void read_metadata(sm_json_cursor *cursor, sm_weights_file *header) {
    sm_weights_metadata *metadata = &header->metadata;
    sm_json_expect(cursor, '{');
    if (sm_json_take(cursor, '}')) return;
    do {
        char key[32];
        char text[SM_METADATA_TEXT_SIZE];
        double number = 0;
        sm_json_read_string(cursor, key, sizeof key);
        sm_json_expect(cursor, ':');
        if (strcmp(key, "format_version") == 0) {
            read_metadata_number(cursor, &number);
            header->version = number > 0 && number < 1000 ? (int)number : -1;
        } else if (strcmp(key, "network") == 0) {
            sm_json_read_string(cursor, metadata->network, sizeof metadata->network);
        } else if (strcmp(key, "input_size") == 0) {
            read_metadata_number(cursor, &number);
            metadata->input_size = number > 0 && number <= 1024 ? (int)number : 0;
        } else if (strcmp(key, "type_activation") == 0) {
            sm_json_read_string(cursor, text, sizeof text);
            metadata->type_activation = strcmp(text, "two-sigmoid") == 0 ? SM_TYPE_TWO_SIGMOID : SM_TYPE_SOFTMAX;
        } else if (strcmp(key, "threshold") == 0) {
            read_metadata_number(cursor, &number);
            metadata->threshold = (float)number;
        } else if (strcmp(key, "temperature") == 0) {
            read_metadata_number(cursor, &number);
            metadata->temperature = (float)number;
        } else if (strcmp(key, "minimum_area") == 0) {
            read_metadata_number(cursor, &number);
            metadata->minimum_area = (float)number;
        } else if (strcmp(key, "expected_dice_power") == 0) {
            read_metadata_number(cursor, &number);
            metadata->expected_dice_power = (float)number;
        } else if (strcmp(key, "training_data") == 0) {
            sm_json_read_string(cursor, metadata->training_data, sizeof metadata->training_data);
        } else if (strcmp(key, "training_data_hash") == 0) {
            sm_json_read_string(cursor, metadata->training_data_hash, sizeof metadata->training_data_hash);
        } else if (strcmp(key, "date") == 0) {
            sm_json_read_string(cursor, metadata->date, sizeof metadata->date);
        } else {
            sm_json_skip(cursor);
        }
    } while (sm_json_take(cursor, ',') && !cursor->failed);
    sm_json_expect(cursor, '}');
}

static void read_tensor(sm_json_cursor *cursor, sm_file_tensor *tensor) {
    sm_json_expect(cursor, '{');
    do {
        char key[32];
        sm_json_read_string(cursor, key, sizeof key);
        sm_json_expect(cursor, ':');
        if (strcmp(key, "dtype") == 0) {
            sm_json_read_string(cursor, tensor->type, sizeof tensor->type);
        } else if (strcmp(key, "shape") == 0) {
            sm_json_expect(cursor, '[');
            if (sm_json_take(cursor, ']')) continue;
            do {
                unsigned long long extent = sm_json_read_integer(cursor);
                if (tensor->rank < 4)
                    tensor->shape[tensor->rank++] = extent;
                else
                    cursor->failed = true;
            } while (sm_json_take(cursor, ',') && !cursor->failed);
            sm_json_expect(cursor, ']');
        } else if (strcmp(key, "data_offsets") == 0) {
            sm_json_expect(cursor, '[');
            tensor->begin = sm_json_read_integer(cursor);
            sm_json_expect(cursor, ',');
            tensor->end = sm_json_read_integer(cursor);
            sm_json_expect(cursor, ']');
        } else {
            sm_json_skip(cursor);
        }
    } while (sm_json_take(cursor, ',') && !cursor->failed);
    sm_json_expect(cursor, '}');
}

static bool read_header(const char *text, size_t size, sm_weights_file *header) {
    sm_json_cursor cursor = {.text = text, .end = text + size};
    header->metadata.threshold = 0.5f;
    header->metadata.temperature = 1;
    header->metadata.expected_dice_power = 1;
    sm_json_expect(&cursor, '{');
    do {
        char name[sizeof header->tensors[0].name];
        sm_json_read_string(&cursor, name, sizeof name);
        sm_json_expect(&cursor, ':');
        if (strcmp(name, "__metadata__") == 0) {
            read_metadata(&cursor, header);
        } else if (header->tensor_count < SM_WEIGHTS_MAX_TENSORS) {
            sm_file_tensor *tensor = &header->tensors[header->tensor_count++];
            memcpy(tensor->name, name, sizeof name);
            read_tensor(&cursor, tensor);
        } else {
            cursor.failed = true;
        }
    } while (sm_json_take(&cursor, ',') && !cursor.failed);
    sm_json_expect(&cursor, '}');
    return !cursor.failed;
}

sm_status sm_weights_file_open(const void *bytes, size_t size, sm_weights_file *file, sm_error *error) {
    const uint8_t *start = bytes;
    if (size == 0) return sm_fail(error, SM_ERROR_WEIGHTS, "the weights file is empty");
    unsigned long long length = 0;
    for (int i = SM_WEIGHTS_LENGTH_BYTES - 1; i >= 0 && size >= SM_WEIGHTS_LENGTH_BYTES; i--)
        length = length << 8 | start[i];
    if (size < SM_WEIGHTS_LENGTH_BYTES + 2 || length < 2 || length > SM_WEIGHTS_MAX_HEADER ||
        start[SM_WEIGHTS_LENGTH_BYTES] != '{')
        return sm_fail(error, SM_ERROR_WEIGHTS, "not a safetensors file");
    if (length > size - SM_WEIGHTS_LENGTH_BYTES)
        return sm_fail(error, SM_ERROR_WEIGHTS, "the file is truncated: its header alone is longer");
    memset(file, 0, sizeof *file);
    if (!read_header((const char *)start + SM_WEIGHTS_LENGTH_BYTES, (size_t)length, file))
        return sm_fail(error, SM_ERROR_WEIGHTS, "the safetensors header is damaged");
    file->data = start + SM_WEIGHTS_LENGTH_BYTES + (size_t)length;
    file->data_size = size - SM_WEIGHTS_LENGTH_BYTES - (size_t)length;
    return SM_OK;
}

const sm_file_tensor *sm_weights_file_find(const sm_weights_file *file, const char *name) {
    for (int i = 0; i < file->tensor_count; i++)
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    return NULL;
}

static uint16_t load16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

static float load_float(const uint8_t *p) {
    uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

enum { UNKNOWN_TYPE = 0, BYTE = 1, HALF = 2, SINGLE = 4 };

/** Bytes a value. */
static size_t width_of(const sm_file_tensor *tensor) {
    if (strcmp(tensor->type, "F32") == 0) return SINGLE;
    if (strcmp(tensor->type, "F16") == 0) return HALF;
    return strcmp(tensor->type, "I8") == 0 ? BYTE : UNKNOWN_TYPE;
}

/** Finds a tensor and checks that all of it is there: `*count` values. */
static sm_status locate(const sm_weights_file *file, const char *name, int rank, const int *shape,
                        const sm_file_tensor **found, size_t *count, sm_error *error) {
    const sm_file_tensor *tensor = sm_weights_file_find(file, name);
    *found = tensor;
    if (!tensor) return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s is missing", name);
    bool same = tensor->rank == rank;
    *count = 1;
    for (int i = 0; same && i < rank; i++) {
        same = tensor->shape[i] == (unsigned long long)shape[i];
        *count *= (size_t)shape[i];
    }
    if (!same) return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s has another shape than it should have", name);
    const size_t width = width_of(tensor);
    if (width == UNKNOWN_TYPE)
        return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s is of type \"%s\" (F32, F16 and I8 are understood)", name,
                       tensor->type);
    if (tensor->end < tensor->begin || tensor->end - tensor->begin != *count * width)
        return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s has a wrong length", name);
    if (tensor->end > file->data_size)
        return sm_fail(error, SM_ERROR_WEIGHTS, "the file is truncated: tensor %s ends beyond it", name);
    return SM_OK;
}

/** Multiplies 8-bit numbers by the scale of their output channel, the last extent of the shape. */
static sm_status apply_scales(const sm_weights_file *file, const char *name, int rank, const int *shape, size_t count,
                              float *values, sm_error *error) {
    char scale_name[SM_TENSOR_NAME_SIZE + sizeof SM_SCALE_SUFFIX] = "";
    const size_t length = strlen(name);
    memcpy(scale_name, name, length);
    memcpy(scale_name + length, SM_SCALE_SUFFIX, sizeof SM_SCALE_SUFFIX);
    const int channels = shape[rank - 1];
    const sm_file_tensor *tensor;
    size_t scales;
    sm_status status = locate(file, scale_name, 1, &channels, &tensor, &scales, error);
    if (status != SM_OK) return status;
    if (width_of(tensor) != SINGLE)
        return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s is of type \"%s\" (F32 is needed)", scale_name,
                       tensor->type);
    const uint8_t *source = file->data + tensor->begin;
    for (size_t i = 0; i < count; i++) values[i] *= load_float(source + SINGLE * (i % scales));
    return SM_OK;
}

sm_status sm_weights_file_get(const sm_weights_file *file, const char *name, int rank, const int *shape, float *values,
                              sm_error *error) {
    const sm_file_tensor *tensor;
    size_t count;
    sm_status status = locate(file, name, rank, shape, &tensor, &count, error);
    if (status != SM_OK) return status;
    const size_t width = width_of(tensor);
    const uint8_t *source = file->data + tensor->begin;
    for (size_t i = 0; i < count; i++) {
        if (width == SINGLE)
            values[i] = load_float(source + SINGLE * i);
        else if (width == HALF)
            values[i] = sm_half_to_float(load16(source + HALF * i));
        else
            values[i] = (float)(source[i] < 128 ? source[i] : source[i] - 256);
    }
    if (width == BYTE) status = apply_scales(file, name, rank, shape, count, values, error);
    for (size_t i = 0; status == SM_OK && i < count; i++)
        if (!isfinite(values[i]))
            status = sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s holds a value that is not finite", name);
    return status;
}
