/** Failing with a status and a one-line message, without stdio (which would cost the wasm module 16 kB). Internal. */
#ifndef SONOMASK_STATUS_H
#define SONOMASK_STATUS_H

#include "types.h"

/**
 * Fills `error` (may be NULL) and returns `status`, so that failing is one line:
 *     return sm_fail(error, SM_ERROR_MEMORY, "no memory for %s (%d pixels)", name, pixels);
 * Supports only: %s (const char *), %d (int), %z (size_t), %f (double, up to 4 decimals) and %%.
 */
#define sm_fail(error, status, ...) (sm_error_set((error), (status), __VA_ARGS__), (sm_status)(status))

/** The part of sm_fail that fills `error`. sm_fail is a macro so that static analysers see the returned status. */
void sm_error_set(sm_error *error, sm_status status, const char *format, ...);

/** Puts `prefix` and ": " before the message, for example the name of the file it is about. Returns the status. */
sm_status sm_error_prefix(sm_error *error, const char *prefix);

#endif
