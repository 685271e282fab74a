/** The parts of the public interface that belong to no other file: versions, class names and sm_free. */
#include "sonomask.h"

#include <stdlib.h>

const char *sm_version(void) { return SM_VERSION; }

int sm_version_number(void) { return SM_VERSION_NUMBER; }

void sm_free(void *block) { free(block); }

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
