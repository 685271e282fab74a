#define SM_REAL_DOUBLE
#include "double_conv.h"

#include "../../src/ops/conv3x3.h"

static sm_conv describe(const double_conv *conv) {
    sm_conv args = {.batch = conv->batch,
                    .height = conv->height,
                    .width = conv->width,
                    .source_count = conv->source_count,
                    .output_channels = conv->outputs,
                    .output_stride = conv->outputs,
                    .weights = conv->weights,
                    .bias = conv->bias};
    for (int s = 0; s < conv->source_count; s++)
        args.source[s] = (sm_source){.data = conv->input[s],
                                     .channels = conv->channels[s],
                                     .stride = conv->channels[s],
                                     .upsample = conv->upsample[s],
                                     .scale = conv->scale[s],
                                     .shift = conv->shift[s],
                                     .relu = conv->scale[s] != NULL};
    return args;
}

void double_conv_forward(const double_conv *conv, double *output) {
    sm_conv args = describe(conv);
    args.output = output;
    SM_REFERENCE(sm_conv3x3_forward)(&args);
}

void double_conv_backward_data(const double_conv *conv, const double *output_gradient,
                               double *const input_gradient[2]) {
    sm_conv args = describe(conv);
    args.output_gradient = output_gradient;
    for (int s = 0; s < conv->source_count; s++)
        args.target[s] = (sm_target){.data = input_gradient[s],
                                     .channels = conv->channels[s],
                                     .stride = conv->channels[s],
                                     .upsample = conv->upsample[s]};
    SM_REFERENCE(sm_conv3x3_backward_data)(&args);
}

void double_conv_backward_weights(const double_conv *conv, const double *output_gradient, double *weights_gradient,
                                  double *bias_gradient) {
    sm_conv args = describe(conv);
    args.output_gradient = output_gradient;
    args.weights_gradient = weights_gradient;
    args.bias_gradient = bias_gradient;
    SM_REFERENCE(sm_conv3x3_backward_weights)(&args);
}
