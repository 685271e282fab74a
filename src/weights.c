#include "weights.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "half.h"
#include "json_read.h"
#include "memory_plan.h"
#include "nets.h"

enum { LENGTH_BYTES = 8, MAX_HEADER = 1 << 20, MAX_FILE_TENSORS = SM_NET_MAX_LAYERS * 5 };

/* ---- reading ---- */

typedef struct file_tensor {
    char name[SM_PARAMETER_NAME_SIZE];
    char type[8];
    int rank;
    unsigned long long shape[4], begin, end;
} file_tensor;

typedef struct file_header {
    sm_weights_metadata metadata;
    int version;
    file_tensor tensors[MAX_FILE_TENSORS];
    int tensor_count;
} file_header;

static void read_metadata_number(sm_json_cursor *cursor, double *value) {
    char text[64];
    sm_json_read_string(cursor, text, sizeof text);
    if (!sm_parse_number(text, value)) cursor->failed = true;
}

static void read_metadata(sm_json_cursor *cursor, file_header *header) {
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

static void read_tensor(sm_json_cursor *cursor, file_tensor *tensor) {
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

static bool read_header(const char *text, size_t size, file_header *header) {
    sm_json_cursor cursor = {.text = text, .end = text + size};
    header->metadata.threshold = 0.5f;
    header->metadata.temperature = 1;
    sm_json_expect(&cursor, '{');
    do {
        char name[sizeof header->tensors[0].name];
        sm_json_read_string(&cursor, name, sizeof name);
        sm_json_expect(&cursor, ':');
        if (strcmp(name, "__metadata__") == 0) {
            read_metadata(&cursor, header);
        } else if (header->tensor_count < MAX_FILE_TENSORS) {
            file_tensor *tensor = &header->tensors[header->tensor_count++];
            memcpy(tensor->name, name, sizeof name);
            read_tensor(&cursor, tensor);
        } else {
            cursor.failed = true;
        }
    } while (sm_json_take(&cursor, ',') && !cursor.failed);
    sm_json_expect(&cursor, '}');
    return !cursor.failed;
}

static uint16_t load16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

static float load_float(const uint8_t *p) {
    uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static sm_status copy_tensor(const sm_parameter *parameter, const file_header *header, const uint8_t *data,
                             size_t data_size, float *values, sm_error *error) {
    const file_tensor *tensor = NULL;
    for (int i = 0; i < header->tensor_count && !tensor; i++)
        if (strcmp(header->tensors[i].name, parameter->name) == 0) tensor = &header->tensors[i];
    if (!tensor) return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s is missing", parameter->name);
    bool same = tensor->rank == parameter->rank;
    for (int i = 0; same && i < parameter->rank; i++)
        same = tensor->shape[i] == (unsigned long long)parameter->shape[i];
    if (!same) return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s has another shape than the network", parameter->name);
    size_t width = strcmp(tensor->type, "F32") == 0 ? 4 : strcmp(tensor->type, "F16") == 0 ? 2 : 0;
    if (width == 0)
        return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s is of type \"%s\" (F32 and F16 are understood)",
                       parameter->name, tensor->type);
    if (tensor->end < tensor->begin || tensor->end - tensor->begin != parameter->count * width)
        return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s has a wrong length", parameter->name);
    if (tensor->end > data_size)
        return sm_fail(error, SM_ERROR_WEIGHTS, "the file is truncated: tensor %s ends beyond it", parameter->name);
    const uint8_t *source = data + tensor->begin;
    for (size_t i = 0; i < parameter->count; i++) {
        values[i] = width == 4 ? load_float(source + 4 * i) : sm_half_to_float(load16(source + 2 * i));
        if (!isfinite(values[i]))
            return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s holds a value that is not finite", parameter->name);
        if (parameter->kind == SM_PARAMETER_NORM_VARIANCE && values[i] < 0)
            return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s holds a negative variance", parameter->name);
    }
    return SM_OK;
}

static sm_status check_metadata(const file_header *header, const sm_net *net, sm_error *error) {
    const sm_weights_metadata *metadata = &header->metadata;
    if (header->version != SM_WEIGHTS_FORMAT_VERSION)
        return sm_fail(error, SM_ERROR_WEIGHTS, "format version %d is not understood (this program knows %d)",
                       header->version, SM_WEIGHTS_FORMAT_VERSION);
    if (!sm_net_size_valid(net, metadata->input_size))
        return sm_fail(error, SM_ERROR_WEIGHTS, "the input size is not one that %s can have", net->name);
    if (!(metadata->threshold >= 0 && metadata->threshold <= 1 && metadata->temperature > 0 &&
          metadata->minimum_area >= 0 && metadata->minimum_area < 1))
        return sm_fail(error, SM_ERROR_WEIGHTS, "threshold, temperature or minimum area is out of range");
    return SM_OK;
}

static sm_status read_all(const uint8_t *bytes, size_t size, file_header *header, sm_net *net, float **parameters,
                          sm_error *error) {
    if (size == 0) return sm_fail(error, SM_ERROR_WEIGHTS, "the weights file is empty");
    unsigned long long length = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0 && size >= LENGTH_BYTES; i--) length = length << 8 | bytes[i];
    if (size < LENGTH_BYTES + 2 || length < 2 || length > MAX_HEADER || bytes[LENGTH_BYTES] != '{')
        return sm_fail(error, SM_ERROR_WEIGHTS, "not a safetensors file");
    if (length > size - LENGTH_BYTES)
        return sm_fail(error, SM_ERROR_WEIGHTS, "the file is truncated: its header alone is longer");
    if (!read_header((const char *)bytes + LENGTH_BYTES, (size_t)length, header))
        return sm_fail(error, SM_ERROR_WEIGHTS, "the safetensors header is damaged");
    if (!header->metadata.network[0])
        return sm_fail(error, SM_ERROR_WEIGHTS, "not weights of this program: the header names no network");
    sm_error unknown = {0};
    if (sm_net_make(header->metadata.network, net, &unknown) != SM_OK)
        return sm_fail(error, SM_ERROR_WEIGHTS, "%s", unknown.message);
    sm_status status = check_metadata(header, net, error);
    if (status != SM_OK) return status;
    float *values = sm_floats_allocate(net->total_count);
    if (!values) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    size_t data_start = LENGTH_BYTES + (size_t)length;
    for (int i = 0; i < net->parameter_count && status == SM_OK; i++)
        status = copy_tensor(&net->parameters[i], header, bytes + data_start, size - data_start,
                             values + net->parameters[i].offset, error);
    if (status != SM_OK) {
        sm_floats_free(values);
        return status;
    }
    *parameters = values;
    return SM_OK;
}

sm_status sm_weights_read(const void *bytes, size_t size, sm_weights_metadata *metadata, sm_net *net,
                          float **parameters, sm_error *error) {
    *parameters = NULL;
    memset(metadata, 0, sizeof *metadata);
    file_header *header = calloc(1, sizeof *header);
    if (!header) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_status status = read_all(bytes, size, header, net, parameters, error);
    if (status == SM_OK) *metadata = header->metadata;
    free(header);
    return status;
}

/* ---- writing ---- */

/** Text that grows in a buffer of known size; `used` counts on even when the buffer is NULL (the measuring pass). */
typedef struct text_writer {
    char *buffer;
    size_t used;
} text_writer;

static void put_char(text_writer *writer, char c) {
    if (writer->buffer) writer->buffer[writer->used] = c;
    writer->used++;
}

static void put(text_writer *writer, const char *text) {
    for (; *text; text++) put_char(writer, *text);
}

static void put_string(text_writer *writer, const char *text) {
    put_char(writer, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') put_char(writer, '\\');
        put_char(writer, (unsigned char)*text < ' ' ? ' ' : *text);
    }
    put_char(writer, '"');
}

static void put_integer(text_writer *writer, unsigned long long value) {
    char digits[24];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    while (count > 0) put_char(writer, digits[--count]);
}

/** A non-negative number with six decimals. */
static void put_decimal(text_writer *writer, float value) {
    unsigned long long millionths = (unsigned long long)((double)value * 1e6 + 0.5);
    put_integer(writer, millionths / 1000000);
    put_char(writer, '.');
    unsigned long long rest = millionths % 1000000;
    for (unsigned long long place = 100000; place > 0; place /= 10) put_char(writer, (char)('0' + rest / place % 10));
}

static void put_entry(text_writer *writer, const char *key, const char *value) {
    put_char(writer, ',');
    put_string(writer, key);
    put_char(writer, ':');
    put_string(writer, value);
}

static void put_number_entry(text_writer *writer, const char *key, float value) {
    put_char(writer, ',');
    put_string(writer, key);
    put(writer, ":\"");
    put_decimal(writer, value);
    put_char(writer, '"');
}

static void put_header(text_writer *writer, const sm_net *net, const sm_weights_metadata *metadata, size_t width) {
    put(writer, "{\"__metadata__\":{\"format_version\":\"");
    put_integer(writer, SM_WEIGHTS_FORMAT_VERSION);
    put_char(writer, '"');
    put_entry(writer, "network", metadata->network);
    put(writer, ",\"input_size\":\"");
    put_integer(writer, (unsigned long long)metadata->input_size);
    put_char(writer, '"');
    put_entry(writer, "normalisation", "grey / 127.5 - 1, letterboxed, border -1");
    put_entry(writer, "classes", "normal,benign,malignant");
    put_entry(writer, "type_activation", metadata->type_activation == SM_TYPE_TWO_SIGMOID ? "two-sigmoid" : "softmax");
    put_number_entry(writer, "threshold", metadata->threshold);
    put_number_entry(writer, "temperature", metadata->temperature);
    put_number_entry(writer, "minimum_area", metadata->minimum_area);
    put_entry(writer, "training_data", metadata->training_data);
    put_entry(writer, "training_data_hash", metadata->training_data_hash);
    put_entry(writer, "date", metadata->date);
    put_char(writer, '}');
    size_t offset = 0;
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *parameter = &net->parameters[i];
        put_char(writer, ',');
        put_string(writer, parameter->name);
        put(writer, width == 2 ? ":{\"dtype\":\"F16\",\"shape\":[" : ":{\"dtype\":\"F32\",\"shape\":[");
        for (int k = 0; k < parameter->rank; k++) {
            if (k > 0) put_char(writer, ',');
            put_integer(writer, (unsigned long long)parameter->shape[k]);
        }
        put(writer, "],\"data_offsets\":[");
        put_integer(writer, offset);
        offset += parameter->count * width;
        put_char(writer, ',');
        put_integer(writer, offset);
        put(writer, "]}");
    }
    put_char(writer, '}');
    while (writer->used % 8 != 0) put_char(writer, ' '); /* the format wants tensors aligned */
}

static void store(uint8_t *destination, float value, size_t width) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (width == 2) bits = sm_half_from_float(value);
    for (size_t i = 0; i < width; i++) destination[i] = (uint8_t)(bits >> (8 * i));
}

sm_status sm_weights_write(const sm_net *net, const float *parameters, const sm_weights_metadata *metadata,
                           sm_weights_precision precision, uint8_t **bytes, size_t *size, sm_error *error) {
    *bytes = NULL;
    *size = 0;
    size_t width = precision == SM_WEIGHTS_FLOAT16 ? 2 : 4;
    text_writer measure = {0};
    put_header(&measure, net, metadata, width);
    size_t total = LENGTH_BYTES + measure.used + net->total_count * width;
    uint8_t *file = malloc(total);
    if (!file) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights file");
    for (int i = 0; i < LENGTH_BYTES; i++) file[i] = (uint8_t)((unsigned long long)measure.used >> (8 * i));
    text_writer writer = {.buffer = (char *)file + LENGTH_BYTES};
    put_header(&writer, net, metadata, width);
    uint8_t *data = file + LENGTH_BYTES + writer.used;
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *parameter = &net->parameters[i];
        for (size_t k = 0; k < parameter->count; k++) {
            float value = parameters[parameter->offset + k];
            /* 65504 is the largest half-precision number. */
            if (!isfinite(value) || (width == 2 && fabsf(value) > 65504.0f)) {
                free(file);
                return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s holds a value that cannot be stored",
                               parameter->name);
            }
            store(data, value, width);
            data += width;
        }
    }
    *bytes = file;
    *size = total;
    return SM_OK;
}
