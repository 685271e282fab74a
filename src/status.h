/** Status codes and one-line messages, without stdio (which would cost the wasm module 16 kB). */
#ifndef SONOMASK_STATUS_H
#define SONOMASK_STATUS_H

typedef enum sm_status {
    SM_OK = 0,
    SM_ERROR_ARGUMENT,        /**< the caller asked for something impossible */
    SM_ERROR_MEMORY,          /**< an allocation failed */
    SM_ERROR_IMAGE_EMPTY,     /**< a file of no bytes */
    SM_ERROR_IMAGE_FORMAT,    /**< not an image, an unsupported kind, or damaged */
    SM_ERROR_IMAGE_TOO_LARGE, /**< more than SM_IMAGE_MAX_PIXELS */
    SM_ERROR_IMAGE_TOO_SMALL, /**< a side below SM_IMAGE_MIN_SIDE */
    SM_ERROR_WEIGHTS,         /**< weights truncated, foreign, of a wrong shape or not finite */
    SM_ERROR_DATA,            /**< a manifest or data folder is wrong */
    SM_ERROR_IO,              /**< reading or writing a file failed (never from the core) */
    SM_ERROR_INTERRUPTED      /**< stopped on request (never from the core) */
} sm_status;

enum { SM_ERROR_MESSAGE_SIZE = 512 };

typedef struct sm_error {
    sm_status status;
    char message[SM_ERROR_MESSAGE_SIZE]; /**< always NUL-terminated; truncated when too long */
} sm_error;

/**
 * Fills `error` (may be NULL) and returns `status`, so that failing is one line:
 *     return sm_fail(error, SM_ERROR_MEMORY, "no memory for %s (%d pixels)", name, pixels);
 * Understands only: %s (const char *), %d (int), %z (size_t), %f (double, up to 4 decimals) and %%.
 */
#define sm_fail(error, status, ...) (sm_error_set((error), (status), __VA_ARGS__), (sm_status)(status))

/** What sm_fail does before it gives the status back (as a macro, so that an analyser sees which status that is). */
void sm_error_set(sm_error *error, sm_status status, const char *format, ...);

/** Puts `prefix` and ": " before the message, for example the name of the file it is about. Returns the status. */
sm_status sm_error_prefix(sm_error *error, const char *prefix);

/** A short stable name, for example "image-format"; the JavaScript error codes are these. */
const char *sm_status_name(sm_status status);

#endif
