/** Inside a model. Internal. */
#ifndef SONOMASK_MODEL_H
#define SONOMASK_MODEL_H

#include "decision.h"
#include "net_inference.h"
#include "outlier.h"
#include "sonomask.h"
#include "weights.h"

struct sm_model {
    sm_net net;
    sm_weights_metadata metadata;
    const sm_kernels *kernels;
    sm_inference *inference;
    sm_outlier outlier;
    bool knows_outliers; /* the weights hold `outlier` */
    sm_decision decision;
    bool has_decision; /* the weights hold `decision` */
};

#endif
