/** Scores of the three-class prediction: confusion matrix, classification report, accuracies, Matthews correlation. */
#ifndef SONOMASK_CLASSES_H
#define SONOMASK_CLASSES_H

#include "../../src/sonomask.h"

/** count[true class][predicted class]; double, because the bootstrap weights the counts. */
typedef struct sm_confusion {
    double count[SM_CLASS_COUNT][SM_CLASS_COUNT];
} sm_confusion;

typedef struct sm_class_scores {
    /** Precision and F1 are 0 for a class that has images and is never predicted, as in scikit-learn. */
    double precision, recall, f1;
    double support; /**< images of the class; in the averages: of all classes */
} sm_class_scores;

/** A value is NaN when no image determines it, for example the recall of a class without images. */
typedef struct sm_classification_report {
    sm_class_scores classes[SM_CLASS_COUNT];
    sm_class_scores macro;    /**< unweighted mean over the classes that have images */
    sm_class_scores weighted; /**< mean weighted by support */
    double accuracy;
    double balanced_accuracy; /**< mean recall over the classes that have images */
    double mcc; /**< multi-class Matthews correlation (Gorodkin, 2004); 0 when a margin has one class only */
} sm_classification_report;

sm_classification_report sm_classification_report_of(const sm_confusion *confusion);

#endif
