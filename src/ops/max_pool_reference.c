#include "operations.h"
#include "source_reference.h"

void SM_REFERENCE(sm_max_pool)(const sm_source *source, int batch, int height, int width, sm_real *output,
                               const sm_parallel *parallel) {
    (void)parallel;
    for (int image = 0; image < batch; image++)
        for (int y = 0; y < height; y += 2)
            for (int x = 0; x < width; x += 2)
                for (int channel = 0; channel < source->channels; channel++) {
                    sm_real maximum = reference_source_value(source, image, y, x, height, width, channel);
                    for (int i = 1; i < 4; i++) {
                        sm_real value =
                            reference_source_value(source, image, y + i / 2, x + i % 2, height, width, channel);
                        if (value > maximum) maximum = value;
                    }
                    *output++ = maximum;
                }
}

void SM_REFERENCE(sm_max_pool_backward)(const sm_source *source, int batch, int height, int width,
                                        const sm_real *output_gradient, const sm_target *target,
                                        const sm_parallel *parallel) {
    (void)parallel;
    reference_target_clear(target, batch, height, width);
    for (int image = 0; image < batch; image++)
        for (int y = 0; y < height; y += 2)
            for (int x = 0; x < width; x += 2)
                for (int channel = 0; channel < source->channels; channel++, output_gradient++) {
                    int first = 0;
                    sm_real maximum = reference_source_value(source, image, y, x, height, width, channel);
                    for (int i = 1; i < 4; i++) {
                        sm_real value =
                            reference_source_value(source, image, y + i / 2, x + i % 2, height, width, channel);
                        if (value > maximum) {
                            maximum = value;
                            first = i;
                        }
                    }
                    if (target->data)
                        *reference_target_value(target, image, y + first / 2, x + first % 2, height, width, channel) +=
                            *output_gradient;
                }
}
