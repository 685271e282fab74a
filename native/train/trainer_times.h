/** Where the time of a training goes. */
#ifndef SONOMASK_TRAINER_TIMES_H
#define SONOMASK_TRAINER_TIMES_H

#include <stddef.h>

/** Seconds of this process. Their sum is less than `all` by what is not listed here. */
typedef struct sm_trainer_times {
    double all;
    double start;      /**< reading images and everything else before the first epoch */
    double network;    /**< forward, backward, optimiser, simulated clicks */
    double scoring;    /**< running the network for validation */
    double images;     /**< waiting for augmented images */
    double ranks;      /**< waiting for other ranks, and the exchange with them */
    double validation; /**< all else of it */
    double writing;    /**< weights, checkpoint, log, report and pictures */
} sm_trainer_times;

/**
 * One line: the seconds and the shares of them in percent. The share of other ranks is left out when it is 0. Ends with
 * the share outside the network of all but start and writing, that is of the epochs.
 */
void sm_trainer_times_describe(const sm_trainer_times *times, char *text, size_t size);

#endif
