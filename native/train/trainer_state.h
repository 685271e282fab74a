/** What the parts of the trainer share. */
#ifndef SONOMASK_TRAINER_STATE_H
#define SONOMASK_TRAINER_STATE_H

#include "../progress.h"
#include "checkpoint.h"
#include "loader.h"
#include "sampler.h"
#include "teachers.h"
#include "trainer.h"
#include "validation.h"

enum { SM_SETTINGS_SIZE = 1024, SM_NOTE_SIZE = 160 };

typedef struct sm_trainer {
    const sm_trainer_options *options;
    const sm_dataset *dataset;
    const sm_parallel *parallel;
    const volatile sig_atomic_t *interrupted;
    const sm_kernels *kernels;
    sm_net net;
    int size, batches; /* batches an epoch */
    int first_batch;   /* of this run, counted over all epochs */
    sm_optimiser_options optimiser_options;
    sm_augmentation augmentation;
    sm_cache training_cache, validation_cache;
    sm_cache shown;  /* without a validation fold: the training images that panels show, which training_cache owns */
    bool folder_new; /* the folder for the results was not there before */
    sm_sampler *sampler;
    sm_loader *loader;
    sm_training *training;
    sm_teachers *teachers;     /* NULL: the truth alone */
    sm_validation *validation; /* of the validation images, else of the ones shown */
    sm_optimiser optimiser;
    float *parameters, *gradients;
    float *answer; /* the parameters to validate and keep: the average, the type's bias undone for the sampling */
    int *order;
    sm_checkpoint progress; /* where training stands */
    char settings[SM_SETTINGS_SIZE];
    char data_hash[24];
    char *checkpoint_path, *weights_path, *log_path, *curves_path, *panels_folder;
} sm_trainer;

/** Loads the images and makes everything that training needs, or goes on where the checkpoint stands. When it fails, a
 * folder that it made is gone again. Errors: as sm_train. */
sm_status sm_trainer_set_up(sm_trainer *trainer, sm_error *error);
/** Releases what the set-up made, also after it failed. */
void sm_trainer_tear_down(sm_trainer *trainer);

/** Scores, log, curves, panels, weights and checkpoint of the epoch that was just trained. */
sm_status sm_trainer_finish_epoch(sm_trainer *trainer, sm_progress *bar, sm_error *error);
/** Writes the checkpoint. */
sm_status sm_trainer_save(const sm_trainer *trainer, sm_error *error);

#endif
