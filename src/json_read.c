#include "json_read.h"

#include <math.h>
#include <string.h>

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

/** Four hexadecimal digits. */
static unsigned read_code_unit(sm_json_cursor *cursor) {
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
        const char digit = cursor->text < cursor->end ? *cursor->text++ : '\0';
        unsigned value = 0;
        if (digit >= '0' && digit <= '9')
            value = (unsigned)(digit - '0');
        else if (digit >= 'a' && digit <= 'f')
            value = (unsigned)(digit - 'a' + 10);
        else if (digit >= 'A' && digit <= 'F')
            value = (unsigned)(digit - 'A' + 10);
        else
            cursor->failed = true;
        unit = unit * 16 + value;
    }
    return unit;
}

/** A code point after "\\u", perhaps of two surrogates. */
static unsigned read_code_point(sm_json_cursor *cursor) {
    const unsigned first = read_code_unit(cursor);
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first > 0xDBFF || cursor->end - cursor->text < 6 || cursor->text[0] != '\\' || cursor->text[1] != 'u') return 0;
    cursor->text += 2;
    const unsigned second = read_code_unit(cursor);
    if (second < 0xDC00 || second > 0xDFFF) return 0;
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

/** Writes a code point as UTF-8; NUL and single surrogates, which read_code_point returns as 0, as '?'. Returns the
 * number of bytes. */
static int encode_utf8(unsigned code, char bytes[4]) {
    if (code == 0) code = '?';
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
    bytes[0] = (char)(lead[more] | code >> (6 * more));
    for (int i = 1; i <= more; i++) bytes[i] = (char)(0x80 | (code >> (6 * (more - i)) & 0x3F));
    return more + 1;
}

/** What follows a backslash. Returns the number of bytes. */
static int read_escape(sm_json_cursor *cursor, char bytes[4]) {
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (cursor->text >= cursor->end) {
        cursor->failed = true;
        return 0;
    }
    const char c = *cursor->text++;
    for (int i = 0; from[i]; i++)
        if (c == from[i]) {
            bytes[0] = to[i];
            return 1;
        }
    if (c == 'u') return encode_utf8(read_code_point(cursor), bytes);
    cursor->failed = true;
    return 0;
}

size_t sm_json_read_string(sm_json_cursor *cursor, char *text, size_t size) {
    size_t length = 0, written = 0;
    sm_json_expect(cursor, '"');
    while (!cursor->failed) {
        if (cursor->text >= cursor->end) {
            cursor->failed = true;
            break;
        }
        char bytes[4] = {*cursor->text++};
        if (bytes[0] == '"') break;
        int count = 1;
        if (bytes[0] == '\\') count = read_escape(cursor, bytes);
        /* An escape is written whole or not at all, and nothing after what does not fit. */
        const bool fits = written == length && length + (size_t)count < size;
        for (int i = 0; i < count; i++) {
            if (fits) text[written++] = bytes[i];
            length++;
        }
    }
    if (size > 0) text[written] = '\0';
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

double sm_json_read_number(sm_json_cursor *cursor) {
    char text[64];
    size_t length = 0;
    double value = 0;
    skip_space(cursor);
    while (cursor->text < cursor->end && *cursor->text && strchr("+-.0123456789eE", *cursor->text) &&
           length + 1 < sizeof text)
        text[length++] = *cursor->text++;
    text[length] = '\0';
    if (!sm_parse_number(text, &value)) cursor->failed = true;
    return cursor->failed ? 0 : value;
}

/** Consumes `word` if it comes next. */
static bool take_word(sm_json_cursor *cursor, const char *word) {
    const size_t length = strlen(word);
    if (cursor->failed || (size_t)(cursor->end - cursor->text) < length || memcmp(cursor->text, word, length) != 0)
        return false;
    cursor->text += length;
    return true;
}

bool sm_json_read_boolean(sm_json_cursor *cursor) {
    skip_space(cursor);
    if (take_word(cursor, "true")) return true;
    if (!take_word(cursor, "false")) cursor->failed = true;
    return false;
}

bool sm_json_at_end(sm_json_cursor *cursor) {
    skip_space(cursor);
    return !cursor->failed && cursor->text >= cursor->end;
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

/** 10^exponent, infinity when it is too large. `exponent` is not negative. Not pow(): the tables behind it take a
 * twentieth of the WebAssembly module. */
static double power_of_ten(int exponent) {
    double power = 1;
    double factor = 10;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) power *= factor;
        factor *= factor;
    }
    return power;
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
    *value = sign * (exponent < 0 ? number / power_of_ten(-exponent) : number * power_of_ten(exponent));
    return isfinite(*value);
}
