/* The tables of the networks: `unet16` and `unet32`, the seed study's plain U-Net, and both generations of ours. */
#include "nets.h"

#include <string.h>

#include "prompt_maps.h"
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

/** Gain and offset for a layer of `channels`, computed from the type's probabilities. */
static int append_condition(sm_net *net, const char *group, const char *name, int answer, int channels) {
    int index = append_vector(net, SM_LAYER_DENSE, group, name, answer, 2 * channels);
    net->layers[index].bias = true;
    return index;
}

/** Pooling levels of our networks, and the finest one at which prompts enter. */
enum { LEVELS = 5, FINEST_PROMPT_LEVEL = 2 };

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

/** Levels 0 to LEVELS; fills `skip` with the outputs that the decoder reads. */
static void append_encoder(sm_net *net, const int *width, int skip[LEVELS + 1]) {
    int x = append(net, SM_LAYER_INPUT, "", "input", -1, 1);
    x = append_block(net, encoder_names[0], "conv1", x, width[0]);
    for (int level = 1; level <= LEVELS; level++) {
        const char *group = encoder_names[level];
        x = append_pool(net, group, x);
        x = append_block(net, group, "conv1", x, width[level]);
        x = append_block(net, group, "conv2", x, width[level]);
        skip[level] = x;
    }
}

/** The type from the deepest features; returns the layer of its logits. */
static int append_type_head(sm_net *net, int deepest) {
    const int channels = 2 * net->layers[deepest].channels;
    const int pooled = append_vector(net, SM_LAYER_GLOBAL_POOL, "type.", "pool", deepest, channels);
    net->layers[pooled].global_maximum = true;
    const int dropped = append_vector(net, SM_LAYER_DROPOUT, "type.", "dropout", pooled, channels);
    net->layers[dropped].dropout = 0.2f;
    const int type = append_vector(net, SM_LAYER_DENSE, "type.", "dense", dropped, SM_CLASS_COUNT);
    net->layers[type].bias = true;
    net->layers[type].role = SM_ROLE_TYPE;
    return type;
}

/**
 * The first generation of the project's own network. The mask is computed at half the input's resolution and enlarged
 * bilinearly, because the outlines of two experts agree only within a pixel or two. This leaves one convolution at full
 * size, where a U-Net spends half its time. The type is computed from the deepest features (mean and maximum) before
 * the decoder, and its probabilities set a gain and an offset per decoder channel.
 */
static void make_sonomask(sm_net *net) {
    static const int width[LEVELS + 1] = {16, 32, 48, 96, 128, 160};
    int skip[LEVELS + 1];
    append_encoder(net, width, skip);
    int x = skip[LEVELS];
    const int type = append_type_head(net, x);
    const int answer = append_vector(net, SM_LAYER_SOFTMAX, "type.", "softmax", type, SM_CLASS_COUNT);
    for (int level = LEVELS - 1; level >= 1; level--) {
        const char *group = decoder_names[level];
        const int condition = append_condition(net, group, "condition", answer, width[level]);
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

/** Makes `prompts` of this level the second input of block `index`. */
static void add_prompts(sm_net *net, const char *group, int level, int *index, const char *name, int input,
                        int channels) {
    const int maps = append(net, SM_LAYER_PROMPT, group, "prompts", -1, SM_PROMPT_CHANNELS);
    net->layers[maps].level = level;
    *index = append_block(net, group, name, input, channels);
    net->layers[*index].input[1] = maps;
}

/**
 * The second generation. As in the first, the mask is computed at half the input's resolution and the type before the
 * decoder. What is new: the decoder begins with a block of its own at the deepest level, and the maps of the user's
 * clicks and box (prompt_maps.h) enter it there and at three finer levels. The encoder and the type do not depend on
 * them, so that a correction runs the decoder alone. The type's probabilities set a gain and an offset per channel of
 * one block per decoder level, and of the last block, where they can suppress the whole mask; for the ablation, the
 * decoder may be without this condition.
 */
static void make_second_generation(sm_net *net, bool conditioned) {
    static const int width[LEVELS + 1] = {16, 32, 48, 96, 128, 160};
    int skip[LEVELS + 1];
    append_encoder(net, width, skip);
    const int type = append_type_head(net, skip[LEVELS]);
    const int answer =
        conditioned ? append_vector(net, SM_LAYER_SOFTMAX, "type.", "softmax", type, SM_CLASS_COUNT) : -1;
    int x = skip[LEVELS];
    for (int level = LEVELS; level >= 1; level--) {
        const char *group = decoder_names[level];
        const int channels = width[level == LEVELS ? LEVELS - 1 : level];
        const int condition = conditioned ? append_condition(net, group, "condition", answer, channels) : -1;
        if (level == LEVELS) {
            add_prompts(net, group, level, &x, "conv1", x, channels);
            net->layers[x].condition = condition;
            continue;
        }
        const int deep = x;
        x = append_block(net, group, "conv1", skip[level], channels);
        net->layers[x].input[1] = deep;
        net->layers[x].upsample[1] = true;
        net->layers[x].condition = condition;
        if (level >= FINEST_PROMPT_LEVEL) {
            add_prompts(net, group, level, &x, "conv2", x, channels);
            append_mask_head(net, group, "mask", x, SM_ROLE_AUXILIARY);
        } else {
            const int gate = conditioned ? append_condition(net, group, "gate", answer, channels) : -1;
            x = append_block(net, group, "conv2", x, channels);
            net->layers[x].condition = gate;
        }
    }
    x = append_mask_head(net, "mask.", "conv", x, SM_ROLE_NONE);
    x = append(net, SM_LAYER_UPSAMPLE, "mask.", "upsample", x, 1);
    net->layers[x].level = 0;
    net->layers[x].role = SM_ROLE_MASK;
    net->default_size = 192;
    net->levels = LEVELS;
}

static void make_sonomask2(sm_net *net) { make_second_generation(net, true); }
static void make_sonomask2_unconditioned(sm_net *net) { make_second_generation(net, false); }
static void make_unet16(sm_net *net) { make_unet(net, 16); }
static void make_unet32(sm_net *net) { make_unet(net, 32); }

sm_status sm_net_table(const char *name, sm_net *net, sm_error *error) {
    static const struct {
        const char *name;
        void (*make)(sm_net *net);
    } known[] = {{"sonomask2", make_sonomask2},
                 {"sonomask2-unconditioned", make_sonomask2_unconditioned},
                 {"sonomask", make_sonomask},
                 {"unet16", make_unet16},
                 {"unet32", make_unet32}};
    memset(net, 0, sizeof *net);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0) {
            copy_name(net->name, name, "");
            known[i].make(net);
            return SM_OK;
        }
    return sm_fail(error, SM_ERROR_ARGUMENT,
                   "unknown network \"%s\" (there are sonomask2, sonomask2-unconditioned, sonomask, "
                   "unet16, unet32)",
                   name);
}
