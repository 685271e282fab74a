/* sonomask train: from a folder of images with masks to a weights file. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "parallel.h"
#include "report/training_report.h"
#include "train/trainer.h"

static const char usage[] =
    "usage: sonomask train --data PATH... --out DIR [options]\n"
    "\n"
    "Trains a network. PATH is a manifest.csv, a folder holding one, or a folder in the published BUSI layout\n"
    "(benign/, malignant/, normal/). DIR receives weights.safetensors, checkpoint.bin, log.csv, curves.svg and "
    "panels/.\n"
    "Ctrl-C saves a checkpoint; the same command with --resume goes on as if it had never stopped.\n"
    "\n"
    "  --data PATH...         one or more data sets\n"
    "  --out DIR              folder for the results\n"
    "  --net NAME             sonomask (default), sonomask-unconditioned (its mask does not hear the type), unet16 or\n"
    "                         unet32\n"
    "  --size N               side of the network's square input, pixels (default: the network's own)\n"
    "  --fold K               validate on fold K and train on the others (default: train on all)\n"
    "  --leave-out K          keep fold K out of training and validation alike: for a final examination\n"
    "  --epochs N             default 60\n"
    "  --batch N              images a step, default 8\n"
    "  --seed S               default 1; same seed, data and threads give the same weights\n"
    "  --threads N            default: one for each processor\n"
    "  --resume               go on from DIR/checkpoint.bin\n"
    "  --from FILE            start from these weights (of the same network)\n"
    "  --teacher FILE...      learn also from these trained networks: their answers are mixed into the truth\n"
    "  --teacher-share X      how much of what is learnt is theirs, default 0.5\n"
    "  --augmentation NAME    full (default), study or none; or full without a group: no-geometry, no-intensity,\n"
    "                         no-quality, no-paste (lesions of other images)\n"
    "  --type-loss ce|mae     cross-entropy (default), or the study's mean absolute error on two outputs\n"
    "  --type-weight X        weight of the type loss against the mask loss, default 0.5\n"
    "  --auxiliary X          deep supervision: weight of each coarser mask against the next finer, default 0.5\n"
    "  --balance X            0: every image once an epoch; 1: all kinds equally often; default 0.5\n"
    "  --learning-rate X      at its highest, default 0.002\n"
    "  --weight-decay X       default 0.01\n"
    "  --average X            decay of the moving average of the weights, which is what is kept; 0: none; default "
    "0.999\n"
    "  --precision 16|32      bits of a stored weight, default 16\n";

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number) {
    interrupted = 1;
    signal(signal_number, SIG_DFL); /* a second Ctrl-C ends at once */
}

enum {
    OPTION_DATA = 256,
    OPTION_OUT,
    OPTION_NET,
    OPTION_SIZE,
    OPTION_FOLD,
    OPTION_LEAVE_OUT,
    OPTION_EPOCHS,
    OPTION_BATCH,
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_RESUME,
    OPTION_FROM,
    OPTION_TEACHER,
    OPTION_TEACHER_SHARE,
    OPTION_AUGMENTATION,
    OPTION_TYPE_LOSS,
    OPTION_TYPE_WEIGHT,
    OPTION_AUXILIARY,
    OPTION_BALANCE,
    OPTION_LEARNING_RATE,
    OPTION_WEIGHT_DECAY,
    OPTION_AVERAGE,
    OPTION_PRECISION,
    OPTION_HELP
};

static const struct option long_options[] = {{"data", required_argument, NULL, OPTION_DATA},
                                             {"out", required_argument, NULL, OPTION_OUT},
                                             {"net", required_argument, NULL, OPTION_NET},
                                             {"size", required_argument, NULL, OPTION_SIZE},
                                             {"fold", required_argument, NULL, OPTION_FOLD},
                                             {"leave-out", required_argument, NULL, OPTION_LEAVE_OUT},
                                             {"epochs", required_argument, NULL, OPTION_EPOCHS},
                                             {"batch", required_argument, NULL, OPTION_BATCH},
                                             {"seed", required_argument, NULL, OPTION_SEED},
                                             {"threads", required_argument, NULL, OPTION_THREADS},
                                             {"resume", no_argument, NULL, OPTION_RESUME},
                                             {"from", required_argument, NULL, OPTION_FROM},
                                             {"teacher", required_argument, NULL, OPTION_TEACHER},
                                             {"teacher-share", required_argument, NULL, OPTION_TEACHER_SHARE},
                                             {"augmentation", required_argument, NULL, OPTION_AUGMENTATION},
                                             {"type-loss", required_argument, NULL, OPTION_TYPE_LOSS},
                                             {"type-weight", required_argument, NULL, OPTION_TYPE_WEIGHT},
                                             {"auxiliary", required_argument, NULL, OPTION_AUXILIARY},
                                             {"balance", required_argument, NULL, OPTION_BALANCE},
                                             {"learning-rate", required_argument, NULL, OPTION_LEARNING_RATE},
                                             {"weight-decay", required_argument, NULL, OPTION_WEIGHT_DECAY},
                                             {"average", required_argument, NULL, OPTION_AVERAGE},
                                             {"precision", required_argument, NULL, OPTION_PRECISION},
                                             {"help", no_argument, NULL, OPTION_HELP},
                                             {NULL, 0, NULL, 0}};

typedef struct arguments {
    sm_trainer_options options;
    sm_option_words data, teachers;
    int threads;
    bool help;
} arguments;

/** Takes one option; false after a message when its value is wrong. */
static bool take_option(arguments *a, int option, const char *value) {
    sm_trainer_options *o = &a->options;
    long long number = 0;
    a->data.open = option == OPTION_DATA || (option == SM_OPTION_PLAIN_WORD && a->data.open);
    a->teachers.open = option == OPTION_TEACHER || (option == SM_OPTION_PLAIN_WORD && a->teachers.open);
    switch (option) {
    case OPTION_TEACHER:
        return sm_option_word("train", value, &a->teachers);
    case OPTION_TEACHER_SHARE:
        return sm_option_decimal("teacher-share", value, 0, 1, &o->teacher_share);
    case SM_OPTION_PLAIN_WORD:
        if (a->teachers.open) return sm_option_word("train", value, &a->teachers);
        return sm_option_word("train", value, &a->data);
    case OPTION_DATA:
        return sm_option_word("train", value, &a->data);
    case OPTION_OUT:
        o->out = value;
        return true;
    case OPTION_NET:
        o->network = value;
        return true;
    case OPTION_SIZE:
        return sm_option_int("size", value, 16, 1024, &o->size);
    case OPTION_FOLD:
        return sm_option_int("fold", value, 0, 1000, &o->fold);
    case OPTION_LEAVE_OUT:
        return sm_option_int("leave-out", value, 0, 1000, &o->left_out);
    case OPTION_EPOCHS:
        return sm_option_int("epochs", value, 1, 100000, &o->epochs);
    case OPTION_BATCH:
        return sm_option_int("batch", value, 1, 256, &o->batch);
    case OPTION_SEED:
        if (!sm_option_integer("seed", value, 0, 9223372036854775807LL, &number)) return false;
        o->seed = (uint64_t)number;
        return true;
    case OPTION_THREADS:
        return sm_option_int("threads", value, 1, 256, &a->threads);
    case OPTION_RESUME:
        o->resume = true;
        return true;
    case OPTION_FROM:
        o->initial_weights = value;
        return true;
    case OPTION_AUGMENTATION:
        o->augmentation = value;
        return true;
    case OPTION_TYPE_LOSS:
        o->loss.type_mae = strcmp(value, "mae") == 0;
        if (o->loss.type_mae || strcmp(value, "ce") == 0) return true;
        fprintf(stderr, "sonomask: --type-loss is ce or mae, not \"%s\"\n", value);
        return false;
    case OPTION_TYPE_WEIGHT:
        return sm_option_decimal("type-weight", value, 0, 100, &o->loss.type_weight);
    case OPTION_AUXILIARY:
        return sm_option_decimal("auxiliary", value, 0, 1, &o->loss.auxiliary_weight);
    case OPTION_BALANCE:
        return sm_option_decimal("balance", value, 0, 1, &o->balance);
    case OPTION_LEARNING_RATE:
        return sm_option_decimal("learning-rate", value, 1e-8, 10, &o->optimiser.learning_rate);
    case OPTION_WEIGHT_DECAY:
        return sm_option_decimal("weight-decay", value, 0, 10, &o->optimiser.weight_decay);
    case OPTION_AVERAGE:
        return sm_option_decimal("average", value, 0, 0.999999, &o->optimiser.average_decay);
    case OPTION_PRECISION:
        o->precision = strcmp(value, "32") == 0 ? SM_WEIGHTS_FLOAT32 : SM_WEIGHTS_FLOAT16;
        if (strcmp(value, "32") == 0 || strcmp(value, "16") == 0) return true;
        fprintf(stderr, "sonomask: --precision is 16 or 32, not \"%s\"\n", value);
        return false;
    case OPTION_HELP:
        a->help = true;
        return true;
    default: /* getopt has said what is wrong */
        return false;
    }
}

static bool parse(int argc, char **argv, arguments *a) {
    optind = 1;
    int option = 0;
    while ((option = getopt_long(argc, argv, "-", long_options, NULL)) != -1)
        if (!take_option(a, option, optarg)) return false;
    if (a->help) return true;
    if (optind < argc) return sm_option_unexpected("train", argv[optind]);
    if (a->data.count == 0)
        fprintf(stderr, "sonomask: train: --data is missing\n");
    else if (!a->options.out)
        fprintf(stderr, "sonomask: train: --out is missing\n");
    else
        return true;
    return false;
}

static sm_status run(const arguments *a, sm_error *error) {
    sm_dataset dataset = {0};
    sm_status status = sm_dataset_load(a->data.words, a->data.count, &dataset, error);
    if (status != SM_OK) return status;
    sm_parallel *parallel = sm_parallel_create(a->threads);
    if (parallel)
        status = sm_train(&a->options, &dataset, parallel, &interrupted, error);
    else
        status = sm_fail(error, SM_ERROR_MEMORY, "cannot start threads");
    sm_parallel_free(parallel);
    sm_dataset_free(&dataset);
    return status;
}

static void free_words(arguments *a) {
    free(a->data.words);
    free(a->teachers.words);
}

int sm_command_train(int argc, char **argv) {
    arguments a = {.options = sm_trainer_options_default(),
                   .data = {.words = calloc((size_t)argc, sizeof *a.data.words)},
                   .teachers = {.words = calloc((size_t)argc, sizeof *a.teachers.words)}};
    if (!a.data.words || !a.teachers.words) {
        fprintf(stderr, "sonomask: no memory\n");
        free_words(&a);
        return SM_EXIT_FAILED;
    }
    if (!parse(argc, argv, &a) || a.help) {
        free_words(&a);
        return sm_command_usage(usage, a.help);
    }
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    sm_error error = {0};
    a.options.teachers = a.teachers.words;
    a.options.teacher_count = a.teachers.count;
    a.options.observer = sm_training_report(a.options.out);
    sm_status status = run(&a, &error);
    free_words(&a);
    return sm_command_end(status, &error);
}
