/** The small types that the network, the operations and the public interface share. */
#ifndef SONOMASK_TYPES_H
#define SONOMASK_TYPES_H

#ifdef __cplusplus
extern "C" {
#endif

/** Tissue classes, in the order of every probability array in this project. */
typedef enum sm_class { SM_CLASS_NORMAL = 0, SM_CLASS_BENIGN = 1, SM_CLASS_MALIGNANT = 2 } sm_class;
enum { SM_CLASS_COUNT = 3 };

/** "normal", "benign" or "malignant"; never NULL. */
const char *sm_class_name(sm_class type);

/** Which kernels run. AUTO takes the fastest that this processor has. */
typedef enum sm_backend {
    SM_BACKEND_AUTO = 0,
    SM_BACKEND_REFERENCE, /**< plain loops, the yardstick of the tests */
    SM_BACKEND_SCALAR,    /**< the fast algorithms, one lane */
    SM_BACKEND_SIMD128,   /**< SSE2, NEON or wasm simd128 */
    SM_BACKEND_AVX2,
    SM_BACKEND_AVX512
} sm_backend;

#ifdef __cplusplus
}
#endif
#endif
