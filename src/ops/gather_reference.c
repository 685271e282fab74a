#include "operations.h"
#include "source_reference.h"

void SM_REFERENCE(sm_gather)(const sm_source *source, int source_count, int batch, int height, int width,
                             sm_real *output, const sm_parallel *parallel) {
    (void)parallel;
    for (int image = 0; image < batch; image++)
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                for (int s = 0; s < source_count; s++)
                    for (int channel = 0; channel < source[s].channels; channel++)
                        *output++ = reference_source_value(&source[s], image, y, x, height, width, channel);
}
