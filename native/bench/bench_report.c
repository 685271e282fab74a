#include "bench_report.h"

#include <stdio.h>

#include "../json.h"

/** Operations of a layer in one run: two per multiply-accumulate, and three times as many in a training step. */
static double layer_operations(const sm_bench *b, int layer) {
    if (!b->train && !sm_net_in_inference(b->net, layer)) return 0;
    return sm_net_layer_macs(b->net, layer, b->size) * 2 * (b->train ? 3.0 * b->batch : 1);
}

static double all_operations(const sm_bench *b) {
    double operations = 0;
    for (int i = 0; i < b->net->layer_count; i++) operations += layer_operations(b, i);
    return operations;
}

void sm_bench_print_table(const sm_bench *b, const sm_measurement *m) {
    const sm_net *net = b->net;
    const int threads = sm_parallel_threads(b->parallel);
    double operations = all_operations(b);
    double images = b->train ? b->batch : 1;
    printf("%s %dx%d, %s, %s kernels, %d thread%s: %.2f ms %s, %.1f images/s, %.1f GFLOP/s (peak %.1f: %.0f %%), "
           "%.1f MB, median of %d\n",
           net->name, b->size, b->size, b->train ? "training" : "inference", b->kernels->name, threads,
           threads > 1 ? "s" : "", m->total * 1e3, b->train ? "per step" : "per image", images / m->total,
           operations / m->total / 1e9, m->peak / 1e9, 100 * operations / m->total / m->peak, (double)m->bytes / 1e6,
           m->runs);
    printf("(operations of direct convolution; Winograd convolution needs fewer, so the share of the peak may exceed "
           "100 %%)\n");
    printf("%-22s %10s %10s %9s %10s %8s\n", "layer", "forward ms", b->train ? "back ms" : "", "share", "GFLOP/s",
           "of peak");
    for (int i = 0; i < net->layer_count; i++) {
        double seconds = m->forward[i] + m->backward[i];
        if (seconds <= 0) continue;
        double speed = layer_operations(b, i) / seconds;
        char back[16] = "";
        if (b->train) snprintf(back, sizeof back, "%.3f", m->backward[i] * 1e3);
        printf("%-22s %10.3f %10s %8.1f%% %10.1f %7.0f%%\n", net->layers[i].name, m->forward[i] * 1e3, back,
               100 * seconds / m->total, speed / 1e9, 100 * speed / m->peak);
    }
}

void sm_bench_print_json(const sm_bench *b, const sm_measurement *m) {
    const sm_net *net = b->net;
    double operations = all_operations(b);
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "network", net->name);
    sm_json_integer(&json, "size", b->size);
    sm_json_string(&json, "mode", b->train ? "training" : "inference");
    sm_json_string(&json, "kernels", b->kernels->name);
    sm_json_integer(&json, "threads", sm_parallel_threads(b->parallel));
    sm_json_integer(&json, "batch", b->train ? b->batch : 1);
    sm_json_integer(&json, "runs", m->runs);
    sm_json_number(&json, "milliseconds", m->total * 1e3);
    sm_json_number(&json, "images_per_second", (b->train ? b->batch : 1) / m->total);
    sm_json_number(&json, "gflops", operations / m->total / 1e9);
    sm_json_number(&json, "peak_gflops", m->peak / 1e9);
    sm_json_integer(&json, "bytes", (long long)m->bytes);
    sm_json_array_begin(&json, "layers");
    for (int i = 0; i < net->layer_count; i++) {
        double seconds = m->forward[i] + m->backward[i];
        if (seconds <= 0) continue;
        sm_json_object_begin(&json, NULL);
        sm_json_string(&json, "name", net->layers[i].name);
        sm_json_number(&json, "forward_ms", m->forward[i] * 1e3);
        if (b->train) sm_json_number(&json, "backward_ms", m->backward[i] * 1e3);
        sm_json_number(&json, "gflops", layer_operations(b, i) / seconds / 1e9);
        sm_json_object_end(&json);
    }
    sm_json_array_end(&json);
    sm_json_object_end(&json);
}

void sm_bench_print_loading(const sm_bench *b, const sm_loading_cost *cost, bool as_json) {
    const sm_net *net = b->net;
    const int threads = sm_parallel_threads(b->parallel);
    if (!as_json) {
        printf(
            "%s %dx%d, training, batch %d, %d thread%s: %.2f ms per image with loading and augmentation, %.2f ms with "
            "prepared batches, %.3f ms for decoding: %.1f %% of an epoch outside the network, median of %d pairs\n"
            "(by processor time %.1f %%: augmentation takes %.3f ms per image; waiting for batches %.2f %%)\n",
            net->name, b->size, b->size, b->batch, threads, threads > 1 ? "s" : "", cost->loaded * 1e3,
            cost->ready * 1e3, cost->decoding * 1e3, 100 * cost->share, cost->pairs, 100 * cost->processor_share,
            cost->processor * 1e3, 100 * cost->waiting_share);
        return;
    }
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "network", net->name);
    sm_json_integer(&json, "size", b->size);
    sm_json_string(&json, "mode", "loading");
    sm_json_integer(&json, "threads", threads);
    sm_json_integer(&json, "batch", b->batch);
    sm_json_integer(&json, "pairs", cost->pairs);
    sm_json_number(&json, "loaded_ms", cost->loaded * 1e3);
    sm_json_number(&json, "ready_ms", cost->ready * 1e3);
    sm_json_number(&json, "decoding_ms", cost->decoding * 1e3);
    sm_json_number(&json, "processor_ms", cost->processor * 1e3);
    sm_json_number(&json, "outside_share", cost->share);
    sm_json_number(&json, "processor_share", cost->processor_share);
    sm_json_number(&json, "waiting_share", cost->waiting_share);
    sm_json_object_end(&json);
}
