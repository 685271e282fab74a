/** The trainer's state, shared by trainer.c, trainer_setup.c and trainer_results.c. */
#ifndef SONOMASK_TRAINER_STATE_H
#define SONOMASK_TRAINER_STATE_H

#include "../../src/decision.h"
#include "../../src/outlier.h"
#include "../metrics/paired.h"
#include "../progress.h"
#include "checkpoint.h"
#include "distillation.h"
#include "loader.h"
#include "prompt_simulation.h"
#include "sampler.h"
#include "shards.h"
#include "snapshot.h"
#include "trainer.h"
#include "trainer_times.h"
#include "training_data.h"
#include "validation.h"

enum { SM_SETTINGS_SIZE = 1024, SM_NOTE_SIZE = 256 };

typedef struct sm_trainer {
    const sm_trainer_options *options; /* &chosen */
    sm_trainer_options chosen;         /* those of the caller, with what the number of images decides */
    const sm_dataset *dataset;
    const sm_parallel *parallel;
    const volatile sig_atomic_t *interrupted;
    const sm_kernels *kernels;
    sm_net net;
    int size, batches; /* batches per epoch */
    int first_batch;   /* of this run, counted over all epochs */
    sm_optimiser_options optimiser_options;
    sm_augmentation augmentation;
    sm_cache training_cache, validation_cache;
    sm_cache inner_cache; /* images that choose the best epoch */
    sm_cache shown;       /* training images to show when there are no others; the samples belong to training_cache */
    bool caches_borrowed; /* the samples belong to options->images */
    bool folder_new;      /* the folder for the results did not exist before */
    sm_sampler *sampler;
    sm_class_changes class_changes; /* by the augmentation */
    sm_loader *loader;
    sm_training *training;           /* NULL when the batch is cut into shards, as the next two */
    sm_distillation *distillation;   /* NULL without teachers */
    sm_prompt_simulation *prompts;   /* NULL for a network without prompts */
    sm_shards *shards;               /* NULL when the batch is not cut */
    bool stop;                       /* a rank is interrupted: all stop after this step */
    sm_validation *validation;       /* of validation_cache; without a fold of `shown`, or NULL with inner_cache */
    sm_validation *inner_validation; /* NULL without inner_cache */
    sm_optimiser optimiser;
    sm_snapshot snapshot;
    sm_trainer_times times;
    const char *diverged; /* why the last batch or epoch cannot be gone on from; NULL: it can */
    double saved_at;      /* sm_clock of the last save */
    float *parameters, *gradients;
    float *result; /* the parameters to validate and to write: EMA weights with the adjusted type bias, mixed with
                      `start` */
    float *start;  /* the initial weights; NULL: random ones */
    double *start_values; /* the inner scores of the images with the initial weights; NULL: not compared */
    int *inner_groups;    /* of the images of inner_cache, see groups.h; set with start_values */
    int inner_group_count;
    double inner_score;          /* of the last epoch */
    sm_paired gain;              /* of the last epoch over the initial weights */
    float *best;                 /* the best result by inner validation; NULL without one */
    bool best_new;               /* `best` is not written yet */
    sm_weights_metadata initial; /* of the initial weights */
    sm_outlier outlier;          /* of the initial weights, kept in what is written */
    sm_decision decision;
    bool has_outlier, has_decision;
    int *order;
    bool has_checkpoint; /* of this training; at the start, to resume from */
    sm_checkpoint progress;
    char settings[SM_SETTINGS_SIZE];
    char data_hash[SM_DATA_HASH_SIZE];
    char *checkpoint_path, *weights_path, *best_path, *log_path;
} sm_trainer;

/** Whether this process writes the files of the training. */
static inline bool sm_trainer_writes(const sm_trainer *trainer) { return sm_ranks_first(trainer->options->ranks); }

/** Share of the training that was done when this epoch began. */
static inline double sm_trainer_progress(const sm_trainer *trainer) {
    return (double)trainer->progress.epoch / trainer->options->epochs;
}

/**
 * Loads the images and allocates what training needs; with `resume`, restores the checkpoint. On failure, a folder that
 * it made is removed again. Errors: as sm_train.
 */
sm_status sm_trainer_set_up(sm_trainer *trainer, sm_error *error);
/** Releases what the set-up made, also after it failed. */
void sm_trainer_tear_down(sm_trainer *trainer);

/** Scores the initial weights as epoch 0, when inner validation chooses the best epoch. They stay the best until an
 * epoch is better beyond chance. */
sm_status sm_trainer_score_start(sm_trainer *trainer, sm_error *error);
/** After the last epoch: what best.safetensors holds, when no epoch was better than the initial weights. */
void sm_trainer_report_choice(const sm_trainer *trainer);
/** Whether nothing is left to train: all epochs are done, or sm_trainer_out_of_patience. */
bool sm_trainer_is_finished(const sm_trainer *trainer);
/** Whether `patience` epochs have passed without a better inner score. */
bool sm_trainer_out_of_patience(const sm_trainer *trainer);
/** Makes `result` of the EMA weights. */
void sm_trainer_make_result(const sm_trainer *trainer);
/** Makes `result`. Whether the state can be saved and gone on from: all of it is finite, and the file of weights can
 * hold the result. All ranks find the same. Sets `diverged` when it is not so. */
bool sm_trainer_is_sound(sm_trainer *trainer);
/** Whether the parameters are so large that the state may be past help: not one to go back to. */
bool sm_trainer_is_near_limit(const sm_trainer *trainer);
/** Goes back to the last snapshot when the state is near the limit: a training that is resumed cannot go back further
 * than to what was saved. Trained on from there, it comes to the same state. */
void sm_trainer_leave_limit(sm_trainer *trainer);
/** Ends the epoch that was just trained: scores and log; and when it is time: observer, weights, checkpoint. Sets
 * `diverged` and fails, with nothing changed or written, when the state is not sound. */
sm_status sm_trainer_finish_epoch(sm_trainer *trainer, sm_progress *bar, sm_error *error);
/** Writes the best weights, if they are new, and the checkpoint. */
sm_status sm_trainer_save(sm_trainer *trainer, sm_error *error);

#endif
