/** sonomask predict: writes a mask and prints one JSON line per image. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/decision.h"
#include "../src/json_read.h"
#include "command.h"
#include "failures.h"
#include "file.h"
#include "hash.h"
#include "input_files.h"
#include "interrupt.h"
#include "open_network.h"
#include "parallel.h"
#include "predict_files.h"
#include "predict_json.h"
#include "predict_outcomes.h"
#include "progress.h"
#include "prompts_file.h"
#include "ranks.h"
#include "region_option.h"
#include "same_ranks.h"

typedef struct arguments {
    const char *out, *model, *prompts;
    sm_words files;
    int threads;
    float threshold;
    double operating_point; /* 0: the default */
    sm_region_option region;
    bool overlay, overwrite;
} arguments;

static const char *check(void *pointer) {
    const arguments *a = pointer;
    return a->files.count == 0 ? "no image is given" : NULL;
}

static const char *take_operating_point(void *pointer, const char *text) {
    arguments *a = pointer;
    const double *shares = sm_operating_point_shares;
    double value = 0;
    if (sm_parse_number(text, &value))
        for (int i = 0; i < SM_OPERATING_POINTS; i++)
            if (fabs(value - shares[i]) < 1e-9) a->operating_point = shares[i];
    return a->operating_point > 0 ? NULL : "must be 0.80, 0.90 or 0.95";
}

static const char *take_region(void *pointer, const char *text) {
    arguments *a = pointer;
    return sm_region_option_take(&a->region, text);
}

static const sm_option option_table[] = {
    {.name = "out",
     .value = "DIR",
     .help = "folder for the masks, created if missing",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, out),
     .required = true},
    {.name = "model",
     .value = "FILE",
     .help = "weights file",
     .default_text = "$SONOMASK_MODEL, else the weights that come with sonomask",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, model)},
    {.name = "threshold",
     .value = "T",
     .help = "a pixel is lesion when its probability is at least this",
     .default_text = "the model's own",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, threshold),
     .high = 1},
    {.name = "operating-point",
     .value = "SHARE",
     .help = "share of the images with a lesion in which a lesion is kept, 0.80, 0.90 or 0.95: a lower one leaves more "
             "normal images alone; no effect when the weights hold no operating points",
     .default_text = "0.95",
     .kind = SM_OPTION_CUSTOM,
     .take = take_operating_point},
    {.name = "region",
     .value = "WHERE",
     .help =
         "where the ultrasound picture is: auto finds it in an image of a whole scanner screen, also several; whole "
         "is the whole image; X,Y,WIDTHxHEIGHT is a rectangle in pixels, and may be given for each of several "
         "pictures",
     .default_text = "auto",
     .kind = SM_OPTION_CUSTOM,
     .take = take_region},
    {.name = "prompts",
     .value = "FILE",
     .help =
         "clicks and boxes that correct the answer, as JSON Lines: {\"file\": NAME, \"clicks\": [{\"x\": X, \"y\": Y, "
         "\"inside\": true}], \"box\": {\"x\": X, \"y\": Y, \"width\": W, \"height\": H}}, in pixels of the image",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, prompts)},
    {.name = "overlay",
     .help = "also write DIR/NAME_overlay.png: the image with the outlines of the lesions, dashed ones of possible "
             "lesions, and the clicks and the box",
     .kind = SM_OPTION_FLAG,
     .offset = offsetof(arguments, overlay)},
    SM_OVERWRITE_OPTION(offsetof(arguments, overwrite)),
    SM_THREADS_OPTION(offsetof(arguments, threads)),
    {.name = NULL},
};

static const sm_command_line line = {
    .name = "predict",
    .description =
        "For each image (PNG, JPEG, BMP) writes the mask DIR/NAME_mask.png (grey, 0 or 255, of the size of the image; "
        "NAME is the name of the image without its extension) and prints one JSON line: file, width, height, type, "
        "probabilities, presence (the probability that there is a lesion), operating point (the least presence of a "
        "lesion, and an upper 95 % bound on the share of images with a lesion in which no outline counts), lesions "
        "(area, box, centroid and axes in pixels, mean probability, expected Dice, presence, descriptors, and the "
        "margin "
        "in pixels "
        "by which the outline must be grown to contain the true one for at least 90 % of patients; the descriptors are "
        "measures of the outline in the words of BI-RADS, defined in MEASURES.md, and not a diagnosis), possible "
        "lesions "
        "(those of lower presence, and faint ones below the threshold; they are not in the mask), expected Dice of the "
        "mask, outlier score (1 is the limit "
        "above which the image does not look like breast ultrasound; a warning on stderr names such an image), refined "
        "(clicks or a box are part of the answer), regions (the ultrasound pictures in the image, each with its own "
        "type, probabilities, presence and outlier score) and the milliseconds from decoding to the mask. With several "
        "regions the values of the image are those of the region with the greatest presence, and \"region\" of a "
        "lesion is the index of its own.\n"
        "\n"
        "A folder stands for the images below it, without masks and overlays. DICOM files are read by the page and by "
        "\"npx sonomask predict\", which takes the same options; here they are refused with a hint how to convert "
        "them.\n"
        "\n"
        "In a file of prompts, \"file\" is the path of an image as it is given here, or an end of it, such as the base "
        "name, that only one image has. Clicks and box may be missing. (0, 0) is the upper left corner of the image.\n"
        "\n"
        "A mask or overlay of an earlier run is replaced. Any other existing file is kept: the image then counts as "
        "failed. An image that fails is named on stderr, the others are processed, and the exit status is 1.\n"
        "\n"
        "mpirun -n N sonomask predict ... divides the images among N processes, which must see the same folders; the "
        "output is that of one process.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
    .operands = "FILE|FOLDER...",
    .operands_offset = offsetof(arguments, files),
    .check = check,
};

/** State of one run. */
typedef struct run {
    const arguments *arguments;
    sm_model *model;
    sm_state *state;
    sm_progress progress;
    int *name_of;   /* index of the first file with the same NAME */
    int *writer_of; /* by that index: the file whose outputs have the NAME, or -1 */
    int *rank_of;   /* by that index: the rank that processes the files of the NAME */
    const sm_ranks *ranks;
    sm_predict_outcomes outcomes;
    bool lost; /* another rank does not answer */
    bool has_decision;
    sm_prompts_file prompts_file;
    const sm_prompts_line **line_of; /* [files]: the prompts of each file, or NULL */
    sm_failures failed;
    int done_count;
} run;

static sm_status load_model(const char *chosen, const sm_parallel *parallel, sm_model **model, sm_state **state,
                            sm_error *error) {
    char *path = NULL;
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_model_path(chosen, &path, error);
    if (!status) status = sm_file_read(path, &bytes, &size, error);
    if (!status) {
        status = sm_model_create(bytes, size, NULL, model, error);
        if (status) sm_error_prefix(error, path);
    }
    const sm_state_options options = {.parallel = parallel};
    if (!status) status = sm_state_create(*model, &options, state, error);
    free(bytes);
    free(path);
    return status;
}

/** What is said about one file, while it is collected. */
typedef struct report {
    FILE *line, *messages; /* on the outcome's memory */
} report;

/** Adds a message about a file. */
static void complain(const report *to, const char *file, const char *message) {
    sm_error warning = {0};
    sm_error_set(&warning, SM_OK, "%s", message);
    sm_error_prefix(&warning, file);
    fputs(warning.message, to->messages);
    fputc('\0', to->messages);
}

/** Adds the warnings of an answer; an image may also be no breast ultrasound at all. */
static void warn(const report *to, const char *file, const sm_result *result) {
    if (result->warnings & SM_WARNING_TINTED)
        complain(to, file, "has a colour map: the answer is for the grey values behind it");
    if (result->warnings & SM_WARNING_OVERLAY) {
        char text[128];
        snprintf(text, sizeof text, "colours cover %.0f %% of the scan: they were filled from their surroundings",
                 ceil(100 * (double)result->overlay_share));
        complain(to, file, text);
    }
    if (result->warnings & SM_WARNING_PHOTOGRAPH)
        complain(to, file,
                 "looks like a photograph of a screen, answered as one picture: check the region, give several, or use "
                 "an exported image");
    if (result->warnings & SM_WARNING_NO_SCAN)
        complain(to, file, "no ultrasound picture was found on this screen: give its place with --region");
    if (result->warnings & SM_WARNING_VIEWS) {
        char text[128];
        snprintf(text, sizeof text, "has %d ultrasound pictures, each answered for itself; at most 4 are found",
                 result->region_count);
        complain(to, file, text);
    }
    if (result->warnings & SM_WARNING_SMALL_SCAN)
        complain(to, file,
                 "the scan is less than a tenth of the image: check the region, or use an image of the scan alone");
    if (result->looks_like_ultrasound) return;
    sm_error warning = {0};
    sm_error_set(&warning, SM_OK,
                 "does not look like breast ultrasound (outlier score %f, limit 1): do not rely on its result",
                 ceil(10 * (double)result->outlier_score) / 10); /* never "1, limit 1" */
    complain(to, file, warning.message);
}

/** The automatic answer, or with prompts the corrected one. */
static sm_status answer(run *r, const sm_image *image, const sm_prompts *prompts, sm_result *result, sm_error *error) {
    sm_segment_options options = sm_segment_options_default();
    options.threshold = r->arguments->threshold;
    options.operating_point = r->arguments->operating_point;
    sm_region_option_apply(&r->arguments->region, &options);
    const sm_status status = sm_segment(r->state, image, &options, result, error);
    if (status != SM_OK || (prompts->click_count == 0 && !prompts->box)) return status;
    return sm_refine(r->state, prompts, &options, result, error);
}

/** Descriptors of the lesions, then of the possible lesions; released with free(). */
static sm_status describe(const sm_image *image, const sm_result *result, sm_descriptors **descriptors,
                          sm_error *error) {
    const size_t count = (size_t)result->lesion_count + (size_t)result->possible_count;
    sm_descriptors *made = *descriptors = malloc((count + 1) * sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory to describe %z lesions", count);
    const sm_status status = sm_describe_lesions(image, result->mask, result->lesions, result->lesion_count,
                                                 result->regions, result->region_count, made, error);
    if (status != SM_OK) return status;
    return sm_describe_lesions(image, result->possible_mask, result->possible, result->possible_count, result->regions,
                               result->region_count, made + result->lesion_count, error);
}

/** The prompts of a line; NULL gives none. */
static sm_prompts prompts_of(const sm_prompts_line *given) {
    if (!given) return (sm_prompts){0};
    return (sm_prompts){
        .clicks = given->clicks, .click_count = given->click_count, .box = given->has_box ? &given->box : NULL};
}

/** Processes one image from file to outputs. The message on failure begins with the name of the file concerned. */
static sm_status predict_one(run *r, int index, const report *to, sm_error *error) {
    const arguments *a = r->arguments;
    const char *file = a->files.words[index];
    int *writer = &r->writer_of[r->name_of[index]];
    if (*writer >= 0)
        return sm_fail(error, SM_ERROR_ARGUMENT, "%s: its mask would overwrite that of %s, which has the same name",
                       file, a->files.words[*writer]);
    unsigned char *bytes = NULL;
    size_t size = 0;
    const sm_predict_folder folder = {a->out, a->overlay, a->overwrite};
    sm_status status = sm_predict_check(&folder, file, error);
    if (!status) status = sm_file_read(file, &bytes, &size, error);
    if (status) return status;
    sm_image image = {0};
    sm_result result = {0};
    sm_descriptors *descriptors = NULL;
    const sm_prompts prompts = prompts_of(r->line_of[index]);
    const double started = sm_clock();
    status = sm_image_decode(bytes, size, &image, error);
    if (status == SM_ERROR_IMAGE_FORMAT && sm_is_dicom(bytes, size))
        sm_error_set(error, status,
                     "is a DICOM file: use \"npx sonomask predict\" or the page, or convert it, for example with "
                     "\"dcmj2pnm --write-png FILE FILE.png\" of dcmtk");
    free(bytes);
    if (!status) status = answer(r, &image, &prompts, &result, error);
    if (!status) status = describe(&image, &result, &descriptors, error);
    const double milliseconds = 1000.0 * (sm_clock() - started);
    if (status)
        sm_error_prefix(error, file);
    else
        status = sm_predict_write(&folder, file, &image, &prompts, &result, error);
    if (!status) {
        *writer = index;
        sm_predict_json(to->line, file, &result, descriptors, r->has_decision, milliseconds);
        warn(to, file, &result);
    }
    free(descriptors);
    sm_result_free(&result);
    sm_image_free(&image);
    return status;
}

/** Whether all that was written to the stream (may be NULL) is in its memory. */
static bool close_stream(FILE *stream) {
    if (!stream) return false;
    const bool good = !ferror(stream);
    return fclose(stream) == 0 && good;
}

/** The same with its report, which the outcome holds. */
static sm_status make_outcome(run *r, int index, sm_predict_outcome *outcome, sm_error *error) {
    size_t line_size = 0;
    report to = {.line = open_memstream(&outcome->line, &line_size),
                 .messages = open_memstream(&outcome->messages, &outcome->messages_size)};
    sm_error reason = {0};
    if (to.line && to.messages) outcome->failed = predict_one(r, index, &to, &reason) != SM_OK;
    if (to.messages && outcome->failed) {
        fputs(reason.message, to.messages);
        fputc('\0', to.messages);
    }
    const bool line_written = close_stream(to.line), messages_written = close_stream(to.messages);
    if (line_written && messages_written) return SM_OK;
    return sm_fail(error, SM_ERROR_MEMORY, "no memory for the result of %s", r->arguments->files.words[index]);
}

/** Prints the outcomes whose turn it is; with `skip`, all that there are. */
static sm_status print_outcomes(run *r, bool skip, sm_error *error) {
    const sm_words *files = &r->arguments->files;
    sm_predict_outcome *outcome;
    for (int index = 0; (outcome = sm_predict_outcomes_next(&r->outcomes, skip, &index)) != NULL;) {
        if (!outcome->failed) fputs(outcome->line, stdout);
        fflush(stdout); /* so that a pipe carries each line at once */
        for (size_t at = 0; at < outcome->messages_size; at += strlen(outcome->messages + at) + 1)
            sm_progress_complain(&r->progress, outcome->messages + at);
        if (outcome->failed) {
            const sm_status status = sm_failures_add(&r->failed, files->words[index], error);
            if (status != SM_OK) return status;
        }
        sm_predict_outcome_free(outcome);
        r->done_count++;
        if (files->count > 1) sm_progress_show(&r->progress, r->done_count, files->words[index]);
    }
    return SM_OK;
}

/** Processes the files of this rank. Those of the same NAME have the same rank, which can refuse all but the first. */
static sm_status predict_share(run *r, sm_error *error) {
    const arguments *a = r->arguments;
    const int ranks = sm_ranks_count(r->ranks), own = sm_ranks_own(r->ranks);
    int names = 0;
    sm_status status = SM_OK;
    for (int i = 0; status == SM_OK && i < a->files.count && !sm_interrupted; i++) {
        if (r->name_of[i] == i) r->rank_of[i] = names++ % ranks;
        if (r->rank_of[r->name_of[i]] != own) continue;
        sm_predict_outcome outcome = {0};
        status = make_outcome(r, i, &outcome, error);
        if (status == SM_OK) status = sm_predict_outcomes_add(&r->outcomes, i, &outcome, error);
        sm_predict_outcome_free(&outcome);
        if (status == SM_OK) status = sm_predict_outcomes_receive(&r->outcomes, false, error);
        if (status == SM_OK) status = print_outcomes(r, false, error);
    }
    return status;
}

static sm_status predict_all(run *r, sm_error *error) {
    const arguments *a = r->arguments;
    sm_interrupt_catch();
    sm_progress_begin(&r->progress, "predict", a->files.count);
    sm_status status = predict_share(r, error);
    /* Also after a failure the others are waited for: all ranks end together. */
    sm_error later = {0};
    sm_status ended = sm_predict_outcomes_end(&r->outcomes, &later);
    while (ended == SM_OK && r->outcomes.working > 0) {
        ended = sm_predict_outcomes_receive(&r->outcomes, true, &later);
        if (ended == SM_OK && status == SM_OK) status = print_outcomes(r, false, error);
    }
    if (status == SM_OK) status = print_outcomes(r, true, error);
    sm_progress_end(&r->progress);
    r->lost = ended == SM_ERROR_INTERRUPTED;
    if (r->lost) sm_progress_complain(&r->progress, later.message);
    if (status != SM_OK || ended == SM_OK || r->lost) return status;
    if (error) *error = later;
    return ended;
}

/** The list at the end of a batch. The failure of a single file has been printed already. */
static void print_failures(const run *r) {
    const arguments *a = r->arguments;
    if (a->files.count > 1) sm_failures_print(&r->failed, a->files.count, "files failed");
    if (r->done_count < a->files.count)
        fprintf(stderr, "sonomask: interrupted after %d of %d files\n", r->done_count, a->files.count);
}

static sm_status read_prompts(run *r, sm_error *error) {
    const arguments *a = r->arguments;
    if (!a->prompts) return SM_OK;
    sm_status status = sm_prompts_file_read(a->prompts, &r->prompts_file, error);
    if (status != SM_OK) return status;
    status = sm_prompts_file_assign(&r->prompts_file, a->files.words, a->files.count, r->line_of, error);
    return status == SM_OK ? SM_OK : sm_error_prefix(error, a->prompts);
}

static sm_status prepare(run *r, const sm_parallel *parallel, sm_error *error) {
    const arguments *a = r->arguments;
    r->name_of = calloc((size_t)a->files.count, sizeof *r->name_of);
    r->writer_of = calloc((size_t)a->files.count, sizeof *r->writer_of);
    r->line_of = calloc((size_t)a->files.count, sizeof(const sm_prompts_line *));
    r->rank_of = calloc((size_t)a->files.count, sizeof *r->rank_of);
    if (!r->name_of || !r->writer_of || !r->line_of || !r->rank_of)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d file names", a->files.count);
    for (int i = 0; i < a->files.count; i++) r->writer_of[i] = -1;
    sm_status status = sm_predict_outcomes_create(r->ranks, a->files.count, &r->outcomes, error);
    if (status == SM_OK) status = sm_predict_same_names(&a->files, r->name_of, error);
    if (status == SM_OK) status = read_prompts(r, error);
    if (status == SM_OK) status = load_model(a->model, parallel, &r->model, &r->state, error);
    if (status == SM_OK) r->has_decision = sm_model_describe(r->model).has_decision;
    /* Last, so that no folder is created when there is no model. */
    return status ? status : sm_folder_make(a->out, error);
}

/** Fails on all ranks unless they were given the same. */
static sm_status check_ranks(const run *r, sm_error *error) {
    const arguments *a = r->arguments;
    if (sm_ranks_count(r->ranks) == 1) return SM_OK;
    sm_status status = sm_same_program(r->ranks, error);
    if (status == SM_OK) status = sm_same_options(r->ranks, &line, a, error);
    uint64_t hash = SM_HASH_START;
    for (int i = 0; i < a->files.count; i++) hash = sm_hash(hash, a->files.words[i], strlen(a->files.words[i]) + 1);
    if (status == SM_OK) status = sm_ranks_check_same(r->ranks, hash, "other images", error);
    if (status == SM_OK && a->prompts) status = sm_same_file(r->ranks, a->prompts, "other prompts", error);
    char *model = NULL;
    if (status == SM_OK) status = sm_ranks_agree(r->ranks, sm_model_path(a->model, &model, error), error);
    if (status == SM_OK) status = sm_same_file(r->ranks, model, "other weights", error);
    free(model);
    return status;
}

static sm_status predict(run *r, const sm_parallel *parallel, sm_error *error) {
    sm_status status = check_ranks(r, error);
    if (status == SM_OK) status = sm_ranks_agree(r->ranks, prepare(r, parallel, error), error);
    if (status != SM_OK) return status;
    status = predict_all(r, error);
    if (sm_ranks_first(r->ranks)) {
        print_failures(r);
        // The failures have been printed already.
        if (status == SM_OK && (r->failed.count > 0 || r->done_count < r->arguments->files.count))
            status = SM_ERROR_DATA;
    }
    return r->lost ? status : sm_ranks_agree(r->ranks, status, error);
}

static sm_status run_predict(void *pointer, sm_error *error) {
    arguments *a = pointer;
    run r = {.arguments = a, .ranks = sm_ranks_current()};
    sm_input_files files = {0};
    sm_status status = sm_input_files_expand(&a->files, &files, error);
    const sm_words given = a->files;
    a->files = (sm_words){.words = (const char **)files.names, .count = files.count};
    sm_parallel *parallel = status == SM_OK ? sm_parallel_create(a->threads) : NULL;
    if (status == SM_OK && !parallel) status = sm_fail(error, SM_ERROR_MEMORY, "the threads cannot be started");
    status = sm_ranks_agree(r.ranks, status, error);
    if (status == SM_OK) status = predict(&r, parallel, error);
    sm_state_free(r.state);
    sm_model_free(r.model);
    sm_parallel_free(parallel);
    free(r.name_of);
    free(r.writer_of);
    free(r.rank_of);
    sm_predict_outcomes_free(&r.outcomes);
    free(r.line_of);
    sm_prompts_file_free(&r.prompts_file);
    sm_failures_free(&r.failed);
    a->files = given; // released by the caller
    sm_input_files_free(&files);
    return status;
}

int sm_command_predict(int argc, char **argv) {
    arguments a = {.threshold = -1.0f};
    return sm_command_line_run(&line, argc, argv, &a, run_predict);
}
