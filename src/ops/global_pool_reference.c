#include "operations.h"
#include "source_reference.h"

void SM_REFERENCE(sm_global_pool)(const sm_source *source, int batch, int height, int width, sm_real *average,
                                  sm_real *maximum) {
    for (int image = 0; image < batch; image++)
        for (int channel = 0; channel < source->channels; channel++) {
            size_t index = (size_t)image * (size_t)source->channels + (size_t)channel;
            double sum = 0;
            sm_real largest = reference_source_value(source, image, 0, 0, height, width, channel);
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++) {
                    sm_real value = reference_source_value(source, image, y, x, height, width, channel);
                    sum += value;
                    if (value > largest) largest = value;
                }
            if (average) average[index] = (sm_real)(sum / ((double)height * width));
            if (maximum) maximum[index] = largest;
        }
}

void SM_REFERENCE(sm_global_pool_backward)(const sm_source *source, int batch, int height, int width,
                                           const sm_real *average_gradient, const sm_real *maximum_gradient,
                                           const sm_target *target) {
    if (!target->data) return;
    reference_target_clear(target, batch, height, width);
    for (int image = 0; image < batch; image++)
        for (int channel = 0; channel < source->channels; channel++) {
            size_t index = (size_t)image * (size_t)source->channels + (size_t)channel;
            int first_y = 0, first_x = 0;
            sm_real largest = reference_source_value(source, image, 0, 0, height, width, channel);
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++) {
                    sm_real value = reference_source_value(source, image, y, x, height, width, channel);
                    if (value > largest) {
                        largest = value;
                        first_y = y;
                        first_x = x;
                    }
                    if (average_gradient)
                        *reference_target_value(target, image, y, x, height, width, channel) +=
                            average_gradient[index] / ((sm_real)height * (sm_real)width);
                }
            if (maximum_gradient)
                *reference_target_value(target, image, first_y, first_x, height, width, channel) +=
                    maximum_gradient[index];
        }
}
