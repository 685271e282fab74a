#include "ops_case.h"

static size_t product(int a, int b, int c) { return (size_t)a * (size_t)b * (size_t)c; }

size_t ops_case_input_count(const ops_case *p) {
    size_t pixels = product(p->batch, p->height, p->width), channels = (size_t)p->channels;
    size_t first = pixels * channels / (p->options & OPS_UPSAMPLED ? 4 : 1), second = pixels * (size_t)p->second;
    switch (p->kind) {
    case OPS_MAX_POOL:
    case OPS_GLOBAL_POOL:
    case OPS_BILINEAR:
        return first;
    case OPS_CONV1X1:
        return first + second + (channels + (size_t)p->second + 1) * (size_t)p->outputs;
    case OPS_NORM:
        return pixels * channels + 2 * (size_t)p->batch * channels;
    case OPS_DENSE:
        return (size_t)p->batch * channels + (channels + 1) * (size_t)p->outputs;
    case OPS_MASK_LOSS:
        return pixels;
    case OPS_SOFTMAX:
    case OPS_DROPOUT:
    case OPS_CROSS_ENTROPY:
    case OPS_TYPE_MAE:
        break;
    }
    return (size_t)p->batch * channels;
}

size_t ops_case_output_count(const ops_case *p) {
    size_t pixels = product(p->batch, p->height, p->width), channels = (size_t)p->channels;
    switch (p->kind) {
    case OPS_MAX_POOL:
        return pixels * channels / 4;
    case OPS_BILINEAR:
        return pixels * channels * 4;
    case OPS_CONV1X1:
        return pixels * (size_t)p->outputs;
    case OPS_NORM:
        return pixels * channels;
    case OPS_DENSE:
        return product(p->batch, p->outputs, 1);
    case OPS_GLOBAL_POOL:
        return 2 * (size_t)p->batch * channels;
    case OPS_SOFTMAX:
    case OPS_DROPOUT:
        return (size_t)p->batch * channels;
    case OPS_MASK_LOSS:
    case OPS_CROSS_ENTROPY:
    case OPS_TYPE_MAE:
        break;
    }
    return 0;
}
