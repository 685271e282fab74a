#include "region_option.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/** Reads a whole number and the letter after it; `*text` is moved behind both. */
static bool read_number(const char **text, char end, int *number) {
    if (!isdigit((unsigned char)**text)) return false;
    char *after = NULL;
    errno = 0;
    const long value = strtol(*text, &after, 10);
    if (errno || value > INT_MAX || *after != end) return false;
    *number = (int)value;
    *text = end ? after + 1 : after;
    return true;
}

const char *sm_region_option_take(sm_region_option *option, const char *text) {
    static const char repeated[] = "must be given once, or several times with rectangles only";
    static const char expected[] = "must be auto, whole or X,Y,WIDTHxHEIGHT in pixels";
    const bool is_auto = strcmp(text, "auto") == 0, is_whole = strcmp(text, "whole") == 0;
    if (is_auto || is_whole) {
        if (option->given) return repeated;
        option->kind = is_auto ? SM_REGION_AUTO : SM_REGION_WHOLE;
        option->given = true;
        return NULL;
    }
    if (option->given && option->kind != SM_REGION_RECTANGLES) return repeated;
    if (option->count == SM_REGIONS_MAX) return "must be given at most 16 times";
    sm_rectangle *r = &option->rectangles[option->count];
    if (!read_number(&text, ',', &r->x) || !read_number(&text, ',', &r->y) || !read_number(&text, 'x', &r->width) ||
        !read_number(&text, 0, &r->height))
        return expected;
    if (r->width < 1 || r->height < 1) return "must have an area";
    option->kind = SM_REGION_RECTANGLES;
    option->given = true;
    option->count++;
    return NULL;
}

void sm_region_option_apply(const sm_region_option *option, sm_segment_options *options) {
    options->find_regions = option->kind == SM_REGION_AUTO;
    options->regions = option->rectangles;
    options->region_count = option->count;
}
