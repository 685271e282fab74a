#include "memory_plan.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16 /* floats: one cache line, one AVX-512 vector */ };

static const size_t unplaced = SIZE_MAX; /* the offset of a tensor before its turn */

static bool overlap_in_time(const sm_lifetime *a, const sm_lifetime *b) {
    return a->first <= b->last && b->first <= a->last;
}

/** The lowest offset at which `tensor` overlaps none of the tensors already placed. */
static size_t lowest_offset(const sm_lifetime *tensors, int count, const sm_lifetime *tensor) {
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < count; i++) {
            const sm_lifetime *other = &tensors[i];
            if (other->offset == unplaced || !overlap_in_time(tensor, other)) continue;
            if (offset < other->offset + other->size && other->offset < offset + tensor->size) {
                offset = (other->offset + other->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
                moved = true;
            }
        }
    }
    return offset;
}

size_t sm_memory_plan(sm_lifetime *tensors, int count) {
    size_t arena = 0;
    for (int i = 0; i < count; i++) tensors[i].offset = tensors[i].size > 0 ? unplaced : 0;
    for (int step = 0; step < count; step++) {
        int largest = -1;
        for (int i = 0; i < count; i++)
            if (tensors[i].offset == unplaced && (largest < 0 || tensors[i].size > tensors[largest].size)) largest = i;
        if (largest < 0) break;
        tensors[largest].offset = lowest_offset(tensors, count, &tensors[largest]);
        size_t end = tensors[largest].offset + tensors[largest].size;
        if (end > arena) arena = end;
    }
    return (arena + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/** Whole cache lines, at least one; 0 on overflow. */
static size_t rounded_bytes(size_t count) {
    const size_t rounded = (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded < count || rounded > SIZE_MAX / sizeof(float)) return 0;
    return (rounded ? rounded : ALIGNMENT) * sizeof(float);
}

float *sm_floats_reserve(size_t count) {
    const size_t bytes = rounded_bytes(count);
    return bytes ? aligned_alloc(ALIGNMENT * sizeof(float), bytes) : NULL;
}

float *sm_floats_allocate(size_t count) {
    float *floats = sm_floats_reserve(count);
    if (floats) memset(floats, 0, rounded_bytes(count));
    return floats;
}

void sm_floats_free(float *floats) { free(floats); }
