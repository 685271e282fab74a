/** Lists of images with masks and classes: manifests, the published BUSI folder layout, folds. */
#ifndef SONOMASK_DATASET_H
#define SONOMASK_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "../../src/sonomask.h"

typedef struct sm_record {
    char *image;  /**< path that can be opened (manifest folder joined) */
    char **masks; /**< paths; their union is the lesion; none for a normal image without a mask file */
    int mask_count;
    sm_class type;
    char *source;     /**< name of the data set: the manifest's folder, e.g. "busi" */
    char *group;      /**< "source:group": images of one scene or patient; unique a record when unknown */
    int fold;         /**< 0.. */
    bool exclude;     /**< contradictory labels: never train on or score */
    bool curated;     /**< false when the column is missing */
    bool has_curated; /**< the manifest has the column */
    char *device;     /**< "" when unknown */
    bool calipers;    /**< from the manifest's column `calipers` if present, else false */
    char *problem;    /**< why it cannot be used (then `type` and `masks` may be incomplete); NULL: nothing is known */
} sm_record;

typedef struct sm_dataset {
    sm_record *records;
    int count;
    bool folds_by_name; /**< some folds were made up from image names: near-duplicates may leak (a warning was printed)
                         */
} sm_dataset;

/**
 * Reads each path, a manifest.csv (quoted fields, unknown columns ignored; columns image, masks, class, group, fold,
 * and optionally exclude, curated, device, calipers) or a folder in the published BUSI layout (benign/, malignant/,
 * normal/ with `NAME.png`, `NAME_mask.png`, `NAME_mask_1.png` ...), or a folder holding a manifest.csv. Without a fold
 * column or with a folder layout, folds 0..4 come from a hash of the group or image name, and stderr gets a warning
 * that near-duplicates may leak. What is wrong with one image alone (a missing image or mask file, an unknown class, a
 * lesion without a mask) is kept as the record's `problem`, so that the others can be used: sm_sample_load says it.
 * What makes the whole list doubtful fails, naming the file and, for a manifest, the line: a missing column, a row of
 * another length, a fold that is no number, an image listed twice, no image at all. (SM_ERROR_DATA, SM_ERROR_IO,
 * SM_ERROR_MEMORY)
 */
sm_status sm_dataset_load(const char *const *paths, int path_count, sm_dataset *dataset, sm_error *error);
void sm_dataset_free(sm_dataset *dataset);

/** A decoded image with its united mask, at the image's own size unless said. */
typedef struct sm_sample {
    int width, height;
    uint8_t *grey; /**< [height][width] */
    uint8_t *mask; /**< [height][width], 0 or 255 (0..255 after sm_sample_resize) */
} sm_sample;

/** Decodes a record. Its `problem`, a mask of another size than its image, or an unreadable one: SM_ERROR_DATA naming
 * the file. */
sm_status sm_sample_load(const sm_record *record, sm_sample *sample, sm_error *error);
/** The same, and the image as it was decoded, with its colours; released with sm_image_free. */
sm_status sm_sample_load_picture(const sm_record *record, sm_sample *sample, sm_image *picture, sm_error *error);
/** Resizes so that the longer side is `longest` (both directions), for the training cache. */
sm_status sm_sample_resize(sm_sample *sample, int longest, sm_error *error);
void sm_sample_free(sm_sample *sample);

#endif
