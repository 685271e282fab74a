#ifndef SONOMASK_DATASET_HASH_H
#define SONOMASK_DATASET_HASH_H

#include "dataset.h"

/**
 * Hash of what the ranks must have in common of a data set: names of sets and groups, classes, folds and the contents
 * of the files. Paths may differ. A file that cannot be read counts as empty.
 */
uint64_t sm_dataset_hash(const sm_dataset *dataset);

#endif
