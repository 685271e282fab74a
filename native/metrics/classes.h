/** Scores of the three-class answer: confusion matrix, classification report, accuracies, MCC. */
#ifndef SONOMASK_CLASSES_H
#define SONOMASK_CLASSES_H

#include "../../src/sonomask.h"

/** count[true class][predicted class]; counts may be weighted (bootstrap), hence double. */
typedef struct sm_confusion {
    double count[SM_CLASS_COUNT][SM_CLASS_COUNT];
} sm_confusion;

typedef struct sm_class_scores {
    double precision, recall, f1; /**< precision and F1 of a class never predicted are 0, as scikit-learn has it */
    double support;               /**< images of the class; the sum of them in the averages */
} sm_class_scores;

/** Everything is NaN where no image decides it (a class without images, for recall and F1). */
typedef struct sm_classification_report {
    sm_class_scores classes[SM_CLASS_COUNT];
    sm_class_scores macro;    /**< plain mean over the classes that have images */
    sm_class_scores weighted; /**< mean weighted by support */
    double accuracy;
    double balanced_accuracy; /**< mean recall over the classes that have images */
    double mcc;               /**< multi-class Matthews correlation (Gorodkin, 2004); 0 when one side is constant */
} sm_classification_report;

sm_classification_report sm_classification_report_of(const sm_confusion *confusion);

#endif
