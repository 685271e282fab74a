#include "network_drawing.h"

#include <math.h>
#include <stdio.h>

#include "file.h"
#include "own_files.h"

enum { STEP_X = 34, STEP_Y = 92, MARGIN = 40, VECTOR_GAP = 70 };

typedef struct box {
    double x, y, width, height;
} box;

/** The height grows with the resolution, the width with the channels. */
static box layer_box(const sm_net *net, int layer, int size) {
    const sm_layer *l = &net->layers[layer];
    int level = l->level >= 0 ? l->level : net->levels;
    double height = l->level >= 0 ? 18 + 56.0 * (size >> l->level) / size : 16;
    double width = l->level >= 0 ? 5 + 1.3 * sqrt(l->channels) : 18;
    double middle = MARGIN + 40 + STEP_Y * level + (l->level >= 0 ? 0 : VECTOR_GAP);
    return (box){MARGIN + STEP_X * layer, middle - height / 2, width, height};
}

static const char *layer_class(const sm_layer *layer) {
    switch (layer->kind) {
    case SM_LAYER_CONV3X3:
        return layer->condition >= 0 ? "conditioned" : "convolution";
    case SM_LAYER_CONV1X1:
        return "head";
    case SM_LAYER_MAX_POOL:
    case SM_LAYER_UPSAMPLE:
        return "resize";
    default:
        return layer->level < 0 ? "vector" : "input";
    }
}

static void draw_edge(FILE *out, const sm_net *net, int from, int to, int size, const char *kind) {
    box a = layer_box(net, from, size);
    box b = layer_box(net, to, size);
    double x1 = a.x + a.width;
    double y1 = a.y + a.height / 2;
    double y2 = b.y + b.height / 2;
    double bend = (b.x - x1) / 2;
    fprintf(out, "<path class=\"edge %s\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\"/>\n", kind, x1, y1, x1 + bend,
            y1, b.x - bend, y2, b.x, y2);
}

static void draw(FILE *out, const sm_net *net, int size) {
    int width = 2 * MARGIN + STEP_X * net->layer_count;
    int height = 2 * MARGIN + STEP_Y * (net->levels + 1) + VECTOR_GAP;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sm-network\" viewBox=\"0 0 %d %d\" role=\"img\">\n",
            width, height);
    fprintf(out, "<title>%s: %zu parameters, %.3f GMAC at %d x %d</title>\n", net->name, net->trainable_count,
            sm_net_macs(net, size) / 1e9, size, size);
    fputs("<style>svg{font:9px system-ui,sans-serif;background:#fff}text{fill:#445}"
          ".convolution{fill:#2f7f86}.conditioned{fill:#b4632d}.head{fill:#7a4fa3}.resize{fill:#9fb6bd}"
          ".vector{fill:#d8a531}.input{fill:#556}.edge{fill:none;stroke:#8aa;stroke-width:1}"
          ".skip{stroke:#2f7f86;stroke-dasharray:3 2}.type{stroke:#d8a531}"
          ".title{font-size:13px;font-weight:600}</style>\n",
          out);
    fprintf(out, "<text class=\"title\" x=\"%d\" y=\"20\">%s, input %d x %d: %zu parameters, %.3f GMAC</text>\n",
            MARGIN, net->name, size, size, net->trainable_count, sm_net_macs(net, size) / 1e9);
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        for (int k = 0; k < 2; k++)
            if (layer->input[k] >= 0)
                draw_edge(out, net, layer->input[k], i, size,
                          layer->level < 0          ? "type"
                          : layer->input[k] < i - 3 ? "skip"
                                                    : "");
        if (layer->condition >= 0) draw_edge(out, net, layer->condition, i, size, "type");
    }
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        box b = layer_box(net, i, size);
        fprintf(out,
                "<g><title>%s</title><rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
                "rx=\"2\"/>",
                layer->name, layer_class(layer), b.x, b.y, b.width, b.height);
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text></g>\n", b.x + b.width / 2,
                b.y + b.height + 10, layer->channels);
    }
    const char *const legend[][2] = {{"convolution", "3x3 convolution, normalisation, ReLU"},
                                     {"conditioned", "the same, conditioned on the type"},
                                     {"resize", "pooling, upsampling"},
                                     {"head", "mask output"},
                                     {"vector", "type: pooling, dense, softmax, conditioning"}};
    double x = MARGIN;
    for (int i = 0; i < 5; i++) {
        fprintf(out, "<rect class=\"%s\" x=\"%.0f\" y=\"%d\" width=\"10\" height=\"10\"/>", legend[i][0], x,
                height - 22);
        fprintf(out, "<text x=\"%.0f\" y=\"%d\">%s</text>\n", x + 14, height - 13, legend[i][1]);
        x += 210;
    }
    fputs("</svg>\n", out);
}

sm_status sm_network_draw(const sm_net *net, int size, const char *path, bool overwrite, sm_error *error) {
    const sm_file_options own = {.recognise = overwrite ? NULL : sm_own_svg};
    sm_file_writer writer;
    sm_status status = sm_file_writer_open_as(&writer, path, &own, error);
    if (status != SM_OK) return status;
    draw(writer.file, net, size);
    return sm_file_writer_commit(&writer, error);
}
