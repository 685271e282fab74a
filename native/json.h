/** Writing JSON with escaped strings, finite numbers and correct commas. */
#ifndef SONOMASK_JSON_H
#define SONOMASK_JSON_H

#include <stdbool.h>
#include <stdio.h>

typedef struct sm_json {
    FILE *file;
    int depth;
    bool comma;
} sm_json;

/** `key` is NULL inside arrays and at the top level. */
void sm_json_object_begin(sm_json *json, const char *key);
void sm_json_object_end(sm_json *json);
void sm_json_array_begin(sm_json *json, const char *key);
void sm_json_array_end(sm_json *json);
void sm_json_string(sm_json *json, const char *key, const char *value);
/** 6 significant digits; null when not finite. */
void sm_json_number(sm_json *json, const char *key, double value);
void sm_json_integer(sm_json *json, const char *key, long long value);
void sm_json_boolean(sm_json *json, const char *key, bool value);

#endif
