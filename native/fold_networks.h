/** The networks of a cross-validation: DIR/foldK/best.safetensors where a training chose an epoch, else
 * weights.safetensors. */
#ifndef SONOMASK_FOLD_NETWORKS_H
#define SONOMASK_FOLD_NETWORKS_H

#include "data/dataset.h"

enum { SM_FOLDS_MAX = 20 };

typedef struct sm_fold_network {
    char *path; /**< owned */
    int fold;
} sm_fold_network;

typedef struct sm_fold_networks {
    sm_fold_network items[SM_FOLDS_MAX]; /**< by fold, ascending */
    int count;
} sm_fold_networks;

/**
 * Finds the networks of all folds that have images: data sets may lack some folds. A network whose fold has no image,
 * and a fold without a network, are named on stderr. Errors: SM_ERROR_DATA (no network fits the data), SM_ERROR_IO (the
 * folder has none), SM_ERROR_MEMORY.
 */
sm_status sm_fold_networks_find(const char *folder, const sm_dataset *dataset, sm_fold_networks *networks,
                                sm_error *error);
void sm_fold_networks_free(sm_fold_networks *networks);

#endif
