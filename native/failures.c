#include "failures.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/status.h"

sm_status sm_failures_add(sm_failures *failures, const char *line, sm_error *error) {
    char *copy = strdup(line);
    if (copy && failures->count == failures->capacity) {
        const int capacity = failures->capacity ? 2 * failures->capacity : 16;
        char **lines =
            failures->capacity > INT_MAX / 2 ? NULL : realloc(failures->lines, (size_t)capacity * sizeof *lines);
        if (lines) {
            failures->lines = lines;
            failures->capacity = capacity;
        }
    }
    if (!copy || failures->count == failures->capacity) {
        free(copy);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for the list of failures");
    }
    failures->lines[failures->count++] = copy;
    return SM_OK;
}

void sm_failures_print(const sm_failures *failures, int total, const char *what) {
    if (failures->count == 0) return;
    fprintf(stderr, "sonomask: %d of %d %s:\n", failures->count, total, what);
    for (int i = 0; i < failures->count; i++) {
        fputs("  ", stderr);
        // A file name may hold line ends and control characters of the terminal.
        for (const char *at = failures->lines[i]; *at; at++) {
            const unsigned char byte = (unsigned char)*at;
            fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, stderr);
        }
        fputc('\n', stderr);
    }
}

void sm_failures_free(sm_failures *failures) {
    for (int i = 0; i < failures->count; i++) free(failures->lines[i]);
    free(failures->lines);
    *failures = (sm_failures){0};
}
