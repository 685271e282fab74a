/* The losses of a network in training: the mask at every supervised resolution, and the type. */
#include <math.h>
#include <string.h>

#include "net_training_passes.h"
#include "types.h"

/** The target masks at half the resolution, by averaging: soft targets for the auxiliary outputs. */
static void halve(const float *input, int batch, int side, float *output) {
    int half = side / 2;
    for (int row = 0; row < batch * half; row++) {
        const float *upper = input + (size_t)row * 2 * (size_t)side;
        const float *lower = upper + side;
        for (int x = 0; x < half; x++)
            output[(size_t)row * (size_t)half + (size_t)x] =
                0.25f * (upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1]);
    }
}

/**
 * The target of one image's cross-entropy, without teachers. When several classes are possible, it is the network's own
 * answer restricted to them: the gradient is then that of the marginal likelihood, -log of the sum of their
 * probabilities. Returns the entropy of the target, by which the cross-entropy exceeds that loss.
 */
static double class_target(const sm_training *training, sm_class_set set, const float *logits,
                           float target[SM_CLASS_COUNT]) {
    float restricted[SM_CLASS_COUNT];
    memcpy(restricted, logits, sizeof restricted);
    sm_class_set_restrict(set, restricted);
    training->kernels->softmax(restricted, 1, SM_CLASS_COUNT, target);
    double entropy = 0;
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        if (target[c] > 0) entropy -= (double)target[c] * log((double)target[c]);
    return entropy;
}

static double cross_entropy(const sm_training *training, const sm_batch *batch, int image, float smoothing,
                            const float *logits, float *gradient) {
    float *target = training->type_targets + (size_t)image * SM_CLASS_COUNT;
    double entropy = 0;
    if (batch->type_probabilities)
        memcpy(target, batch->type_probabilities + (size_t)image * SM_CLASS_COUNT, SM_CLASS_COUNT * sizeof *target);
    else
        entropy = class_target(training, batch->classes[image], logits, target);
    for (int c = 0; c < SM_CLASS_COUNT; c++) target[c] = (1 - smoothing) * target[c] + smoothing / SM_CLASS_COUNT;
    const double loss = training->kernels->cross_entropy(logits, target, 1, SM_CLASS_COUNT, gradient);
    return loss - (1 - (double)smoothing) * entropy;
}

/**
 * Mean over the batch; images of unknown type count as 0. Writes the gradient of the type logits. The study's loss
 * (`type_mae`) needs a single class.
 */
static double type_loss(sm_training *training, const sm_batch *batch, const sm_loss_options *options,
                        sm_layer_state *state, int *typed) {
    double total = 0;
    const float share = 1.0f / (float)training->batch;
    for (int i = 0; i < training->batch; i++) {
        const float *logits = state->value + (size_t)i * SM_CLASS_COUNT;
        float *gradient = state->gradient + (size_t)i * SM_CLASS_COUNT;
        sm_class single = SM_CLASS_NORMAL;
        const bool is_single = sm_class_set_single(batch->classes[i], &single);
        const int type = (int)single;
        memset(gradient, 0, SM_CLASS_COUNT * sizeof *gradient);
        if (options->type_mae ? !is_single : batch->classes[i] == SM_CLASSES_ANY) continue;
        total += options->type_mae ? training->kernels->type_mae(logits, &type, 1, gradient)
                                   : cross_entropy(training, batch, i, options->label_smoothing, logits, gradient);
        for (int c = 0; c < SM_CLASS_COUNT; c++) gradient[c] *= share * options->type_weight;
        ++*typed;
    }
    return total * (double)share;
}

sm_losses sm_training_losses(sm_training *training, const sm_batch *batch, const sm_loss_options *options) {
    const sm_net *net = &training->net;
    sm_losses losses = {0};
    for (int i = 0; i < training->batch; i++) losses.masked += !batch->mask_weights || batch->mask_weights[i] > 0;
    memcpy(training->mask_targets[0], batch->masks,
           (size_t)training->batch * (size_t)training->size * (size_t)training->size * sizeof(float));
    for (int level = 1; level <= net->levels; level++)
        halve(training->mask_targets[level - 1], training->batch, training->size >> (level - 1),
              training->mask_targets[level]);
    for (int i = 0; i < net->layer_count; i++) {
        const sm_layer *layer = &net->layers[i];
        sm_layer_state *state = &training->layers[i];
        if (layer->role == SM_ROLE_MASK || layer->role == SM_ROLE_AUXILIARY) {
            float weight = 1;
            if (layer->role == SM_ROLE_AUXILIARY)
                weight = options->auxiliary_weight > 0 ? powf(options->auxiliary_weight, (float)layer->level) : 0;
            int side = sm_training_side(training, i);
            sm_mask_loss loss = {.batch = training->batch,
                                 .pixels = side * side,
                                 .logits = state->value,
                                 .target = training->mask_targets[layer->level],
                                 .bce_weight = options->bce_weight * weight,
                                 .dice_weight = options->dice_weight * weight,
                                 .dice_smooth = options->dice_smooth,
                                 .weights = batch->mask_weights,
                                 .gradient = state->gradient};
            double value = training->kernels->mask_loss(&loss);
            losses.total += value;
            if (layer->role == SM_ROLE_MASK) losses.mask = value;
            state->written = true;
        } else if (layer->role == SM_ROLE_TYPE) {
            losses.type = type_loss(training, batch, options, state, &losses.typed);
            losses.total += (double)options->type_weight * losses.type;
            state->written = true;
        }
    }
    return losses;
}
