#include "batch_scores.h"

#include "validation.h"

static bool has_lesion(const float *mask, size_t pixels) {
    for (size_t i = 0; i < pixels; i++)
        if (mask[i] >= 0.5f) return true;
    return false;
}

/** An answer to prompts does not show how well the network finds lesions by itself. */
static bool is_prompted(const sm_batch *batch, int image) {
    return batch->prompts && sm_prompts_any(&batch->prompts[image]);
}

void sm_batch_scores_add(const sm_training *training, const sm_batch *batch, int images, int size, bool type_mae,
                         const sm_losses *losses, sm_epoch_sums *sums) {
    const size_t pixels = (size_t)size * (size_t)size;
    sums->loss += losses->total;
    sums->mask_loss += losses->mask;
    sums->type_loss += losses->type;
    for (int i = 0; i < images; i++) {
        sums->images += 1;
        sm_class type;
        if (sm_class_set_single(batch->classes[i], &type)) {
            sums->typed_images += 1;
            sums->right_types +=
                sm_class_of_logits(sm_training_type_logits(training) + i * SM_CLASS_COUNT, type_mae) == (int)type;
        }
        const float *mask = batch->masks + (size_t)i * pixels;
        if (batch->mask_weights[i] <= 0 || is_prompted(batch, i) || !has_lesion(mask, pixels)) continue;
        sums->lesion_images += 1;
        sums->dice += sm_dice_of_logits(sm_training_mask_logits(training) + (size_t)i * pixels, 0, mask, pixels);
    }
}
