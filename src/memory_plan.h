/** Memory shared by tensors whose lifetimes do not overlap. */
#ifndef SONOMASK_MEMORY_PLAN_H
#define SONOMASK_MEMORY_PLAN_H

#include <stddef.h>

typedef struct sm_lifetime {
    size_t size;     /**< floats; 0: needs no memory */
    int first, last; /**< steps, inclusive, during which the contents are needed */
    size_t offset;   /**< out: floats from the start of the arena, a multiple of 16 */
} sm_lifetime;

/** Places any number of tensors (largest first, each at the lowest free offset). Returns the arena's size in floats. */
size_t sm_memory_plan(sm_lifetime *tensors, int count);

/** Zeroed memory aligned to 64 bytes, to be released with sm_floats_free. NULL without memory or on overflow. */
float *sm_floats_allocate(size_t count);
/** The same with unspecified contents: large blocks that are written before they are read take no time here. */
float *sm_floats_reserve(size_t count);
void sm_floats_free(float *floats);

#endif
