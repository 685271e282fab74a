/**
 * The small types that the public interface, the networks and the operations share: classes, backends, status codes,
 * errors and threads. Installed; sonomask.h includes it.
 */
#ifndef SONOMASK_TYPES_H
#define SONOMASK_TYPES_H

/** Marks the functions that the shared library exports. Everything else is compiled with hidden visibility. */
#if defined(__GNUC__) && !defined(__wasm__)
#define SM_API __attribute__((visibility("default")))
#else
#define SM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Classes of the image, in the order of every probability array. */
typedef enum sm_class { SM_CLASS_NORMAL = 0, SM_CLASS_BENIGN = 1, SM_CLASS_MALIGNANT = 2 } sm_class;
enum { SM_CLASS_COUNT = 3 };

/** "normal", "benign" or "malignant"; "unknown" for any other value. Never NULL. */
SM_API const char *sm_class_name(sm_class type);

/** Which kernels run. AUTO takes the fastest that this processor has. */
typedef enum sm_backend {
    SM_BACKEND_AUTO = 0,
    SM_BACKEND_REFERENCE, /**< plain loops; the other backends are tested against it */
    SM_BACKEND_SCALAR,    /**< the fast algorithms without SIMD */
    SM_BACKEND_SIMD128,   /**< SSE2, NEON or wasm simd128 */
    SM_BACKEND_AVX2,
    SM_BACKEND_AVX512
} sm_backend;

/** The library's own functions return the codes up to SM_ERROR_WEIGHTS; the others come from the command line. */
typedef enum sm_status {
    SM_OK = 0,
    SM_ERROR_ARGUMENT,        /**< an argument is invalid: NULL, out of range, or not supported by this build */
    SM_ERROR_MEMORY,          /**< an allocation failed */
    SM_ERROR_IMAGE_EMPTY,     /**< a file of 0 bytes */
    SM_ERROR_IMAGE_FORMAT,    /**< not an image, an unsupported format, or damaged */
    SM_ERROR_IMAGE_TOO_LARGE, /**< more than SM_IMAGE_MAX_PIXELS */
    SM_ERROR_IMAGE_TOO_SMALL, /**< a side below SM_IMAGE_MIN_SIDE */
    SM_ERROR_WEIGHTS,         /**< weights truncated, not safetensors, of a wrong shape or not finite */
    SM_ERROR_DATA,            /**< a manifest or data folder is wrong */
    SM_ERROR_IO,              /**< reading or writing a file failed */
    SM_ERROR_INTERRUPTED      /**< stopped on request */
} sm_status;

/** A short stable name, for example "image-format"; "unknown" for any other value. Never NULL. */
SM_API const char *sm_status_name(sm_status status);

enum { SM_ERROR_MESSAGE_SIZE = 512 };

/** Set by a function that fails; not changed by one that succeeds. */
typedef struct sm_error {
    sm_status status;
    char message[SM_ERROR_MESSAGE_SIZE]; /**< one line, NUL-terminated, truncated when too long */
} sm_error;

/** A rectangle of whole pixels of the image; (x, y) is its upper left pixel. */
typedef struct sm_rectangle {
    int x, y, width, height;
} sm_rectangle;

/** Task `index` of a job. `worker` (0 .. threads-1) selects the scratch memory that the task may use. */
typedef void sm_task(void *arguments, int index, int worker);

/**
 * Threads of the calling program. The library starts none of its own: without an sm_parallel all work is done on the
 * calling thread.
 */
typedef struct sm_parallel {
    int threads; /**< 1 .. SM_THREADS_MAX: workers that `run` may use at the same time */
    void *pool;  /**< passed to `run`; may be NULL */
    /**
     * Runs tasks 0 .. count-1 in any order and returns when all have ended. Two tasks that run at the same time have
     * different values of `worker`.
     */
    void (*run)(void *pool, int count, sm_task *task, void *arguments);
} sm_parallel;

enum { SM_THREADS_MAX = 1024 };

#ifdef __cplusplus
}
#endif
#endif
