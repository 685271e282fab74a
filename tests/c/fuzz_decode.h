#ifndef SONOMASK_TEST_FUZZ_DECODE_H
#define SONOMASK_TEST_FUZZ_DECODE_H

#include <stddef.h>
#include <stdint.h>

/** The entry point of libFuzzer. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
