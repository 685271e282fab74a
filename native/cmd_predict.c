/** sonomask predict: masks and one JSON line for each image. */
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "failures.h"
#include "file.h"
#include "json.h"
#include "open_network.h"
#include "options.h"
#include "overlay.h"
#include "parallel.h"
#include "progress.h"

static const char usage[] =
    "usage: sonomask predict [--model FILE] [--threshold T] [--overlay] [--threads N] --out DIR FILE...\n"
    "\n"
    "For each image (PNG, JPEG, BMP) writes DIR/NAME_mask.png, grey, 0 or 255, of the image's own size, where NAME is\n"
    "the file's name without its extension, and prints one JSON line: file, width, height, type, probabilities,\n"
    "lesions (area, box, centroid, axes in pixels, mean probability, expected Dice), the expected Dice of the whole\n"
    "mask, whether the image looks like breast ultrasound (outlier score, 1 is the limit; a line on stderr warns of "
    "one\n"
    "that does not) and the milliseconds from file content to mask.\n"
    "A file that fails is named on stderr, the others go on, and the exit status is 1.\n"
    "\n"
    "  --out DIR        folder for the masks, made when missing\n"
    "  --model FILE     weights; default $SONOMASK_MODEL, else weights/sonomask.safetensors\n"
    "  --threshold T    a pixel is lesion from this probability on, 0 .. 1; default: the model's own\n"
    "  --overlay        also write DIR/NAME_overlay.png: the image with the outlines drawn on it\n"
    "  --threads N      default: one for each processor\n";

enum { MOST_THREADS = 256 };

typedef struct arguments {
    const char *out, *model;
    char **files;
    int file_count, threads;
    float threshold;
    bool overlay, help;
} arguments;

/** What one run needs throughout. */
typedef struct run {
    arguments arguments;
    sm_model *model;
    sm_state *state;
    sm_progress progress;
    int *name_of;   /* index of the first file of the same NAME */
    int *writer_of; /* by that index: the file whose outputs have the NAME, or -1 */
    sm_failures failed;
    int done_count;
} run;

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal_number) {
    (void)signal_number;
    stop_requested = 1;
}

/** The first Ctrl-C lets the file at hand be finished, a second one ends the program. */
static void catch_stop(void) {
    struct sigaction action = {.sa_handler = request_stop, .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
    sigemptyset(&action.sa_mask);
    stop_requested = 0;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static bool parse(int argc, char **argv, arguments *a) {
    enum { OUT = 256, MODEL, THRESHOLD, OVERLAY, THREADS, HELP };
    static const struct option known[] = {{"out", required_argument, NULL, OUT},
                                          {"model", required_argument, NULL, MODEL},
                                          {"threshold", required_argument, NULL, THRESHOLD},
                                          {"overlay", no_argument, NULL, OVERLAY},
                                          {"threads", required_argument, NULL, THREADS},
                                          {"help", no_argument, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    optind = 0; // glibc: forget an earlier command line altogether
    bool good = true;
    for (int option; good && (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case OUT:
            a->out = optarg;
            break;
        case MODEL:
            a->model = optarg;
            break;
        case THRESHOLD:
            good = sm_option_decimal("threshold", optarg, 0.0, 1.0, &a->threshold);
            break;
        case OVERLAY:
            a->overlay = true;
            break;
        case THREADS:
            good = sm_option_int("threads", optarg, 1, MOST_THREADS, &a->threads);
            break;
        case HELP:
            a->help = true;
            break;
        default:
            good = false; // getopt has said what is wrong
        }
    }
    if (!good || a->help) return good;
    a->files = argv + optind;
    a->file_count = argc - optind;
    if (!a->out || !*a->out)
        fprintf(stderr, "sonomask: predict: --out is missing\n");
    else if (a->file_count == 0)
        fprintf(stderr, "sonomask: predict: no image is given\n");
    else
        return true;
    return false;
}

typedef struct named {
    char *name;
    int index;
} named;

static int compare_named(const void *a, const void *b) {
    const named *first = a, *second = b;
    const int order = strcmp(first->name, second->name);
    return order ? order : (first->index > second->index) - (first->index < second->index);
}

/** Finds files that would write the same output. */
static sm_status find_same_names(const arguments *a, int *name_of, sm_error *error) {
    named *all = calloc((size_t)a->file_count, sizeof *all);
    bool enough_memory = all != NULL;
    for (int i = 0; enough_memory && i < a->file_count; i++) {
        all[i] = (named){sm_path_stem(a->files[i]), i};
        enough_memory = all[i].name != NULL;
    }
    if (enough_memory) {
        qsort(all, (size_t)a->file_count, sizeof *all, compare_named);
        int first = 0;
        for (int i = 0; i < a->file_count; i++) {
            if (strcmp(all[first].name, all[i].name) != 0) first = i;
            name_of[all[i].index] = all[first].index;
        }
    }
    for (int i = 0; all && i < a->file_count; i++) free(all[i].name);
    free(all);
    return enough_memory ? SM_OK : sm_fail(error, SM_ERROR_MEMORY, "no memory for %d file names", a->file_count);
}

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

/** Writes OUT/NAME + `ending`. */
static sm_status write_png(const char *out, const char *file, const char *ending, const sm_image *image,
                           sm_error *error) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_image_encode_png(image, &bytes, &size, error);
    char *stem = sm_path_stem(file);
    char *start = stem ? sm_path_join(out, stem) : NULL;
    const size_t path_size = start ? strlen(start) + strlen(ending) + 1 : 0;
    char *path = start ? malloc(path_size) : NULL;
    if (!status && !path) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a path");
    if (!status) {
        snprintf(path, path_size, "%s%s", start, ending);
        status = sm_file_write(path, bytes, size, error);
    }
    free(path);
    free(start);
    free(stem);
    free(bytes);
    return status;
}

static sm_status write_outputs(const arguments *a, const char *file, const sm_image *image, const sm_result *result,
                               sm_error *error) {
    const sm_image mask = {.width = result->width, .height = result->height, .channels = 1, .pixels = result->mask};
    sm_image overlay = {0};
    sm_status status = SM_OK;
    if (a->overlay) {
        status = sm_overlay_draw(image, result->mask, &overlay, error);
        if (!status) status = write_png(a->out, file, "_overlay.png", &overlay, error);
    }
    if (!status) status = write_png(a->out, file, "_mask.png", &mask, error);
    sm_image_free(&overlay);
    return status;
}

static void print_lesion(sm_json *json, const sm_lesion *lesion) {
    sm_json_object_begin(json, NULL);
    sm_json_integer(json, "area_px", lesion->area);
    sm_json_array_begin(json, "bbox");
    sm_json_integer(json, NULL, lesion->left);
    sm_json_integer(json, NULL, lesion->top);
    sm_json_integer(json, NULL, lesion->width);
    sm_json_integer(json, NULL, lesion->height);
    sm_json_array_end(json);
    sm_json_array_begin(json, "centroid");
    sm_json_number(json, NULL, (double)lesion->centroid.x);
    sm_json_number(json, NULL, (double)lesion->centroid.y);
    sm_json_array_end(json);
    sm_json_number(json, "long_axis_px", (double)lesion->long_axis);
    sm_json_number(json, "short_axis_px", (double)lesion->short_axis);
    sm_json_number(json, "mean_probability", (double)lesion->mean_probability);
    sm_json_number(json, "expected_dice", (double)lesion->expected_dice);
    sm_json_object_end(json);
}

static void print_result(const char *file, const sm_result *result, double milliseconds) {
    sm_json json = {.file = stdout};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "file", file);
    sm_json_integer(&json, "width", result->width);
    sm_json_integer(&json, "height", result->height);
    sm_json_string(&json, "type", sm_class_name(result->type));
    sm_json_object_begin(&json, "probabilities");
    for (int i = 0; i < SM_CLASS_COUNT; i++)
        sm_json_number(&json, sm_class_name((sm_class)i), (double)result->probabilities[i]);
    sm_json_object_end(&json);
    sm_json_array_begin(&json, "lesions");
    for (int i = 0; i < result->lesion_count; i++) print_lesion(&json, &result->lesions[i]);
    sm_json_array_end(&json);
    sm_json_number(&json, "expected_dice", (double)result->expected_dice);
    sm_json_number(&json, "outlier_score", (double)result->outlier_score);
    sm_json_boolean(&json, "looks_like_ultrasound", result->looks_like_ultrasound);
    sm_json_number(&json, "milliseconds", milliseconds);
    sm_json_object_end(&json);
    fflush(stdout); // a reader at the other end of a pipe gets each line when it is there
}

/** A line on stderr for a picture that is probably no breast ultrasound. */
static void warn_if_foreign(run *r, const char *file, const sm_result *result) {
    if (result->looks_like_ultrasound) return;
    sm_error warning = {0};
    sm_error_set(&warning, SM_OK,
                 "does not look like breast ultrasound (outlier score %f, limit 1): its answer means little",
                 round(10 * (double)result->outlier_score) / 10);
    sm_error_prefix(&warning, file);
    sm_progress_complain(&r->progress, warning.message);
}

/** One image from file to outputs. The message on failure begins with the name of the file that it is about. */
static sm_status predict_one(run *r, int index, sm_error *error) {
    const arguments *a = &r->arguments;
    const char *file = a->files[index];
    int *writer = &r->writer_of[r->name_of[index]];
    if (*writer >= 0)
        return sm_fail(error, SM_ERROR_ARGUMENT, "%s: its mask would overwrite that of %s, which has the same name",
                       file, a->files[*writer]);
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(file, &bytes, &size, error);
    if (status) return status;
    sm_image image = {0};
    sm_result result = {0};
    sm_segment_options options = sm_segment_options_default();
    options.threshold = a->threshold;
    const double started = sm_clock();
    status = sm_image_decode(bytes, size, &image, error);
    free(bytes);
    if (!status) status = sm_segment(r->state, &image, &options, &result, error);
    const double milliseconds = 1000.0 * (sm_clock() - started);
    if (status)
        sm_error_prefix(error, file);
    else
        status = write_outputs(a, file, &image, &result, error);
    if (!status) {
        *writer = index;
        print_result(file, &result, milliseconds);
        warn_if_foreign(r, file, &result);
    }
    sm_result_free(&result);
    sm_image_free(&image);
    return status;
}

static sm_status predict_all(run *r, sm_error *error) {
    const arguments *a = &r->arguments;
    catch_stop();
    sm_progress_begin(&r->progress, "predict", a->file_count);
    sm_status status = SM_OK;
    for (int i = 0; status == SM_OK && i < a->file_count && !stop_requested; i++) {
        sm_error reason = {0};
        if (predict_one(r, i, &reason) != SM_OK) {
            sm_progress_complain(&r->progress, reason.message);
            status = sm_failures_add(&r->failed, a->files[i], error);
        }
        r->done_count++;
        if (a->file_count > 1) sm_progress_show(&r->progress, r->done_count, a->files[i]);
    }
    sm_progress_end(&r->progress);
    return status;
}

/** The list at the end of a batch; a single file's failure has been said already. */
static void print_failures(const run *r) {
    const arguments *a = &r->arguments;
    if (a->file_count > 1) sm_failures_print(&r->failed, a->file_count, "files failed");
    if (r->done_count < a->file_count)
        fprintf(stderr, "sonomask: interrupted after %d of %d files\n", r->done_count, a->file_count);
}

static sm_status prepare(run *r, const sm_parallel *parallel, sm_error *error) {
    const arguments *a = &r->arguments;
    r->name_of = calloc((size_t)a->file_count, sizeof *r->name_of);
    r->writer_of = calloc((size_t)a->file_count, sizeof *r->writer_of);
    if (!r->name_of || !r->writer_of)
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d file names", a->file_count);
    for (int i = 0; i < a->file_count; i++) r->writer_of[i] = -1;
    sm_status status = find_same_names(a, r->name_of, error);
    if (status == SM_OK) status = load_model(a->model, parallel, &r->model, &r->state, error);
    // Last, so that nothing is left behind when there is no model.
    return status ? status : sm_folder_make(a->out, error);
}

int sm_command_predict(int argc, char **argv) {
    run r = {.arguments = {.threshold = -1.0f}};
    const bool good = parse(argc, argv, &r.arguments);
    if (!good || r.arguments.help) return sm_command_usage(usage, good);
    int exit_status = SM_EXIT_FAILED;
    sm_error error = {0};
    sm_parallel *parallel = sm_parallel_create(r.arguments.threads);
    if (!parallel)
        sm_error_set(&error, SM_ERROR_MEMORY, "the threads cannot be started");
    else if (prepare(&r, parallel, &error) == SM_OK) {
        const sm_status status = predict_all(&r, &error);
        print_failures(&r);
        if (status == SM_OK && ferror(stdout))
            sm_error_set(&error, SM_ERROR_IO, "the results cannot be written to standard output");
        else if (r.failed.count == 0 && r.done_count == r.arguments.file_count)
            exit_status = SM_EXIT_DONE;
    }
    if (error.status) fprintf(stderr, "sonomask: %s\n", error.message);
    sm_state_free(r.state);
    sm_model_free(r.model);
    sm_parallel_free(parallel);
    free(r.name_of);
    free(r.writer_of);
    sm_failures_free(&r.failed);
    return exit_status;
}
