#include "operations.h"
#include "source_reference.h"

void SM_REFERENCE(sm_scatter)(const sm_real *gradient, const sm_target *target, int target_count, int batch, int height,
                              int width, const sm_parallel *parallel) {
    (void)parallel;
    for (int t = 0; t < target_count; t++) reference_target_clear(&target[t], batch, height, width);
    for (int image = 0; image < batch; image++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                for (int t = 0; t < target_count; t++)
                    for (int channel = 0; channel < target[t].channels; channel++, gradient++)
                        if (target[t].data)
                            *reference_target_value(&target[t], image, y, x, height, width, channel) += *gradient;
}
