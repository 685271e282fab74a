/** A fast hash of bytes, for comparing. Not against tampering. */
#ifndef SONOMASK_HASH_H
#define SONOMASK_HASH_H

#include <stddef.h>
#include <stdint.h>

/** Of nothing. */
#define SM_HASH_START 0xCBF29CE484222325ULL

/** The hash `hash` continued with the bytes. */
uint64_t sm_hash(uint64_t hash, const void *bytes, size_t size);

#endif
