/** What a weights file says of the images that it was trained on. */
#ifndef SONOMASK_TRAINING_DATA_H
#define SONOMASK_TRAINING_DATA_H

#include "../../src/weights.h"
#include "../data/dataset.h"

enum { SM_DATA_HASH_SIZE = 24 };

/** The images of one training. */
typedef struct sm_training_data {
    const sm_record *const *records;
    int count;
    int fold, left_out; /**< folds that were not trained on; negative: none */
    const char *hash;   /**< of the decoded images, masks and classes, in hexadecimal digits */
} sm_training_data;

/**
 * Sets metadata->training_data, for example "busi+busbra, all folds but 3, 2527 images", and training_data_hash, which
 * is data->hash.
 *
 * With `start`, the metadata of the weights that the training began with, both cover the two trainings: the text is
 * "START; fine-tuned on NEW", and the hash is that of the text "START_HASH+NEW_HASH" (START_HASH is empty when the file
 * had none). So weights have the same hash only after trainings on the same data in the same order. The hash of the new
 * data alone is in the recipe.
 *
 * What is too long for the metadata is cut, and ends in "...": the names of the new data sets at half of the text, and
 * what came before them.
 */
void sm_training_data_describe(const sm_training_data *data, const sm_weights_metadata *start,
                               sm_weights_metadata *metadata);

#endif
