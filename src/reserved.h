/** Checking the reserved fields of options, so that later versions can give them a meaning. Internal. */
#ifndef SONOMASK_RESERVED_H
#define SONOMASK_RESERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool sm_all_zero(const uint64_t *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (values[i] != 0) return false;
    return true;
}

/** Whether the `reserved` array of a structure is all zero. */
#define SM_RESERVED_ZERO(options)                                                                                      \
    sm_all_zero((options)->reserved, sizeof(options)->reserved / sizeof(options)->reserved[0])

/** For sm_fail, with the kind of options as its argument. */
#define SM_RESERVED_MESSAGE "the reserved fields of the %s options are not 0: zero-initialise the structure"

#endif
