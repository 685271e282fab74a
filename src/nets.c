/* The tables of the networks: `unet16` and `unet32`, the seed study's plain U-Net, and `sonomask`. */
#include "nets.h"

#include <string.h>

#include "types.h"

static void copy_name(char *destination, const char *a, const char *b) {
    size_t used = 0;
    for (; *a && used + 1 < SM_LAYER_NAME_SIZE; a++) destination[used++] = *a;
    for (; *b && used + 1 < SM_LAYER_NAME_SIZE; b++) destination[used++] = *b;
    destination[used] = '\0';
}

/** Appends a layer with one input and returns its index. The caller sets further members. */
static int append(sm_net *net, sm_layer_kind kind, const char *group, const char *name, int input, int channels) {
    int index = net->layer_count++;
    sm_layer *layer = &net->layers[index];
    memset(layer, 0, sizeof *layer);
    layer->kind = kind;
    copy_name(layer->name, group, name);
    layer->input[0] = input;
    layer->input[1] = -1;
    layer->condition = -1;
    layer->channels = channels;
    layer->level = input >= 0 ? net->layers[input].level : 0;
    return index;
}

/** 3x3 convolution, batch normalisation, ReLU. */
static int append_block(sm_net *net, const char *group, const char *name, int input, int channels) {
    int index = append(net, SM_LAYER_CONV3X3, group, name, input, channels);
    net->layers[index].normalise = true;
    net->layers[index].relu = true;
    return index;
}

static int append_pool(sm_net *net, const char *group, int input) {
    int index = append(net, SM_LAYER_MAX_POOL, group, "pool", input, net->layers[input].channels);
    net->layers[index].level++;
    return index;
}

static int append_vector(sm_net *net, sm_layer_kind kind, const char *group, const char *name, int input,
                         int channels) {
    int index = append(net, kind, group, name, input, channels);
    net->layers[index].level = -1;
    return index;
}

static int append_mask_head(sm_net *net, const char *group, const char *name, int input, sm_role role) {
    int index = append(net, SM_LAYER_CONV1X1, group, name, input, 1);
    net->layers[index].bias = true;
    net->layers[index].role = role;
    return index;
}

static const char *const encoder_names[] = {"encoder0.", "encoder1.", "encoder2.",
                                            "encoder3.", "encoder4.", "encoder5."};
static const char *const decoder_names[] = {"decoder0.", "decoder1.", "decoder2.",
                                            "decoder3.", "decoder4.", "decoder5."};

/** The study's plain U-Net with a type head: widths base, 2 base, ... 16 base; the network of the speed comparisons. */
static void make_unet(sm_net *net, int base) {
    int skip[4];
    int x = append(net, SM_LAYER_INPUT, "", "input", -1, 1);
    for (int level = 0; level < 5; level++) {
        const char *group = encoder_names[level];
        if (level > 0) x = append_pool(net, group, x);
        x = append_block(net, group, "conv1", x, base << level);
        x = append_block(net, group, "conv2", x, base << level);
        if (level < 4) skip[level] = x;
    }
    int pooled = append_vector(net, SM_LAYER_GLOBAL_POOL, "type.", "pool", x, base << 4);
    int type = append_vector(net, SM_LAYER_DENSE, "type.", "dense", pooled, SM_CLASS_COUNT);
    net->layers[type].bias = true;
    net->layers[type].role = SM_ROLE_TYPE;
    for (int level = 3; level >= 0; level--) {
        const char *group = decoder_names[level];
        x = append_block(net, group, "up", x, base << level);
        net->layers[x].upsample[0] = true;
        net->layers[x].level = level;
        int up = x;
        x = append_block(net, group, "conv1", skip[level], base << level);
        net->layers[x].input[1] = up;
        x = append_block(net, group, "conv2", x, base << level);
    }
    append_mask_head(net, "mask.", "conv", x, SM_ROLE_MASK);
    net->default_size = 256;
    net->levels = 4;
}

/**
 * The project's own network. The mask is computed at half the input's resolution and enlarged bilinearly, because the
 * outlines of two experts agree only within a pixel or two. This leaves one convolution at full size, where a U-Net
 * spends half its time. The type is computed from the deepest features (mean and maximum) before the decoder, and its
 * probabilities set a gain and an offset per decoder channel. Without `conditioned` the decoder does not depend on the
 * type; this is the network of the ablation.
 */
static void make_sonomask(sm_net *net, bool conditioned) {
    enum { LEVELS = 5 };
    static const int width[LEVELS + 1] = {16, 32, 48, 96, 128, 160};
    int skip[LEVELS + 1];
    int x = append(net, SM_LAYER_INPUT, "", "input", -1, 1);
    x = append_block(net, encoder_names[0], "conv1", x, width[0]);
    for (int level = 1; level <= LEVELS; level++) {
        const char *group = encoder_names[level];
        x = append_pool(net, group, x);
        x = append_block(net, group, "conv1", x, width[level]);
        x = append_block(net, group, "conv2", x, width[level]);
        skip[level] = x;
    }
    int pooled = append_vector(net, SM_LAYER_GLOBAL_POOL, "type.", "pool", x, 2 * width[LEVELS]);
    net->layers[pooled].global_maximum = true;
    int dropped = append_vector(net, SM_LAYER_DROPOUT, "type.", "dropout", pooled, 2 * width[LEVELS]);
    net->layers[dropped].dropout = 0.2f;
    int type = append_vector(net, SM_LAYER_DENSE, "type.", "dense", dropped, SM_CLASS_COUNT);
    net->layers[type].bias = true;
    net->layers[type].role = SM_ROLE_TYPE;
    int answer = conditioned ? append_vector(net, SM_LAYER_SOFTMAX, "type.", "softmax", type, SM_CLASS_COUNT) : -1;

    for (int level = LEVELS - 1; level >= 1; level--) {
        const char *group = decoder_names[level];
        int condition = -1;
        if (conditioned) {
            condition = append_vector(net, SM_LAYER_DENSE, group, "condition", answer, 2 * width[level]);
            net->layers[condition].bias = true;
        }
        int deep = x;
        x = append_block(net, group, "conv1", skip[level], width[level]);
        net->layers[x].input[1] = deep;
        net->layers[x].upsample[1] = true;
        net->layers[x].condition = condition;
        x = append_block(net, group, "conv2", x, width[level]);
        if (level > 1) append_mask_head(net, group, "mask", x, SM_ROLE_AUXILIARY);
    }
    x = append_mask_head(net, "mask.", "conv", x, SM_ROLE_NONE);
    x = append(net, SM_LAYER_UPSAMPLE, "mask.", "upsample", x, 1);
    net->layers[x].level = 0;
    net->layers[x].role = SM_ROLE_MASK;
    net->default_size = 256;
    net->levels = LEVELS;
}

sm_status sm_net_table(const char *name, sm_net *net, sm_error *error) {
    memset(net, 0, sizeof *net);
    copy_name(net->name, name, "");
    if (strcmp(name, "sonomask") == 0)
        make_sonomask(net, true);
    else if (strcmp(name, "sonomask-unconditioned") == 0)
        make_sonomask(net, false);
    else if (strcmp(name, "unet16") == 0)
        make_unet(net, 16);
    else if (strcmp(name, "unet32") == 0)
        make_unet(net, 32);
    else
        return sm_fail(error, SM_ERROR_ARGUMENT,
                       "unknown network \"%s\" (there are sonomask, sonomask-unconditioned, unet16, unet32)", name);
    return SM_OK;
}
