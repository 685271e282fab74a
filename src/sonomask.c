/** The small parts of the public interface: names, defaults and releasing what sm_segment filled. */
#include "sonomask.h"

#include <stdlib.h>

const char *sm_class_name(sm_class type) {
    switch (type) {
    case SM_CLASS_NORMAL:
        return "normal";
    case SM_CLASS_BENIGN:
        return "benign";
    case SM_CLASS_MALIGNANT:
        return "malignant";
    }
    return "unknown";
}

sm_segment_options sm_segment_options_default(void) {
    return (sm_segment_options){.threshold = -1.0f, .minimum_area = -1.0f, .flip_average = false};
}

void sm_result_free(sm_result *result) {
    if (!result) return;
    free(result->probability_map);
    free(result->mask);
    free(result->lesions);
    *result = (sm_result){0};
}
