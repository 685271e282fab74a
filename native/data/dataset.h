/** Data sets: lists of images with masks, classes and cross-validation folds. */
#ifndef SONOMASK_DATASET_H
#define SONOMASK_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "../../src/class_set.h"
#include "../../src/sonomask.h"
#include "../failures.h"

typedef struct sm_record {
    char *image;  /**< path, joined with the folder of the manifest */
    char **masks; /**< paths; the lesion is the union of the masks; a normal image may have none */
    int mask_count;
    sm_class_set classes; /**< the classes that the image may have: one, SM_CLASSES_LESION or SM_CLASSES_ANY */
    char *source;         /**< name of the data set: the manifest's folder, e.g. "busi" */
    char *group;          /**< "source:group" of images of one scene or patient; unique per record when unknown */
    int fold;             /**< cross-validation fold, from 0 */
    bool exclude;         /**< contradictory labels: the image is not used */
    bool curated;         /**< false when the column is missing */
    bool has_curated;     /**< the manifest has the column */
    char *device;         /**< "" when unknown */
    bool calipers;        /**< burned-in calipers, by the manifest; false when the column is missing */
    char *problem; /**< why the record cannot be used (`type` and `masks` may then be incomplete); NULL: no problem */
} sm_record;

/** The class of a record; SM_CLASS_COUNT when it is not known, or not known which kind of lesion it is. */
static inline sm_class sm_record_type(const sm_record *record) {
    sm_class type = (sm_class)SM_CLASS_COUNT;
    sm_class_set_single(record->classes, &type);
    return type;
}

/** "normal", "benign", "malignant", "lesion" (of unknown type) or "" (nothing is known), as in a manifest. */
static inline const char *sm_record_class_name(const sm_record *record) {
    const sm_class type = sm_record_type(record);
    if ((int)type < SM_CLASS_COUNT) return sm_class_name(type);
    return record->classes == SM_CLASSES_LESION ? "lesion" : "";
}

/** True when it is known where the lesion is: the record has a mask, or is normal. */
static inline bool sm_record_outlined(const sm_record *record) {
    return record->mask_count > 0 || record->classes == sm_class_set_of(SM_CLASS_NORMAL);
}

typedef struct sm_dataset {
    sm_record *records;
    int count;
    bool folds_by_name; /**< some folds were derived from image names, so that near-duplicates may leak; a warning was
                             printed */
} sm_dataset;

/**
 * Reads each path: a manifest.csv, a folder that holds one, or a folder in the published BUSI layout (benign/,
 * malignant/, normal/ with `NAME.png`, `NAME_mask.png`, `NAME_mask_1.png` ...).
 *
 * A manifest has the columns image, masks and class, and optionally group, fold, exclude, curated, device and calipers;
 * other columns are ignored. Without a fold column, and for a folder, folds 0..4 come from a hash of the group or the
 * image name; in the second case stderr gets a warning that near-duplicates may leak between folds.
 *
 * `class` is normal, benign, malignant, lesion (of unknown type) or empty (unknown). A row may have a mask without a
 * type or a type without a mask, but not neither.
 *
 * A fault of one image (a missing image or mask file, an unknown class, neither mask nor class) becomes the record's
 * `problem`, and the other images can be used; sm_sample_load then fails with it. A fault of the list fails with the
 * path and, for a manifest, the line: a missing column, a row of another length, a fold that is not a number, an image
 * listed twice, no image at all. Errors: SM_ERROR_DATA, SM_ERROR_IO, SM_ERROR_MEMORY.
 */
sm_status sm_dataset_load(const char *const *paths, int path_count, sm_dataset *dataset, sm_error *error);
/**
 * The same for a check of the data: a row that cannot be read is added to `faults`, released by the caller, an image
 * that is listed twice gets a `problem`, and nothing is printed.
 */
sm_status sm_dataset_load_faulty(const char *const *paths, int path_count, sm_dataset *dataset, sm_failures *faults,
                                 sm_error *error);
void sm_dataset_free(sm_dataset *dataset);

/** A decoded image with the union of its masks. */
typedef struct sm_sample {
    int width, height;
    uint8_t *grey; /**< [height][width] */
    uint8_t *mask; /**< [height][width], 0 or 255 (0..255 after sm_sample_resize) */
} sm_sample;

/** Decodes a record. Errors: SM_ERROR_DATA, with the path in the message (the record's `problem`, a mask that cannot be
 *  read or is not of the size of its image), the errors of sm_image_decode, SM_ERROR_IO, SM_ERROR_MEMORY. */
sm_status sm_sample_load(const sm_record *record, sm_sample *sample, sm_error *error);
/** The same, and the decoded image with its colours, released with sm_image_free. */
sm_status sm_sample_load_picture(const sm_record *record, sm_sample *sample, sm_image *picture, sm_error *error);
/** Shrinks or enlarges so that the longer side is `longest` pixels. Errors: SM_ERROR_ARGUMENT, SM_ERROR_MEMORY. */
sm_status sm_sample_resize(sm_sample *sample, int longest, sm_error *error);
void sm_sample_free(sm_sample *sample);

#endif
