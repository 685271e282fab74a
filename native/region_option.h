/** The option --region: where the ultrasound pictures of an image are. */
#ifndef SONOMASK_REGION_OPTION_H
#define SONOMASK_REGION_OPTION_H

#include "../src/sonomask.h"

/** What was given. Zero-initialise: find them. */
typedef struct sm_region_option {
    enum { SM_REGION_AUTO = 0, SM_REGION_WHOLE, SM_REGION_RECTANGLES } kind;
    bool given;
    sm_rectangle rectangles[SM_REGIONS_MAX];
    int count;
} sm_region_option;

/** Takes the text of one option, "auto", "whole" or "X,Y,WIDTHxHEIGHT"; several rectangles add up. NULL when it is
 * valid, else what is expected. */
const char *sm_region_option_take(sm_region_option *option, const char *text);

/** `option` must outlive `options`. */
void sm_region_option_apply(const sm_region_option *option, sm_segment_options *options);

#endif
