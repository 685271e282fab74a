/** sonomask train: trains a network on images with masks. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "fold_progress.h"
#include "interrupt.h"
#include "jobs.h"
#include "own_files.h"
#include "parallel.h"
#include "processors.h"
#include "ranks.h"
#include "report/training_report.h"
#include "run_record.h"
#include "train/checkpoint.h"
#include "train/trainer.h"
#include "train/training_log.h"

typedef struct arguments {
    const char *options_file;
    sm_trainer_options options;
    sm_words data, teachers;
    int threads;
    int type_loss, precision; /* places in the lists of names */
    int folds, jobs;          /* folds 0: one training */
    bool json;                /* one line per epoch on stdout */
    sm_training_observer report;
    sm_fold_progress *fold_progress; /* NULL: the training prints its own */
} arguments;

static const char *const type_loss_names[] = {"ce", "mae", NULL};
static const char *const precision_names[] = {"16", "32", NULL};

static const sm_command_line line;

/** Writes run.json. */
static sm_status record(void *context, const sm_training_facts *facts, sm_error *error) {
    return sm_run_record_write(&line, context, ((const arguments *)context)->options.out, facts, error);
}

static sm_status epoch_done(void *context, const sm_epoch_result *result, sm_error *error) {
    const arguments *a = context;
    if (a->json) {
        const sm_status status = sm_training_log_print_json(result, error);
        if (status != SM_OK) return status;
    }
    if (a->fold_progress) sm_fold_progress_show(a->fold_progress, result->fold, result->epoch, result->epochs);
    return result->saved ? a->report.epoch_done(a->report.context, result, error) : SM_OK;
}

static const char *check(void *pointer) {
    arguments *a = pointer;
    a->options.loss.type_mae = a->type_loss == 1;
    a->options.precision = a->precision == 1 ? SM_WEIGHTS_FLOAT32 : SM_WEIGHTS_FLOAT16;
    a->options.teachers = a->teachers.words;
    a->options.teacher_count = a->teachers.count;
    if (a->options.inner_share < 0) a->options.inner_share = a->options.initial_weights ? 0.2f : 0;
    if (a->folds > 0 && a->options.fold >= 0) return "give --fold or --folds, not both";
    if (a->options.left_out >= 0 && a->options.left_out == a->options.fold)
        return "--fold and --leave-out name the same fold";
    if (a->options.left_out >= 0 && a->options.left_out < a->folds)
        return "--leave-out names one of the --folds, which would be validated on";
    if (a->jobs > 1 && a->threads == 0) {
        const int share = sm_processors_usable("") / a->jobs;
        a->threads = share > 1 ? share : 1;
    }
    if (a->jobs > 1 && a->folds == 0) return "--jobs needs --folds";
    a->options.ranks = sm_ranks_current();
    if (a->folds > 0 && sm_ranks_count(a->options.ranks) > 1)
        return "--folds starts processes of its own: use it without mpirun, or train the folds one by one";
    if (a->options.patience > 0 && a->options.inner_share <= 0) return "--patience needs --inner";
    a->report = sm_training_report(a->options.out);
    a->options.observer = (sm_training_observer){.begun = record, .epoch_done = epoch_done, .context = a};
    return NULL;
}

static const sm_option option_table[] = {
    SM_DATA_OPTION(offsetof(arguments, data)),
    {.name = "out",
     .value = "DIR",
     .help = "folder for weights.safetensors, best.safetensors, checkpoint.bin, run.json, log.csv, report.html, "
             "curves.svg and panels/, created if missing",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, options.out),
     .required = true},
    {.name = "net",
     .value = "NAME",
     .help = "network: sonomask2, sonomask2-unconditioned, sonomask, unet16 or unet32",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, options.network)},
    {.name = "size",
     .value = "N",
     .help = "side of the network's square input in pixels",
     .default_text = "that of --from, else the network's own",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.size),
     .low = 16,
     .high = 1024},
    {.name = "fold",
     .value = "K",
     .help = "validate on cross-validation fold K and train on the others",
     .default_text = "train on all",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.fold),
     .high = 1000},
    {.name = "folds",
     .value = "N",
     .help =
         "train one network for each of the folds 0 to N-1, as with --fold, into DIR/fold0, DIR/fold1 and so on, as "
         "evaluate --folds expects them; the images are read once",
     .default_text = "one network",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, folds),
     .low = 2,
     .high = 1000},
    {.name = "jobs",
     .value = "N",
     .help =
         "with --folds: networks to train at a time, each with --threads threads (by default the processors divided "
         "by the jobs); a line twice a minute says how far each is, the rest goes to DIR/foldK/progress.txt",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, jobs),
     .low = 1,
     .high = 256},
    {.name = "leave-out",
     .value = "K",
     .help = "use fold K neither for training nor for validation: a test set",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.left_out),
     .high = 1000},
    {.name = "epochs",
     .value = "N",
     .help = "number of epochs",
     .default_text = "60, or more for 3000 steps; with --from 10, or more for 100 steps",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.epochs),
     .low = 1,
     .high = 100000},
    {.name = "batch",
     .value = "N",
     .help = "images per training step",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.batch),
     .low = 1,
     .high = 256},
    {.name = "shards",
     .value = "N",
     .help = "cut the batch into N parts, each normalised by itself, that threads and the processes of mpirun "
             "(sonomask-mpi) share; the weights then do not depend on their number; N divides the batch; parts of "
             "fewer than two images are not advised",
     .default_text = "the batch is not cut; with several processes the most up to 8 that leave two images each",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.shards),
     .low = 1,
     .high = 256},
    {.name = "seed",
     .value = "S",
     .help = "seed; equal seed, data and threads (or shards) give equal weights",
     .kind = SM_OPTION_SEED,
     .offset = offsetof(arguments, options.seed)},
    SM_THREADS_OPTION(offsetof(arguments, threads)),
    {.name = "resume",
     .help = "continue from DIR/checkpoint.bin if it exists; --epochs may be more than before, --learning-rate lower",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, options.resume)},
    {.name = "overwrite",
     .help = "replace what DIR holds: an earlier training, and files that sonomask did not write",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, options.overwrite)},
    {.name = "from",
     .value = "FILE",
     .help = "fine-tuning: start from these weights, of the same network; keep their settings in what is written",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, options.initial_weights)},
    {.name = "mix",
     .value = "X",
     .help = "with --from: share of the fine-tuned weights in what is validated and written; the rest are the weights "
             "it started from",
     .default_text = "0.5 for fewer than 500 images, else 1",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.mix),
     .high = 1},
    {.name = "inner",
     .value = "X",
     .help = "share of the training images, whole groups, that choose the best epoch instead of being trained on; "
             "writes best.safetensors",
     .default_text = "0.2 with --from, else 0",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.inner_share),
     .high = 0.5},
    {.name = "patience",
     .value = "N",
     .help = "end after N epochs without a better choice by the --inner images; 0: never",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.patience),
     .high = 100000},
    {.name = "save-seconds",
     .value = "N",
     .help = "write weights, checkpoint and pictures after an epoch when N seconds have passed since the last time; 0: "
             "after every epoch",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.save_seconds),
     .high = 100000},
    {.name = "json",
     .help = "print one line of JSON per epoch on standard output, with the fold",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, json)},
    {.name = "teacher",
     .value = "FILE...",
     .help = "distillation: mix the answers of these trained networks into the targets",
     .kind = SM_OPTION_LIST,
     .offset = offsetof(arguments, teachers)},
    {.name = "teacher-share",
     .value = "X",
     .help = "share of the teachers' answers in the targets",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.teacher_share),
     .high = 1},
    {.name = "prompts",
     .value = "X",
     .help = "share of the images for which a user's clicks or box are simulated",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.prompt_share),
     .high = 1},
    {.name = "augmentation",
     .value = "NAME",
     .help =
         "full, study, none, or full without one group: no-geometry, no-intensity, no-quality, no-paste (copy-paste "
         "augmentation of lesions), no-negatives (normal images made of images with a lesion), no-marks (burned-in "
         "marks)",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, options.augmentation)},
    {.name = "type-loss",
     .value = "NAME",
     .help = "loss of the type: ce is cross-entropy, mae the study's mean absolute error on two outputs",
     .kind = SM_OPTION_CHOICE,
     .offset = offsetof(arguments, type_loss),
     .choices = type_loss_names},
    {.name = "type-weight",
     .value = "X",
     .help = "weight of the type loss; the mask loss has weight 1",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.loss.type_weight),
     .high = 100},
    {.name = "auxiliary",
     .value = "X",
     .help = "deep supervision: weight of each coarser mask relative to the next finer one",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.loss.auxiliary_weight),
     .high = 1},
    {.name = "balance",
     .value = "X",
     .help = "sampling: 0 draws every image once per epoch, 1 draws all kinds (data set and class) equally often",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.balance),
     .high = 1},
    {.name = "normals",
     .value = "X",
     .help = "least share of normal images among the drawn ones in the last third of the training; the share rises in "
             "the middle third; 0: no change",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.normals),
     .high = 0.9},
    {.name = "learning-rate",
     .value = "X",
     .help = "peak learning rate",
     .default_text = "0.002; with --from 0.0002",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.optimiser.learning_rate),
     .low = 1e-8,
     .high = 10},
    {.name = "warm-up",
     .value = "X",
     .help = "share of the steps over which the learning rate rises; then it falls as a cosine to 0",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.optimiser.warm_up_share),
     .high = 1},
    {.name = "warm-up-steps",
     .value = "N",
     .help = "this many steps instead of a share",
     .default_text = "the share of --warm-up",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, options.optimiser.warm_up_steps),
     .high = 1000000},
    {.name = "weight-decay",
     .value = "X",
     .help = "weight decay of AdamW",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.optimiser.weight_decay),
     .high = 10},
    {.name = "average",
     .value = "X",
     .help = "decay of the EMA weights; these are written and validated; 0: no averaging",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, options.optimiser.average_decay),
     .high = 0.999999},
    {.name = "precision",
     .value = "BITS",
     .help = "bits per stored weight",
     .kind = SM_OPTION_CHOICE,
     .offset = offsetof(arguments, precision),
     .choices = precision_names},
    SM_OPTIONS_OPTION(offsetof(arguments, options_file)),
    {.name = NULL},
};

static const sm_command_line line = {
    .name = "train",
    .description = "Trains a network on images with masks and writes the weights and the training log to DIR. "
                   "With --from it fine-tunes trained weights, which suits few "
                   "images: a low rate, a short warm-up, and best.safetensors holds the best epoch, or the weights it "
                   "started from if no epoch was better beyond chance (two standard errors, on the images of --inner, "
                   "of five patients or more). "
                   "Ctrl-C saves a checkpoint; the same command with --resume "
                   "continues, with the same result as an "
                   "uninterrupted training, unless it diverges. An image that cannot be read is named on stderr and "
                   "left out, and the exit "
                   "status is 1.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
    .check = check,
};

/** The weights of an earlier training are in the folder. Only resuming from its checkpoint may replace them. */
static sm_status check_earlier_training(const sm_trainer_options *o, const char *weights, sm_error *error) {
    if (!o->resume)
        return sm_fail(error, SM_ERROR_ARGUMENT,
                       "%s exists: add --resume to continue, --overwrite to replace it, or choose another --out",
                       weights);
    char *checkpoint = sm_path_join(o->out, "checkpoint.bin");
    if (!checkpoint) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    bool found = false;
    const sm_status status = sm_checkpoint_find(checkpoint, &found, error);
    free(checkpoint);
    if (status != SM_OK || found) return status;
    return sm_fail(error, SM_ERROR_ARGUMENT,
                   "%s exists and there is no checkpoint.bin to resume from: a training from the beginning would "
                   "replace it; add --overwrite or choose another --out",
                   weights);
}

/** The number of epochs may not be decided yet, so every panel that is there is checked. */
static sm_status check_panels(const sm_trainer_options *o, sm_error *error) {
    char *folder = sm_path_join(o->out, "panels");
    if (!folder) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    DIR *entries = opendir(folder);
    sm_status status = SM_OK;
    for (const struct dirent *entry; entries && status == SM_OK && (entry = readdir(entries));) {
        int epoch = 0, end = 0;
        if (sscanf(entry->d_name, "epoch_%d.png%n", &epoch, &end) == 1 && end > 0 && !entry->d_name[end])
            status = sm_own_output_check(folder, entry->d_name, sm_own_png, error);
    }
    if (entries) closedir(entries);
    free(folder);
    return status;
}

/** Checks, before the data are loaded, that no file of the user and no earlier training is replaced. */
static sm_status check_outputs(const sm_trainer_options *o, sm_error *error) {
    if (o->overwrite) return SM_OK;
    char *weights = sm_path_join(o->out, "weights.safetensors");
    if (!weights) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    sm_status status = sm_file_check_replaceable(weights, sm_own_weights, error);
    if (status == SM_OK && access(weights, F_OK) == 0) status = check_earlier_training(o, weights, error);
    free(weights);
    if (status == SM_OK) status = sm_own_output_check(o->out, "log.csv", sm_own_training_log, error);
    if (status == SM_OK) status = sm_own_output_check(o->out, "curves.svg", sm_own_svg, error);
    if (status == SM_OK) status = sm_own_output_check(o->out, "best.safetensors", sm_own_weights, error);
    if (status == SM_OK) status = sm_own_output_check(o->out, "report.html", sm_own_training_html, error);
    if (status == SM_OK) status = sm_own_output_check(o->out, "run.json", sm_own_run_record, error);
    return status == SM_OK ? check_panels(o, error) : status;
}

static sm_status train(const arguments *a, const sm_dataset *dataset, sm_error *error) {
    sm_parallel *parallel = sm_parallel_create(a->threads);
    if (!parallel) return sm_fail(error, SM_ERROR_MEMORY, "cannot start threads");
    const sm_status status = sm_train(&a->options, dataset, parallel, &sm_interrupted, error);
    sm_parallel_free(parallel);
    return status;
}

/* ---- All folds ---- */

typedef struct fold_trainings {
    const arguments *a;
    const sm_dataset *dataset;
    sm_cache images;
    char **folders; /* [a->folds] */
} fold_trainings;

/** The arguments of the training of a fold; `own` is what its observer refers to. */
static void make_fold_arguments(const fold_trainings *all, int fold, arguments *own) {
    *own = *all->a;
    own->options.fold = fold;
    own->options.out = all->folders[fold];
    own->options.images = &all->images;
    own->report = sm_training_report(own->options.out);
    own->options.observer.context = own;
}

/** Trains a fold in a process of its own. Returns its exit status. */
static int train_fold(void *context, int fold) {
    const fold_trainings *all = context;
    arguments own;
    make_fold_arguments(all, fold, &own);
    sm_error error = {0};
    sm_status status = SM_OK;
    sm_fold_progress progress;
    if (own.jobs > 1) {
        sm_fold_progress_begin(&progress);
        own.fold_progress = &progress;
        char *path = sm_path_join(own.options.out, "progress.txt");
        status = sm_folder_make(own.options.out, &error);
        if (!path || (status == SM_OK && !freopen(path, "a", stderr)))
            status = sm_fail(&error, SM_ERROR_IO, "cannot write the progress of fold %d", fold);
        free(path);
    }
    if (status == SM_OK) status = train(&own, all->dataset, &error);
    if (status != SM_OK) fprintf(stderr, "sonomask: fold %d: %s\n", fold, error.message);
    if (own.fold_progress) sm_fold_progress_end(own.fold_progress, fold, status == SM_OK);
    return status == SM_OK ? SM_EXIT_DONE : SM_EXIT_FAILED;
}

static bool any_image(const sm_record *record, const void *context) {
    (void)context;
    return !record->exclude;
}

/** Checks, before the images are read, that every fold has images and that nothing is replaced. */
static sm_status check_folds(const fold_trainings *all, sm_error *error) {
    sm_status status = SM_OK;
    for (int fold = 0; status == SM_OK && fold < all->a->folds; fold++) {
        bool found = false;
        for (int i = 0; !found && i < all->dataset->count; i++)
            found = all->dataset->records[i].fold == fold && !all->dataset->records[i].exclude;
        if (!found) return sm_fail(error, SM_ERROR_DATA, "no image is in fold %d", fold);
        arguments own;
        make_fold_arguments(all, fold, &own);
        status = check_outputs(&own.options, error);
    }
    return status;
}

static sm_status load_shared_images(fold_trainings *all, sm_error *error) {
    int size = 0;
    sm_status status = sm_trainer_input_size(&all->a->options, &size, error);
    if (status != SM_OK) return status;
    /* Its threads end before the trainings start: a process with threads must not be copied. */
    sm_parallel *parallel = sm_parallel_create(all->a->threads);
    if (!parallel) return sm_fail(error, SM_ERROR_MEMORY, "cannot start threads");
    status = sm_cache_load(all->dataset, any_image, NULL, size, "loading images", parallel, &all->images, error);
    sm_parallel_free(parallel);
    return status;
}

static sm_status train_folds(fold_trainings *all, sm_error *error) {
    const int count = all->a->folds;
    bool failed[1001] = {false}; /* as many as --folds allows */
    sm_status status = check_folds(all, error);
    if (status == SM_OK) status = load_shared_images(all, error);
    if (status == SM_OK) status = sm_jobs_run(count, all->a->jobs, &sm_interrupted, train_fold, all, failed, error);
    for (int fold = 0; status == SM_OK && fold < count; fold++)
        if (failed[fold])
            status = sm_fail(error, SM_ERROR_DATA, "the training of fold %d failed%s", fold,
                             all->a->jobs > 1 ? "; its progress.txt holds the reason" : "");
    sm_failures_print(&all->images.left_out, all->images.count + all->images.left_out.count,
                      "images could not be used");
    if (status == SM_OK && all->images.left_out.count > 0)
        status = sm_fail(error, SM_ERROR_DATA, "the trainings are done, but images were left out");
    return status;
}

static sm_status run_folds(const arguments *a, const sm_dataset *dataset, sm_error *error) {
    fold_trainings all = {.a = a, .dataset = dataset, .folders = calloc((size_t)a->folds, sizeof(char *))};
    sm_status status = all.folders ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for %d folds", a->folds);
    for (int fold = 0; status == SM_OK && fold < a->folds; fold++) {
        char name[24];
        snprintf(name, sizeof name, "fold%d", fold);
        all.folders[fold] = sm_path_join(a->options.out, name);
        if (!all.folders[fold]) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    }
    if (status == SM_OK) status = train_folds(&all, error);
    for (int fold = 0; all.folders && fold < a->folds; fold++) free(all.folders[fold]);
    free(all.folders);
    sm_cache_free(&all.images);
    return status;
}

static sm_status run(void *pointer, sm_error *error) {
    const arguments *a = pointer;
    sm_dataset dataset = {0};
    sm_interrupt_catch();
    const bool writes = sm_ranks_first(a->options.ranks);
    sm_status status = a->folds > 0 || !writes ? SM_OK : check_outputs(&a->options, error);
    if (status == SM_OK) status = sm_dataset_load(a->data.words, a->data.count, &dataset, error);
    status = sm_ranks_agree(a->options.ranks, status, error);
    if (status == SM_OK) status = a->folds > 0 ? run_folds(a, &dataset, error) : train(a, &dataset, error);
    sm_dataset_free(&dataset);
    return status;
}

int sm_command_train(int argc, char **argv) {
    arguments a = {.options = sm_trainer_options_default()};
    a.options.inner_share = -1; /* not given */
    a.options.save_seconds = 30;
    a.jobs = 1;
    return sm_command_line_run(&line, argc, argv, &a, run);
}
