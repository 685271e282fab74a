/** The entry point of a fuzz target, called by libFuzzer, or by replay.c for the files of a corpus. */
#ifndef SONOMASK_FUZZ_H
#define SONOMASK_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** Always returns 0; aborts when a function breaks its contract. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Checks the parts of the contracts that hold for every outcome; a violation stops the fuzzer. */
static inline void fuzz_require(int condition) {
    if (!condition) abort();
}

#endif
