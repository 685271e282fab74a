/**
 * What the library of the Python package exports besides the public C interface: threads, the command line, and the
 * sizes of the structures that native/python/sonomask/_library.py describes.
 */
#include <stddef.h>

#include "../../src/sonomask.h"
#include "../parallel.h"
#include "../program.h"

SM_API sm_parallel *sonomask_threads_create(int threads);
SM_API void sonomask_threads_free(sm_parallel *parallel);
SM_API int sonomask_program(int argc, char **argv);
SM_API const size_t *sonomask_structure_sizes(void);

/** `threads` 0: one per usable processor. NULL when the threads cannot be started. */
sm_parallel *sonomask_threads_create(int threads) { return sm_parallel_create(threads); }
void sonomask_threads_free(sm_parallel *parallel) { sm_parallel_free(parallel); }

int sonomask_program(int argc, char **argv) { return sm_program(argc, argv); }

/** In the order of STRUCTURES in _library.py; ends with 0. */
const size_t *sonomask_structure_sizes(void) {
    static const size_t sizes[] = {
        sizeof(sm_error),
        sizeof(sm_image),
        sizeof(sm_point),
        sizeof(sm_lesion),
        sizeof(sm_contour),
        sizeof(sm_contours),
        sizeof(sm_model_options),
        sizeof(sm_operating_point),
        sizeof(sm_model_info),
        sizeof(sm_parallel),
        sizeof(sm_state_options),
        sizeof(sm_rectangle),
        sizeof(sm_segment_options),
        sizeof(sm_region),
        sizeof(sm_result),
        sizeof(sm_click),
        sizeof(sm_box),
        sizeof(sm_prompts),
        sizeof(sm_descriptors),
        0,
    };
    return sizes;
}
