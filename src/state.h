/** Inside a state: the working memory of one thread, and what a refinement needs of the last image. Internal. */
#ifndef SONOMASK_STATE_H
#define SONOMASK_STATE_H

#include "colour.h"
#include "letterbox.h"
#include "model.h"
#include "scan.h"

/** What the network has computed for one region of the last segmented image. */
typedef struct sm_view {
    float *square;      /* [size][size]: network input */
    float *probability; /* [size][size]: of lesion, on the square, without prompts */
    sm_letterbox letterbox;
    float type_logits[SM_CLASS_COUNT];
    float outlier_score;
    sm_colour colour;
} sm_view;

struct sm_state {
    const sm_model *model;
    sm_inference_state *inference;
    float *mirrored; /* [size][size]: mirror image of a square, for flip averaging; output of a refinement */
    sm_view views[SM_REGIONS_MAX]; /* the memory of those after the first is allocated when it is needed first */

    /* Of the last segmented image. */
    bool segmented; /* false: there is none, or `inference` does not hold features of it any more */
    int width, height;
    sm_scan scan;    /* views[i] is the region scan.views[i] */
    bool searched;   /* the regions were found, not given */
    bool photograph; /* of a screen: the region is the part of it that may be ultrasound */
    bool no_scan;    /* a screenshot in which no ultrasound picture was found */
    int featured;    /* the view whose features `inference` holds */
};

/** Makes the memory of a view, unless it has it. Errors: SM_ERROR_MEMORY. */
sm_status sm_view_allocate(const sm_model *model, sm_view *view, sm_error *error);

/** Pixels of the network's square. */
size_t sm_square_pixels(const sm_model *model);

#endif
