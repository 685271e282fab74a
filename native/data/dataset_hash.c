#include "dataset_hash.h"

#include <stdio.h>
#include <string.h>

#include "../hash.h"

static uint64_t hash_file(uint64_t hash, const char *path) {
    unsigned char bytes[65536] = {0};
    FILE *file = fopen(path, "rb");
    size_t size;
    while (file && (size = fread(bytes, 1, sizeof bytes, file)) > 0) hash = sm_hash(hash, bytes, size);
    if (file) fclose(file);
    return hash;
}

uint64_t sm_dataset_hash(const sm_dataset *dataset) {
    uint64_t hash = SM_HASH_START;
    for (int i = 0; i < dataset->count; i++) {
        const sm_record *record = &dataset->records[i];
        const int numbers[] = {(int)record->classes, record->fold, record->exclude, record->mask_count,
                               record->problem != NULL};
        hash = sm_hash(hash, numbers, sizeof numbers);
        hash = sm_hash(hash, record->source, strlen(record->source) + 1);
        hash = sm_hash(hash, record->group, strlen(record->group) + 1);
        hash = hash_file(hash, record->image);
        for (int m = 0; m < record->mask_count; m++) hash = hash_file(hash, record->masks[m]);
    }
    return hash;
}
