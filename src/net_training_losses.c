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

/** Fills training->type_targets: the targets of the batch with label smoothing. */
static const float *type_targets(sm_training *training, const sm_batch *batch, float smoothing) {
    float *targets = training->type_targets;
    for (int i = 0; i < training->batch; i++)
        for (int c = 0; c < SM_CLASS_COUNT; c++) {
            int index = i * SM_CLASS_COUNT + c;
            float target = batch->type_probabilities ? batch->type_probabilities[index]
                           : c == batch->types[i]    ? 1.0f
                                                     : 0;
            targets[index] = (1 - smoothing) * target + smoothing / SM_CLASS_COUNT;
        }
    return targets;
}

sm_losses sm_training_losses(sm_training *training, const sm_batch *batch, const sm_loss_options *options) {
    const sm_net *net = &training->net;
    sm_losses losses = {0};
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
                                 .gradient = state->gradient};
            double value = training->kernels->mask_loss(&loss);
            losses.total += value;
            if (layer->role == SM_ROLE_MASK) losses.mask = value;
            state->written = true;
        } else if (layer->role == SM_ROLE_TYPE) {
            losses.type =
                options->type_mae
                    ? training->kernels->type_mae(state->value, batch->types, training->batch, state->gradient)
                    : training->kernels->cross_entropy(state->value,
                                                       type_targets(training, batch, options->label_smoothing),
                                                       training->batch, SM_CLASS_COUNT, state->gradient);
            losses.total += (double)options->type_weight * losses.type;
            for (int k = 0; k < training->batch * SM_CLASS_COUNT; k++) state->gradient[k] *= options->type_weight;
            state->written = true;
        }
    }
    return losses;
}
