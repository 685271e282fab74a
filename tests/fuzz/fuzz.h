/** What a fuzz target defines: libFuzzer's entry point. replay.c calls it for the files of a corpus. */
#ifndef SONOMASK_FUZZ_H
#define SONOMASK_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/** Always returns 0; aborts when a function breaks its contract. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** What the contracts promise of any outcome; a broken promise stops the fuzzer. */
static inline void fuzz_require(int condition) {
    if (!condition) abort();
}

#endif
