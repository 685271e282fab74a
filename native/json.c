#include "json.h"

#include <math.h>
#include <stddef.h>

/** Length of the well-formed UTF-8 sequence at `text` (RFC 3629: no overlong forms, no surrogates), or 0. */
static int utf8_length(const unsigned char *text) {
    const unsigned char first = text[0];
    if (first < 0x80) return 1;
    int length = 0;
    unsigned char low = 0x80, high = 0xBF; // bounds of the second byte
    if (first >= 0xC2 && first <= 0xDF)
        length = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        length = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        length = 4;
    else
        return 0;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    if (text[1] < low || text[1] > high) return 0;
    for (int i = 2; i < length; i++)
        if (text[i] < 0x80 || text[i] > 0xBF) return 0;
    return length;
}

static void write_string(FILE *file, const char *value) {
    fputc('"', file);
    const unsigned char *at = (const unsigned char *)value;
    while (*at) {
        const int length = utf8_length(at);
        if (length == 0) { // file names may hold any bytes; JSON must be UTF-8
            fputs("\\ufffd", file);
            at++;
            continue;
        }
        if (*at == '"' || *at == '\\') {
            fputc('\\', file);
            fputc(*at, file);
        } else if (*at == '\n') {
            fputs("\\n", file);
        } else if (*at == '\t') {
            fputs("\\t", file);
        } else if (*at < 0x20 || *at == 0x7f) {
            fprintf(file, "\\u%04x", (unsigned)*at);
        } else {
            fwrite(at, 1, (size_t)length, file);
        }
        at += length;
    }
    fputc('"', file);
}

/** Writes what precedes a value: a comma after an earlier one, and the key. */
static void begin_value(sm_json *json, const char *key) {
    if (json->comma) fputc(',', json->file);
    if (key) {
        write_string(json->file, key);
        fputc(':', json->file);
    }
    json->comma = true;
}

static void open_bracket(sm_json *json, const char *key, char bracket) {
    begin_value(json, key);
    fputc(bracket, json->file);
    json->depth++;
    json->comma = false;
}

static void close_bracket(sm_json *json, char bracket) {
    fputc(bracket, json->file);
    json->depth--;
    json->comma = json->depth > 0;
    if (json->depth == 0) fputc('\n', json->file); // JSON Lines: one top-level value per line
}

void sm_json_object_begin(sm_json *json, const char *key) { open_bracket(json, key, '{'); }
void sm_json_object_end(sm_json *json) { close_bracket(json, '}'); }
void sm_json_array_begin(sm_json *json, const char *key) { open_bracket(json, key, '['); }
void sm_json_array_end(sm_json *json) { close_bracket(json, ']'); }

void sm_json_string(sm_json *json, const char *key, const char *value) {
    begin_value(json, key);
    if (value)
        write_string(json->file, value);
    else
        fputs("null", json->file);
}

void sm_json_number(sm_json *json, const char *key, double value) {
    begin_value(json, key);
    if (isfinite(value))
        fprintf(json->file, "%.6g", value);
    else
        fputs("null", json->file);
}

void sm_json_integer(sm_json *json, const char *key, long long value) {
    begin_value(json, key);
    fprintf(json->file, "%lld", value);
}

void sm_json_boolean(sm_json *json, const char *key, bool value) {
    begin_value(json, key);
    fputs(value ? "true" : "false", json->file);
}
