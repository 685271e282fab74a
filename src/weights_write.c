/** Writing weights files. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "half.h"
#include "weights_file.h"

/** Text that is appended to a buffer. With a NULL buffer only its size is counted. */
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

/** A number from 0 to 1000 with six decimals. */
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

static void put_metadata(text_writer *writer, const sm_weights_metadata *metadata) {
    put(writer, "{\"__metadata__\":{\"format_version\":\"");
    put_integer(writer, SM_WEIGHTS_FORMAT_VERSION);
    put_char(writer, '"');
    put_entry(writer, "network", metadata->network);
    put(writer, ",\"input_size\":\"");
    put_integer(writer, (unsigned long long)metadata->input_size);
    put_char(writer, '"');
    put_entry(writer, "normalisation", SM_WEIGHTS_NORMALISATION);
    put_entry(writer, "classes", SM_WEIGHTS_CLASSES);
    put_entry(writer, "type_activation", metadata->type_activation == SM_TYPE_TWO_SIGMOID ? "two-sigmoid" : "softmax");
    put_number_entry(writer, "threshold", metadata->threshold);
    put_number_entry(writer, "temperature", metadata->temperature);
    put_number_entry(writer, "minimum_area", metadata->minimum_area);
    if (metadata->expected_dice_power != 0)
        put_number_entry(writer, "expected_dice_power", metadata->expected_dice_power);
    put_entry(writer, "training_data", metadata->training_data);
    put_entry(writer, "training_data_hash", metadata->training_data_hash);
    put_entry(writer, "date", metadata->date);
    if (metadata->recipe[0]) put_entry(writer, "recipe", metadata->recipe);
    put_char(writer, '}');
}

/** How a tensor's values are stored. */
typedef enum storage { STORE_SINGLE, STORE_HALF, STORE_BYTE } storage;

static const struct {
    const char *type;
    size_t width;
} storages[] = {[STORE_SINGLE] = {"F32", 4}, [STORE_HALF] = {"F16", 2}, [STORE_BYTE] = {"I8", 1}};

/** A tensor to be written. */
typedef struct tensor {
    const char *name, *suffix;
    int rank;
    const int *shape;
    size_t count;
    storage stored;
    int limit; /* the largest magnitude of a STORE_BYTE tensor's numbers */
    const float *values;
} tensor;

/** The largest magnitude of a weight that is stored as an integer; 0: none is. */
static int largest_integer(sm_weights_precision precision) {
    return precision == SM_WEIGHTS_INT8   ? 127
           : precision == SM_WEIGHTS_INT7 ? 63
           : precision == SM_WEIGHTS_INT6 ? 31
                                          : 0;
}

/** The weights of convolutions. Parameters with one number per channel stay exact: they are few. */
static bool stored_as_bytes(const sm_net *net, const sm_parameter *parameter) {
    const sm_layer_kind kind = net->layers[parameter->layer].kind;
    return parameter->kind == SM_PARAMETER_WEIGHTS && (kind == SM_LAYER_CONV3X3 || kind == SM_LAYER_CONV1X1);
}

/** The tensors of a file in their order. `scales` holds the scales of all I8 tensors, one tensor after the other. */
static int list_tensors(const sm_net *net, const float *parameters, sm_weights_precision precision,
                        const sm_weights_extra *extras, int extra_count, const float *scales, tensor *list) {
    int count = 0;
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *parameter = &net->parameters[i];
        const int limit = largest_integer(precision);
        const bool bytes = limit > 0 && stored_as_bytes(net, parameter);
        list[count++] = (tensor){.name = parameter->name,
                                 .suffix = "",
                                 .rank = parameter->rank,
                                 .shape = parameter->shape,
                                 .count = parameter->count,
                                 .stored = bytes                             ? STORE_BYTE
                                           : precision == SM_WEIGHTS_FLOAT16 ? STORE_HALF
                                                                             : STORE_SINGLE,
                                 .limit = limit,
                                 .values = parameters + parameter->offset};
        if (!bytes) continue;
        const int *channels = &parameter->shape[parameter->rank - 1];
        list[count++] = (tensor){.name = parameter->name,
                                 .suffix = SM_SCALE_SUFFIX,
                                 .rank = 1,
                                 .shape = channels,
                                 .count = (size_t)*channels,
                                 .values = scales};
        scales += *channels;
    }
    for (int i = 0; i < extra_count; i++)
        list[count++] =
            (tensor){.name = extras[i].name,
                     .suffix = "",
                     .rank = extras[i].rank,
                     .shape = extras[i].shape,
                     .count = (size_t)extras[i].shape[0] * (size_t)(extras[i].rank > 1 ? extras[i].shape[1] : 1),
                     .values = extras[i].values};
    return count;
}

/** Symmetric integers: the largest magnitude of an output channel becomes `limit`. */
static void find_scales(const sm_net *net, const float *parameters, int limit, float *scales) {
    for (int i = 0; i < net->parameter_count; i++) {
        const sm_parameter *parameter = &net->parameters[i];
        if (!stored_as_bytes(net, parameter)) continue;
        const size_t channels = (size_t)parameter->shape[parameter->rank - 1];
        for (size_t c = 0; c < channels; c++) {
            float largest = 0;
            for (size_t k = c; k < parameter->count; k += channels) {
                const float magnitude = fabsf(parameters[parameter->offset + k]);
                if (magnitude > largest) largest = magnitude;
            }
            scales[c] = largest / (float)limit;
        }
        scales += channels;
    }
}

static void put_header(text_writer *writer, const sm_weights_metadata *metadata, const tensor *list, int count) {
    put_metadata(writer, metadata);
    size_t offset = 0;
    for (int i = 0; i < count; i++) {
        put(writer, ",\"");
        put(writer, list[i].name);
        put(writer, list[i].suffix);
        put(writer, "\":{\"dtype\":\"");
        put(writer, storages[list[i].stored].type);
        put(writer, "\",\"shape\":[");
        for (int k = 0; k < list[i].rank; k++) {
            if (k > 0) put_char(writer, ',');
            put_integer(writer, (unsigned long long)list[i].shape[k]);
        }
        put(writer, "],\"data_offsets\":[");
        put_integer(writer, offset);
        offset += list[i].count * storages[list[i].stored].width;
        put_char(writer, ',');
        put_integer(writer, offset);
        put(writer, "]}");
    }
    put_char(writer, '}');
    while (writer->used % 8 != 0) put_char(writer, ' '); /* the format requires aligned data */
}

static void store(uint8_t *destination, float value, storage stored) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (stored == STORE_HALF) bits = sm_half_from_float(value);
    for (size_t i = 0; i < storages[stored].width; i++) destination[i] = (uint8_t)(bits >> (8 * i));
}

/** Writes the values of one tensor; `scales` are those of an I8 tensor. Errors: SM_ERROR_WEIGHTS. */
static sm_status store_tensor(const tensor *t, const float *scales, uint8_t *data, sm_error *error) {
    const size_t channels = (size_t)t->shape[t->rank - 1];
    for (size_t k = 0; k < t->count; k++) {
        const float value = t->values[k];
        if (!isfinite(value) || (t->stored == STORE_HALF && fabsf(value) > SM_HALF_MAX))
            return sm_fail(error, SM_ERROR_WEIGHTS, "tensor %s%s holds a value that cannot be stored", t->name,
                           t->suffix);
        if (t->stored == STORE_BYTE) {
            const float scale = scales[k % channels];
            const float limit = (float)t->limit;
            /* A scale so small that it was rounded could lead beyond the limit. */
            data[k] = (uint8_t)(int)(scale > 0 ? fminf(fmaxf(roundf(value / scale), -limit), limit) : 0.0f);
        } else {
            store(data + storages[t->stored].width * k, value, t->stored);
        }
    }
    return SM_OK;
}

static sm_status write_file(const sm_weights_metadata *metadata, const tensor *list, int count, uint8_t **bytes,
                            size_t *size, sm_error *error) {
    text_writer measure = {0};
    put_header(&measure, metadata, list, count);
    size_t total = SM_WEIGHTS_LENGTH_BYTES + measure.used;
    for (int i = 0; i < count; i++) total += list[i].count * storages[list[i].stored].width;
    uint8_t *file = malloc(total);
    if (!file) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights file");
    for (int i = 0; i < SM_WEIGHTS_LENGTH_BYTES; i++) file[i] = (uint8_t)((unsigned long long)measure.used >> (8 * i));
    text_writer writer = {.buffer = (char *)file + SM_WEIGHTS_LENGTH_BYTES};
    put_header(&writer, metadata, list, count);
    uint8_t *data = file + SM_WEIGHTS_LENGTH_BYTES + writer.used;
    for (int i = 0; i < count; i++) {
        /* The scales of an I8 tensor are the next tensor. */
        const float *scales = list[i].stored == STORE_BYTE ? list[i + 1].values : NULL;
        sm_status status = store_tensor(&list[i], scales, data, error);
        if (status != SM_OK) {
            free(file);
            return status;
        }
        data += list[i].count * storages[list[i].stored].width;
    }
    *bytes = file;
    *size = total;
    return SM_OK;
}

sm_status sm_weights_write_with(const sm_net *net, const float *parameters, const sm_weights_metadata *metadata,
                                sm_weights_precision precision, const sm_weights_extra *extras, int extra_count,
                                uint8_t **bytes, size_t *size, sm_error *error) {
    *bytes = NULL;
    *size = 0;
    sm_weights_metadata checked = *metadata;
    if (checked.expected_dice_power == 0) checked.expected_dice_power = 1;
    sm_status status = sm_weights_check_metadata(&checked, net, error);
    if (status != SM_OK) return status;
    size_t channels = 1;
    for (int i = 0; i < net->parameter_count; i++)
        channels += (size_t)net->parameters[i].shape[net->parameters[i].rank - 1];
    tensor *list = calloc(2 * (size_t)net->parameter_count + (size_t)extra_count + 1, sizeof *list);
    float *scales = calloc(channels, sizeof *scales);
    if (list && scales) {
        const int limit = largest_integer(precision);
        if (limit > 0) find_scales(net, parameters, limit, scales);
        int count = list_tensors(net, parameters, precision, extras, extra_count, scales, list);
        status = write_file(metadata, list, count, bytes, size, error);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights file");
    }
    free(list);
    free(scales);
    return status;
}

sm_status sm_weights_write(const sm_net *net, const float *parameters, const sm_weights_metadata *metadata,
                           sm_weights_precision precision, uint8_t **bytes, size_t *size, sm_error *error) {
    return sm_weights_write_with(net, parameters, metadata, precision, NULL, 0, bytes, size, error);
}
