/** Sets of classes: the label of a training image whose type may be known only in part. */
#ifndef SONOMASK_CLASS_SET_H
#define SONOMASK_CLASS_SET_H

#include <stdbool.h>

#include "types.h"

/** Bit 1 << class is set when the image may be of that class. */
typedef unsigned char sm_class_set;

enum {
    SM_CLASSES_LESION = 1 << SM_CLASS_BENIGN | 1 << SM_CLASS_MALIGNANT, /**< a lesion of unknown type */
    SM_CLASSES_ANY = 1 << SM_CLASS_NORMAL | SM_CLASSES_LESION           /**< nothing is known about the type */
};

/** The set that holds one class. */
static inline sm_class_set sm_class_set_of(sm_class type) { return (sm_class_set)(1 << type); }

/** True when the class is known: `*type` (may be NULL) is then set. */
static inline bool sm_class_set_single(sm_class_set set, sm_class *type) {
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        if (set == 1 << c) {
            if (type) *type = (sm_class)c;
            return true;
        }
    return false;
}

static inline bool sm_class_set_has(sm_class_set set, sm_class type) { return (set >> type & 1) != 0; }

/** Excludes the classes outside the set from type logits: their probability is then 0. */
static inline void sm_class_set_restrict(sm_class_set set, float logits[SM_CLASS_COUNT]) {
    for (int c = 0; c < SM_CLASS_COUNT; c++)
        if (!sm_class_set_has(set, (sm_class)c)) logits[c] = -1e4f;
}

#endif
