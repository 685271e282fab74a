/** Status codes and one-line messages: a formatter of five conversions, so that the core needs no stdio. */
#include "status.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Text that grows in a fixed buffer; what does not fit is dropped, the NUL always fits. */
typedef struct text {
    char *start;
    size_t length, capacity;
} text;

static void append_char(text *to, char character) {
    if (to->length + 1 < to->capacity) to->start[to->length++] = character;
}

static void append_string(text *to, const char *string) {
    if (!string) string = "(none)";
    for (; *string; string++) {
        // A message is one line: control characters, for example in a file name, must not break it.
        const unsigned char byte = (unsigned char)*string;
        append_char(to, byte < 0x20 || byte == 0x7f ? '?' : *string);
    }
}

static void append_unsigned(text *to, uint64_t value) {
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value);
    while (count > 0) append_char(to, digits[--count]);
}

static void append_integer(text *to, int value) {
    if (value < 0) append_char(to, '-');
    // Through int64_t, so that INT_MIN has a positive counterpart.
    append_unsigned(to, (uint64_t)(value < 0 ? -(int64_t)value : (int64_t)value));
}

/** Up to four decimals, trailing zeros dropped. */
static void append_real(text *to, double value) {
    if (isnan(value)) {
        append_string(to, "nan");
        return;
    }
    if (value < 0) {
        append_char(to, '-');
        value = -value;
    }
    if (value > 1e14) { // beyond this the fixed-point form below would lose its decimals or overflow
        append_string(to, isinf(value) ? "inf" : "more than 1e14");
        return;
    }
    const uint64_t scaled = (uint64_t)(value * 10000.0 + 0.5);
    append_unsigned(to, scaled / 10000);
    unsigned decimals = (unsigned)(scaled % 10000);
    if (decimals) append_char(to, '.');
    for (unsigned place = 1000; decimals; place /= 10) {
        append_char(to, (char)('0' + (int)(decimals / place)));
        decimals %= place;
    }
}

void sm_error_set(sm_error *error, sm_status status, const char *format, ...) {
    if (!error) return;
    // Built in another buffer, because an argument may point into the old message.
    char buffer[SM_ERROR_MESSAGE_SIZE];
    text to = {buffer, 0, sizeof buffer};
    va_list arguments;
    va_start(arguments, format);
    for (const char *at = format; *at; at++) {
        if (*at != '%') {
            append_char(&to, *at);
            continue;
        }
        at++;
        if (*at == 's')
            append_string(&to, va_arg(arguments, const char *));
        else if (*at == 'd')
            append_integer(&to, va_arg(arguments, int));
        else if (*at == 'z')
            append_unsigned(&to, va_arg(arguments, size_t));
        else if (*at == 'f')
            append_real(&to, va_arg(arguments, double));
        else if (*at == '%')
            append_char(&to, '%');
        else
            break; // an unknown conversion: the remaining arguments cannot be read safely
    }
    va_end(arguments);
    buffer[to.length] = '\0';
    memcpy(error->message, buffer, to.length + 1);
    error->status = status;
}

sm_status sm_error_prefix(sm_error *error, const char *prefix) {
    if (!error) return SM_ERROR_ARGUMENT;
    // When both do not fit, the reason is kept whole, and a long path loses its start.
    const size_t used = strlen(error->message) + strlen(": ") + 1;
    const size_t room = used < SM_ERROR_MESSAGE_SIZE ? SM_ERROR_MESSAGE_SIZE - used : 0;
    const size_t length = strlen(prefix);
    const char *const ellipsis = "...";
    if (length <= room || room < strlen(ellipsis))
        return sm_fail(error, error->status, "%s: %s", prefix, error->message);
    const char *tail = prefix + (length - (room - strlen(ellipsis)));
    return sm_fail(error, error->status, "%s%s: %s", ellipsis, tail, error->message);
}

const char *sm_status_name(sm_status status) {
    switch (status) {
    case SM_OK:
        return "ok";
    case SM_ERROR_ARGUMENT:
        return "argument";
    case SM_ERROR_MEMORY:
        return "memory";
    case SM_ERROR_IMAGE_EMPTY:
        return "image-empty";
    case SM_ERROR_IMAGE_FORMAT:
        return "image-format";
    case SM_ERROR_IMAGE_TOO_LARGE:
        return "image-too-large";
    case SM_ERROR_IMAGE_TOO_SMALL:
        return "image-too-small";
    case SM_ERROR_WEIGHTS:
        return "weights";
    case SM_ERROR_DATA:
        return "data";
    case SM_ERROR_IO:
        return "io";
    case SM_ERROR_INTERRUPTED:
        return "interrupted";
    }
    return "unknown";
}
