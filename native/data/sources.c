#include "sources.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/status.h"
#include "random.h"

/** FNV-1a; sm_random_scatter makes its low bits usable. */
static size_t hash_text(const char *text) {
    uint64_t hash = 0xCBF29CE484222325ULL;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001B3ULL;
    return (size_t)sm_random_scatter(hash);
}

sm_status sm_sources_number(const sm_record *const *records, int count, int *numbers, int *source_count,
                            sm_error *error) {
    size_t slots = 16; /* a hash table with open addressing, at most half full */
    while (slots < 2 * (size_t)count) slots *= 2;
    int *first = malloc(slots * sizeof *first); /* of each slot, the first record of the data set; -1: empty */
    if (!first) return sm_fail(error, SM_ERROR_MEMORY, "no memory to count the data sets of %d images", count);
    for (size_t i = 0; i < slots; i++) first[i] = -1;
    *source_count = 0;
    for (int i = 0; i < count; i++) {
        size_t slot = hash_text(records[i]->source) & (slots - 1);
        while (first[slot] >= 0 && strcmp(records[first[slot]]->source, records[i]->source) != 0)
            slot = (slot + 1) & (slots - 1);
        if (first[slot] < 0) {
            first[slot] = i;
            numbers[i] = (*source_count)++;
        } else {
            numbers[i] = numbers[first[slot]];
        }
    }
    free(first);
    return SM_OK;
}
