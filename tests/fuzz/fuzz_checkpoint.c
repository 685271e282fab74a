/**
 * A checkpoint of a network with three parameters. When the first byte of the input is not 0, the checksum at the end
 * is made right, or no damage would get past it.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "../../native/train/checkpoint.h"
#include "scratch.h"

enum { TRAINABLE = 2, TOTAL = 3 };

/** The format's checksum, see checkpoint.c. */
static uint64_t checksum(const unsigned char *bytes, size_t size) {
    uint64_t hash = 0xCBF29CE484222325ULL;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        hash = (hash ^ word) * 0x100000001B3ULL;
        hash ^= hash >> 29;
    }
    for (; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001B3ULL;
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const bool repairs = data[0] != 0;
    data++;
    size--;
    unsigned char *bytes = malloc(size + 8);
    if (!bytes) return 0;
    memcpy(bytes, data, size);
    const uint64_t sum = checksum(bytes, size);
    memcpy(bytes + size, &sum, sizeof sum);
    fuzz_require(fuzz_write(fuzz_scratch(), "checkpoint.bin", bytes, size + (repairs ? sizeof sum : 0)));
    free(bytes);
    static char path[128];
    snprintf(path, sizeof path, "%s/checkpoint.bin", fuzz_scratch());
    float parameters[TOTAL] = {0}, first[TRAINABLE] = {0}, second[TRAINABLE] = {0}, average[TOTAL] = {0};
    sm_optimiser optimiser = {
        .first = first, .second = second, .average = average, .trainable_count = TRAINABLE, .total_count = TOTAL};
    sm_checkpoint checkpoint;
    sm_error error = {0};
    const sm_status status = sm_checkpoint_read(path, "net=a size=32", &checkpoint, parameters, &optimiser, &error);
    if (status == SM_OK)
        fuzz_require(checkpoint.settings && checkpoint.log);
    else
        fuzz_require(error.status == status && error.message[0] != '\0' && !checkpoint.settings && !checkpoint.log);
    sm_checkpoint_free(&checkpoint);
    return 0;
}
