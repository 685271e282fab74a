/** Inside a state: the working memory of one thread, and what a refinement needs of the last image. Internal. */
#ifndef SONOMASK_STATE_H
#define SONOMASK_STATE_H

#include "letterbox.h"
#include "model.h"

struct sm_state {
    const sm_model *model;
    sm_inference_state *inference;
    float *square;      /* [size][size]: network input */
    float *mirrored;    /* [size][size]: its mirror image, for flip averaging; output of a refinement */
    float *probability; /* [size][size]: of lesion, on the square, without prompts */

    /* Of the last segmented image. */
    bool segmented; /* false: there is none, or `inference` does not hold its features any more */
    sm_letterbox letterbox;
    float type_logits[SM_CLASS_COUNT];
    float outlier_score;
};

/** Pixels of the network's square. */
size_t sm_square_pixels(const sm_model *model);

#endif
