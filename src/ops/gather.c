#include "operations.h"
#include "source.h"

typedef struct gather_arguments {
    const sm_source *source;
    int source_count, height, width, channels;
    float *output;
} gather_arguments;

static void gather_row(const void *arguments, int image, int y) {
    const gather_arguments *args = arguments;
    size_t row = (size_t)image * (size_t)args->height + (size_t)y;
    float *output = args->output + row * (size_t)args->width * (size_t)args->channels;
    for (int s = 0; s < args->source_count; s++) {
        source_read_pixels(&args->source[s], image, y, 0, args->width, args->height, args->width, output,
                           args->channels);
        output += args->source[s].channels;
    }
}

void SM_KERNEL(sm_gather)(const sm_source *source, int source_count, int batch, int height, int width, float *output,
                          const sm_parallel *parallel) {
    gather_arguments args = {source, source_count, height, width, 0, output};
    for (int s = 0; s < source_count; s++) args.channels += source[s].channels;
    rows_run(gather_row, &args, batch, height, (size_t)width * (size_t)args.channels, parallel);
}
