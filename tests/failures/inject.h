/**
 * Failure injection: the linker's --wrap sends every allocation and every call that makes or renames a file through
 * inject.c, which counts the calls and lets chosen ones fail. See WRAPPED in tests/tests.mk.
 */
#ifndef SONOMASK_TEST_INJECT_H
#define SONOMASK_TEST_INJECT_H

#include <stdbool.h>

typedef enum inject_kind {
    INJECT_ALLOCATION, /**< malloc, calloc, realloc, aligned_alloc, posix_memalign, strdup, strndup: no memory */
    INJECT_FILE        /**< open and fopen for writing, fdopen, fflush, fsync, rename, mkdir: ENOSPC */
} inject_kind;

/**
 * From now on calls of `kind` are counted, and call number `first` (from 1) fails; with `all_later` every call after
 * it too. `first` 0 only counts. Allocations are watched from here until the next inject_arm.
 */
void inject_arm(inject_kind kind, long first, bool all_later);

/** Ends counting and failing. Returns the number of calls since inject_arm. */
long inject_disarm(void);

/** How many blocks that were allocated while armed have not been freed. */
long inject_leaked(void);

/** Where the first call failed: a return address for addr2line, relative to the program; 0 when none failed. */
long inject_place(void);

#endif
