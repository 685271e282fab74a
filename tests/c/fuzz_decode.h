#ifndef SONOMASK_TEST_FUZZ_DECODE_H
#define SONOMASK_TEST_FUZZ_DECODE_H

#include <stddef.h>
#include <stdint.h>

/** The name and type that libFuzzer looks for. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
