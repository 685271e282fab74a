#include "weights_file.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "half.h"
#include "json_read.h"

/** Where the header is read, and the first fault found in it. */
typedef struct header_reader {
    sm_json_cursor cursor;
    sm_weights_file *file;
    sm_error fault; /* its status is SM_OK for a fault of the JSON itself */
} header_reader;

/* Keeps the first fault and ends the reading. */
#define REFUSE(reader, ...)                                                                                            \
    do {                                                                                                               \
        if (!(reader)->cursor.failed) sm_error_set(&(reader)->fault, SM_ERROR_WEIGHTS, __VA_ARGS__);                   \
        (reader)->cursor.failed = true;                                                                                \
    } while (0)

/** A text that is not a number becomes NaN, which fails every check of a range. */
static double read_number(sm_json_cursor *cursor) {
    char text[64];
    double value = NAN;
    sm_json_read_string(cursor, text, sizeof text);
    return sm_parse_number(text, &value) ? value : (double)NAN;
}

/** A whole number from 1 to `high`; 0 for any other text. */
static int read_whole(sm_json_cursor *cursor, int high) {
    const double value = read_number(cursor);
    return value >= 1 && value <= high && value == floor(value) ? (int)value : 0;
}

/** Refuses any text but `expected`. */
static void read_constant(header_reader *reader, const char *key, const char *expected) {
    char text[64];
    sm_json_read_string(&reader->cursor, text, sizeof text);
    if (strcmp(text, expected) != 0) REFUSE(reader, "the %s \"%s\" cannot be used (only \"%s\")", key, text, expected);
}

static void read_activation(header_reader *reader) {
    char text[SM_LAYER_NAME_SIZE];
    sm_json_read_string(&reader->cursor, text, sizeof text);
    if (strcmp(text, "softmax") == 0)
        reader->file->metadata.type_activation = SM_TYPE_SOFTMAX;
    else if (strcmp(text, "two-sigmoid") == 0)
        reader->file->metadata.type_activation = SM_TYPE_TWO_SIGMOID;
    else
        REFUSE(reader, "the type activation \"%s\" is unknown (there are softmax and two-sigmoid)", text);
}

/* The settings in the header's metadata. */
typedef enum setting {
    SETTING_FORMAT_VERSION,
    SETTING_NETWORK,
    SETTING_INPUT_SIZE,
    SETTING_NORMALISATION,
    SETTING_CLASSES,
    SETTING_TYPE_ACTIVATION,
    SETTING_THRESHOLD,
    SETTING_TEMPERATURE,
    SETTING_MINIMUM_AREA,
    SETTING_EXPECTED_DICE_POWER,
    SETTING_TRAINING_DATA,
    SETTING_TRAINING_DATA_HASH,
    SETTING_DATE,
    SETTING_RECIPE,
    SETTING_COUNT /* any other key */
} setting;

static setting setting_of(const char *key) {
    static const char *const names[SETTING_COUNT] = {
        [SETTING_FORMAT_VERSION] = "format_version",
        [SETTING_NETWORK] = "network",
        [SETTING_INPUT_SIZE] = "input_size",
        [SETTING_NORMALISATION] = "normalisation",
        [SETTING_CLASSES] = "classes",
        [SETTING_TYPE_ACTIVATION] = "type_activation",
        [SETTING_THRESHOLD] = "threshold",
        [SETTING_TEMPERATURE] = "temperature",
        [SETTING_MINIMUM_AREA] = "minimum_area",
        [SETTING_EXPECTED_DICE_POWER] = "expected_dice_power",
        [SETTING_TRAINING_DATA] = "training_data",
        [SETTING_TRAINING_DATA_HASH] = "training_data_hash",
        [SETTING_DATE] = "date",
        [SETTING_RECIPE] = "recipe",
    };
    int i = 0;
    while (i < SETTING_COUNT && strcmp(key, names[i]) != 0) i++;
    return (setting)i;
}

static void read_setting(header_reader *reader, setting which) {
    sm_json_cursor *cursor = &reader->cursor;
    sm_weights_metadata *metadata = &reader->file->metadata;
    switch (which) {
    case SETTING_FORMAT_VERSION:
        reader->file->version = read_whole(cursor, 1000);
        break;
    case SETTING_NETWORK:
        sm_json_read_string(cursor, metadata->network, sizeof metadata->network);
        break;
    case SETTING_INPUT_SIZE:
        metadata->input_size = read_whole(cursor, 1024);
        break;
    case SETTING_NORMALISATION:
        read_constant(reader, "normalisation", SM_WEIGHTS_NORMALISATION);
        break;
    case SETTING_CLASSES:
        read_constant(reader, "list of classes", SM_WEIGHTS_CLASSES);
        break;
    case SETTING_TYPE_ACTIVATION:
        read_activation(reader);
        break;
    case SETTING_THRESHOLD:
        metadata->threshold = (float)read_number(cursor);
        break;
    case SETTING_TEMPERATURE:
        metadata->temperature = (float)read_number(cursor);
        break;
    case SETTING_MINIMUM_AREA:
        metadata->minimum_area = (float)read_number(cursor);
        break;
    case SETTING_EXPECTED_DICE_POWER:
        metadata->expected_dice_power = (float)read_number(cursor);
        break;
    case SETTING_TRAINING_DATA:
        sm_json_read_string(cursor, metadata->training_data, sizeof metadata->training_data);
        break;
    case SETTING_TRAINING_DATA_HASH:
        sm_json_read_string(cursor, metadata->training_data_hash, sizeof metadata->training_data_hash);
        break;
    case SETTING_DATE:
        sm_json_read_string(cursor, metadata->date, sizeof metadata->date);
        break;
    case SETTING_RECIPE:
        sm_json_read_string(cursor, metadata->recipe, sizeof metadata->recipe);
        break;
    case SETTING_COUNT:
        sm_json_skip(cursor);
        break;
    }
}

static void read_metadata(header_reader *reader) {
    sm_json_cursor *cursor = &reader->cursor;
    bool seen[SETTING_COUNT + 1] = {false};
    sm_json_expect(cursor, '{');
    if (sm_json_take(cursor, '}')) return;
    do {
        char key[32];
        sm_json_read_string(cursor, key, sizeof key);
        sm_json_expect(cursor, ':');
        const setting which = setting_of(key);
        if (which < SETTING_COUNT && seen[which]) REFUSE(reader, "the header has \"%s\" twice", key);
        seen[which] = true;
        read_setting(reader, which);
    } while (sm_json_take(cursor, ',') && !cursor->failed);
    sm_json_expect(cursor, '}');
}

static void read_shape(sm_json_cursor *cursor, sm_file_tensor *tensor) {
    sm_json_expect(cursor, '[');
    if (sm_json_take(cursor, ']')) return;
    do {
        const unsigned long long extent = sm_json_read_integer(cursor);
        if (tensor->rank < 4)
            tensor->shape[tensor->rank++] = extent;
        else
            cursor->failed = true;
    } while (sm_json_take(cursor, ',') && !cursor->failed);
    sm_json_expect(cursor, ']');
}

static void read_tensor(header_reader *reader, sm_file_tensor *tensor) {
    sm_json_cursor *cursor = &reader->cursor;
    bool typed = false, shaped = false, placed = false;
    sm_json_expect(cursor, '{');
    do {
        char key[32];
        bool repeated = false;
        sm_json_read_string(cursor, key, sizeof key);
        sm_json_expect(cursor, ':');
        if (strcmp(key, "dtype") == 0) {
            repeated = typed;
            typed = true;
            sm_json_read_string(cursor, tensor->type, sizeof tensor->type);
        } else if (strcmp(key, "shape") == 0) {
            repeated = shaped;
            shaped = true;
            tensor->rank = 0;
            read_shape(cursor, tensor);
        } else if (strcmp(key, "data_offsets") == 0) {
            repeated = placed;
            placed = true;
            sm_json_expect(cursor, '[');
            tensor->begin = sm_json_read_integer(cursor);
            sm_json_expect(cursor, ',');
            tensor->end = sm_json_read_integer(cursor);
            sm_json_expect(cursor, ']');
        } else {
            sm_json_skip(cursor);
        }
        if (repeated) REFUSE(reader, "tensor %s has \"%s\" twice", tensor->name, key);
    } while (sm_json_take(cursor, ',') && !cursor->failed);
    sm_json_expect(cursor, '}');
    if (!typed || !shaped || !placed)
        REFUSE(reader, "tensor %s lacks its type, shape or place in the file", tensor->name);
}

static void append_tensor(header_reader *reader, const char *name, size_t name_length) {
    sm_weights_file *file = reader->file;
    if (name_length >= SM_TENSOR_NAME_SIZE)
        REFUSE(reader, "the tensor name %s... has more than %d characters", name, SM_TENSOR_NAME_SIZE - 1);
    else if (sm_weights_file_find(file, name))
        REFUSE(reader, "the header has tensor %s twice", name);
    else if (file->tensor_count == SM_WEIGHTS_MAX_TENSORS)
        REFUSE(reader, "the file has more than %d tensors", SM_WEIGHTS_MAX_TENSORS);
    if (reader->cursor.failed) return;
    sm_file_tensor *tensor = &file->tensors[file->tensor_count++];
    memcpy(tensor->name, name, name_length + 1);
    read_tensor(reader, tensor);
}

/** Every tensor is within the data, and no two share a byte. */
static sm_status check_places(const sm_weights_file *file, sm_error *error) {
    for (int i = 0; i < file->tensor_count; i++) {
        const sm_file_tensor *tensor = &file->tensors[i];
        if (tensor->end < tensor->begin)
            return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s has a wrong length", tensor->name);
        if (tensor->end > file->data_size)
            return sm_fail(error, SM_ERROR_WEIGHTS, "the file is truncated: tensor %s ends beyond it", tensor->name);
        for (int k = 0; k < i; k++) {
            const sm_file_tensor *other = &file->tensors[k];
            if (tensor->begin < other->end && other->begin < tensor->end)
                return sm_fail(error, SM_ERROR_WEIGHTS, "the tensors %s and %s overlap", other->name, tensor->name);
        }
    }
    return SM_OK;
}

/** Reads the JSON `text` of `size` bytes into `file`. */
static sm_status read_header(const char *text, size_t size, sm_weights_file *file, sm_error *error) {
    header_reader reader = {.cursor = {.text = text, .end = text + size}, .file = file};
    sm_json_cursor *cursor = &reader.cursor;
    bool has_metadata = false;
    file->metadata.threshold = 0.5f;
    file->metadata.temperature = 1;
    file->metadata.expected_dice_power = 1;
    sm_json_expect(cursor, '{');
    do {
        char name[SM_TENSOR_NAME_SIZE];
        const size_t length = sm_json_read_string(cursor, name, sizeof name);
        sm_json_expect(cursor, ':');
        if (strcmp(name, "__metadata__") == 0) {
            if (has_metadata) REFUSE(&reader, "the header has \"%s\" twice", name);
            has_metadata = true;
            read_metadata(&reader);
        } else {
            append_tensor(&reader, name, length);
        }
    } while (sm_json_take(cursor, ',') && !cursor->failed);
    sm_json_expect(cursor, '}');
    while (cursor->text < cursor->end && *cursor->text == ' ') cursor->text++; // padding
    if (cursor->too_deep)
        return sm_fail(error, SM_ERROR_WEIGHTS, "the safetensors header is nested more than %d deep",
                       SM_JSON_MAX_DEPTH);
    if (reader.fault.status) return sm_fail(error, SM_ERROR_WEIGHTS, "%s", reader.fault.message);
    if (cursor->failed || cursor->text != cursor->end)
        return sm_fail(error, SM_ERROR_WEIGHTS, "the safetensors header is damaged");
    return SM_OK;
}

sm_status sm_weights_file_open(const void *bytes, size_t size, sm_weights_file *file, sm_error *error) {
    const uint8_t *start = bytes;
    if (size == 0) return sm_fail(error, SM_ERROR_WEIGHTS, "the weights file is empty");
    unsigned long long length = 0;
    for (int i = SM_WEIGHTS_LENGTH_BYTES - 1; i >= 0 && size >= SM_WEIGHTS_LENGTH_BYTES; i--)
        length = length << 8 | start[i];
    if (size < SM_WEIGHTS_LENGTH_BYTES + 2 || length < 2 || start[SM_WEIGHTS_LENGTH_BYTES] != '{')
        return sm_fail(error, SM_ERROR_WEIGHTS, "not a safetensors file");
    if (length > SM_WEIGHTS_MAX_HEADER)
        return sm_fail(error, SM_ERROR_WEIGHTS, "the safetensors header is larger than %d bytes",
                       SM_WEIGHTS_MAX_HEADER);
    if (length > size - SM_WEIGHTS_LENGTH_BYTES)
        return sm_fail(error, SM_ERROR_WEIGHTS, "the file is truncated: it ends within its header");
    memset(file, 0, sizeof *file);
    file->data = start + SM_WEIGHTS_LENGTH_BYTES + (size_t)length;
    file->data_size = size - SM_WEIGHTS_LENGTH_BYTES - (size_t)length;
    const sm_status status = read_header((const char *)start + SM_WEIGHTS_LENGTH_BYTES, (size_t)length, file, error);
    return status ? status : check_places(file, error);
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

/** Bytes per value. */
static size_t width_of(const sm_file_tensor *tensor) {
    if (strcmp(tensor->type, "F32") == 0) return SINGLE;
    if (strcmp(tensor->type, "F16") == 0) return HALF;
    return strcmp(tensor->type, "I8") == 0 ? BYTE : UNKNOWN_TYPE;
}

/** Finds a tensor and checks its shape, type and length: `*count` values. */
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
    if (!same) return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s has another shape than its network", name);
    const size_t width = width_of(tensor);
    if (width == UNKNOWN_TYPE)
        return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s is of type \"%s\" (F32, F16 and I8 can be read)", name,
                       tensor->type);
    if (tensor->end - tensor->begin != *count * width)
        return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s has a wrong length", name);
    return SM_OK;
}

/* The loops below are plain, without calls and without conditions on each value, so that compilers vectorise them. */

static void read_singles(const uint8_t *source, size_t count, float *restrict values) {
    for (size_t i = 0; i < count; i++) values[i] = load_float(source + SINGLE * i);
}

static void read_halves(const uint8_t *source, size_t count, float *restrict values) {
    for (size_t i = 0; i < count; i++) values[i] = sm_half_to_float(load16(source + HALF * i));
}

/** 8-bit numbers [rows][channels] times the scales [channels], which are floats in the file. */
static void read_bytes(const uint8_t *source, const uint8_t *scales, size_t rows, size_t channels,
                       float *restrict values) {
    for (size_t row = 0; row < rows; row++, source += channels, values += channels)
        for (size_t c = 0; c < channels; c++) {
            const int number = source[c] - ((source[c] & 128) << 1);
            values[c] = (float)number * load_float(scales + SINGLE * c);
        }
}

static bool all_finite(const float *values, size_t count) {
    const uint32_t infinity = 0x7F800000U;
    uint32_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        bits &= 0x7FFFFFFFU;
        largest = bits > largest ? bits : largest;
    }
    return largest < infinity;
}

/** Finds the scales of an 8-bit tensor, one for each output channel (the last extent of its shape). */
static sm_status find_scales(const sm_weights_file *file, const char *name, int rank, const int *shape,
                             const uint8_t **scales, sm_error *error) {
    char scale_name[SM_TENSOR_NAME_SIZE + sizeof SM_SCALE_SUFFIX] = "";
    const size_t length = strlen(name);
    memcpy(scale_name, name, length);
    memcpy(scale_name + length, SM_SCALE_SUFFIX, sizeof SM_SCALE_SUFFIX);
    const sm_file_tensor *tensor;
    size_t count;
    sm_status status = locate(file, scale_name, 1, &shape[rank - 1], &tensor, &count, error);
    if (status != SM_OK) return status;
    if (width_of(tensor) != SINGLE)
        return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s is of type \"%s\" (F32 is needed)", scale_name,
                       tensor->type);
    *scales = file->data + tensor->begin;
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
    if (width == BYTE) {
        const uint8_t *scales = NULL;
        status = find_scales(file, name, rank, shape, &scales, error);
        if (status != SM_OK) return status;
        const size_t channels = (size_t)shape[rank - 1];
        read_bytes(source, scales, count / channels, channels, values);
    } else if (width == HALF) {
        read_halves(source, count, values);
    } else {
        read_singles(source, count, values);
    }
    if (all_finite(values, count)) return SM_OK;
    return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s holds a value that is not finite", name);
}

sm_status sm_weights_file_get_bytes(const sm_weights_file *file, const char *name, int rank, const int *shape,
                                    const int8_t **numbers, float *scales, sm_error *error) {
    const float largest_factor = 128; /* of 8-bit numbers */
    const sm_file_tensor *tensor;
    size_t count;
    *numbers = NULL;
    sm_status status = locate(file, name, rank, shape, &tensor, &count, error);
    if (status != SM_OK || width_of(tensor) != BYTE) return status;
    const uint8_t *source = NULL;
    status = find_scales(file, name, rank, shape, &source, error);
    if (status != SM_OK) return status;
    for (int c = 0; c < shape[rank - 1]; c++) {
        scales[c] = load_float(source + SINGLE * (size_t)c);
        if (!isfinite(scales[c] * largest_factor)) return SM_OK;
    }
    *numbers = (const int8_t *)(file->data + tensor->begin);
    return SM_OK;
}

sm_status sm_weights_file_extras(const sm_weights_file *file, const sm_weights_extra *extras, int extra_count,
                                 bool *found, sm_error *error) {
    bool any = false;
    for (int i = 0; i < extra_count; i++)
        if (sm_weights_file_find(file, extras[i].name)) any = true;
    sm_status status = SM_OK;
    for (int i = 0; status == SM_OK && any && i < extra_count; i++)
        status = sm_weights_file_get(file, extras[i].name, extras[i].rank, extras[i].shape, extras[i].values, error);
    *found = any && status == SM_OK;
    return status;
}
