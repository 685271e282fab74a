#include "json_read.h"

#include <math.h>

static void skip_space(sm_json_cursor *cursor) {
    while (cursor->text < cursor->end &&
           (*cursor->text == ' ' || *cursor->text == '\n' || *cursor->text == '\r' || *cursor->text == '\t'))
        cursor->text++;
}

bool sm_json_take(sm_json_cursor *cursor, char expected) {
    skip_space(cursor);
    if (cursor->failed || cursor->text >= cursor->end || *cursor->text != expected) return false;
    cursor->text++;
    return true;
}

void sm_json_expect(sm_json_cursor *cursor, char expected) {
    if (!sm_json_take(cursor, expected)) cursor->failed = true;
}

static char read_escape(sm_json_cursor *cursor) {
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char c = *cursor->text++;
    for (int i = 0; from[i]; i++)
        if (c == from[i]) return to[i];
    if (c != 'u' || cursor->end - cursor->text < 4) {
        cursor->failed = true;
        return '?';
    }
    int code = 0;
    for (int i = 0; i < 4; i++) {
        char digit = *cursor->text++;
        int value = -1;
        if (digit >= '0' && digit <= '9')
            value = digit - '0';
        else if (digit >= 'a' && digit <= 'f')
            value = digit - 'a' + 10;
        else if (digit >= 'A' && digit <= 'F')
            value = digit - 'A' + 10;
        if (value < 0) cursor->failed = true;
        code = code * 16 + value;
    }
    return code > 0 && code < 128 ? (char)code : '?';
}

size_t sm_json_read_string(sm_json_cursor *cursor, char *text, size_t size) {
    size_t length = 0;
    sm_json_expect(cursor, '"');
    while (!cursor->failed) {
        if (cursor->text >= cursor->end) {
            cursor->failed = true;
            break;
        }
        char c = *cursor->text++;
        if (c == '"') break;
        if (c == '\\') {
            if (cursor->text >= cursor->end) {
                cursor->failed = true;
                break;
            }
            c = read_escape(cursor);
        }
        if (length + 1 < size) text[length] = c;
        length++;
    }
    if (size > 0) text[length < size ? length : size - 1] = '\0';
    return length;
}

unsigned long long sm_json_read_integer(sm_json_cursor *cursor) {
    skip_space(cursor);
    unsigned long long value = 0;
    int digits = 0;
    while (cursor->text < cursor->end && *cursor->text >= '0' && *cursor->text <= '9' && digits < 16) {
        value = value * 10 + (unsigned long long)(*cursor->text++ - '0');
        digits++;
    }
    if (digits == 0 || digits == 16) cursor->failed = true;
    return cursor->failed ? 0 : value;
}

void sm_json_skip(sm_json_cursor *cursor) {
    int depth = 0;
    do {
        skip_space(cursor);
        if (depth > SM_JSON_MAX_DEPTH) cursor->too_deep = true;
        if (cursor->failed || cursor->text >= cursor->end || cursor->too_deep) {
            cursor->failed = true;
            return;
        }
        char c = *cursor->text;
        if (c == '"') {
            sm_json_read_string(cursor, NULL, 0);
            continue;
        }
        cursor->text++;
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        else if (depth == 0) /* a number, true, false or null: up to the next separator */
            while (cursor->text < cursor->end && *cursor->text != ',' && *cursor->text != '}' && *cursor->text != ']')
                cursor->text++;
    } while (depth > 0);
}

bool sm_parse_number(const char *text, double *value) {
    double sign = 1;
    double number = 0;
    int exponent = 0;
    int digits = 0;
    if (*text == '-') {
        sign = -1;
        text++;
    }
    for (; *text >= '0' && *text <= '9'; text++, digits++) number = number * 10 + (*text - '0');
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9'; text++, digits++, exponent--) number = number * 10 + (*text - '0');
    if (digits == 0 || digits > 40) return false;
    if (*text == 'e' || *text == 'E') {
        text++;
        int exponent_sign = 1;
        if (*text == '-' || *text == '+') exponent_sign = *text++ == '-' ? -1 : 1;
        int written = 0;
        int exponent_digits = 0;
        for (; *text >= '0' && *text <= '9' && exponent_digits < 4; text++, exponent_digits++)
            written = written * 10 + (*text - '0');
        if (exponent_digits == 0) return false;
        exponent += exponent_sign * written;
    }
    if (*text) return false;
    *value = sign * number * pow(10, exponent);
    return isfinite(*value);
}
