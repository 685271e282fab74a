#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool sm_option_integer(const char *option, const char *text, long long low, long long high, long long *value) {
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end || number < low || number > high) {
        fprintf(stderr, "sonomask: --%s needs a whole number from %lld to %lld, not \"%s\"\n", option, low, high, text);
        return false;
    }
    *value = number;
    return true;
}

bool sm_option_int(const char *option, const char *text, int low, int high, int *value) {
    long long number = 0;
    if (!sm_option_integer(option, text, low, high, &number)) return false;
    *value = (int)number;
    return true;
}

bool sm_option_decimal(const char *option, const char *text, double low, double high, float *value) {
    char *end = NULL;
    errno = 0;
    double number = strtod(text, &end);
    if (errno != 0 || end == text || *end || !(number >= low && number <= high)) {
        fprintf(stderr, "sonomask: --%s needs a number from %g to %g, not \"%s\"\n", option, low, high, text);
        return false;
    }
    *value = (float)number;
    return true;
}

bool sm_option_unexpected(const char *command, const char *word) {
    fprintf(stderr, "sonomask: %s: unexpected \"%s\"\n", command, word);
    return false;
}

bool sm_option_word(const char *command, const char *word, sm_option_words *list) {
    if (!list->open) return sm_option_unexpected(command, word);
    list->words[list->count++] = word;
    return true;
}
