/**
 * Commands with failing allocations and failing file calls, one at a time: exit status 1 and a message, no leak, no
 * temporary file, every file that is there is whole, and a training can be resumed to the same weights.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <ftw.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command.h"
#include "../../native/file.h"
#include "../c/check_text.h"
#include "../c/scratch_folder.h"
#include "every_call.h"

enum { MOST_WORDS = 20, MOST = 5 };

typedef struct ending {
    const char *name, *text;
} ending;

typedef struct command {
    int (*run)(int argc, char **argv);
    const char *words[MOST_WORDS]; /* ends with NULL */
    const char *out;               /* the folder for results */
    const char *whole[4];          /* files in it that are the same after each good run; the list ends with NULL */
    ending timed[4];               /* files that hold times, with how each ends; the list ends with NULL */
    const char *kept;              /* a copy of the folder after the first good run; NULL before it */
    bool resume;                   /* a failed run can be resumed */
    int kept_stdout;
} command;

static int execute(const command *c, const char *more) {
    char *argv[MOST_WORDS + 2];
    int argc = 0;
    for (; c->words[argc]; argc++) argv[argc] = (char *)(uintptr_t)c->words[argc];
    if (more) argv[argc++] = (char *)(uintptr_t)more;
    argv[argc] = NULL;
    optind = 0; /* restarts glibc's getopt */
    return c->run(argc, argv);
}

static void quiet(command *c) {
    fflush(stdout);
    c->kept_stdout = dup(STDOUT_FILENO);
    assert_true(c->kept_stdout >= 0);
    assert_non_null(freopen("/dev/null", "w", stdout));
    scratch_stderr_begin(scratch_root);
}

/** Returns what was written to stderr, from malloc. */
static char *loud(command *c) {
    fflush(stdout);
    assert_true(dup2(c->kept_stdout, STDOUT_FILENO) >= 0);
    close(c->kept_stdout);
    return scratch_stderr_end(scratch_root);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static void before(void *context) {
    command *c = context;
    if (access(c->out, F_OK) == 0) assert_int_equal(nftw(c->out, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    quiet(c);
}

static sm_status run(void *context, sm_error *error) {
    const int status = execute(context, NULL);
    if (status == SM_EXIT_DONE) return SM_OK;
    if (status == SM_EXIT_FAILED) return sm_fail(error, SM_ERROR_IO, "exit status 1");
    return sm_fail(error, SM_ERROR_ARGUMENT, "exit status %d", status);
}

static int check_no_temporary(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status, (void)kind;
    if (strstr(path + walk->base, ".tmp")) fail_msg("%s is left over (failing call at %#lx)", path, inject_place());
    return 0;
}

static unsigned char *read_file(const char *folder, const char *name, size_t *size) {
    char *path = sm_path_join(folder, name);
    assert_non_null(path);
    unsigned char *bytes = NULL;
    sm_error error = {0};
    if (sm_file_read(path, &bytes, size, &error) != SM_OK)
        fail_msg("%s (failing call at %#lx)", error.message, inject_place());
    free(path);
    return bytes;
}

static bool is_there(const char *folder, const char *name) {
    char *path = sm_path_join(folder, name);
    assert_non_null(path);
    const bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

/** The file is the same as after the good run. */
static void check_same(const command *c, const char *name) {
    size_t size, good_size;
    unsigned char *bytes = read_file(c->out, name, &size), *good = read_file(c->kept, name, &good_size);
    if (size != good_size || memcmp(bytes, good, size) != 0)
        fail_msg("%s is not whole (failing call at %#lx)", name, inject_place());
    free(bytes);
    free(good);
}

static void check_ending(const command *c, const ending *file) {
    size_t size;
    const size_t length = strlen(file->text);
    unsigned char *bytes = read_file(c->out, file->name, &size);
    if (size < length || memcmp(bytes + size - length, file->text, length) != 0)
        fail_msg("%s is not whole (failing call at %#lx)", file->name, inject_place());
    free(bytes);
}

/** The scores are those of the good run. */
static void check_metrics(const command *c) {
    char *text = text_metrics_without_times(scratch_path(c->out, "metrics.json"));
    char *good = text_metrics_without_times(scratch_path(c->kept, "metrics.json"));
    if (strcmp(text, good) != 0) fail_msg("metrics.json has other scores (failing call at %#lx)", inject_place());
    free(text);
    free(good);
}

/** Each of the files that is in `out` is whole; after a success each must be there. */
static void check_whole(const command *c, bool all) {
    for (int i = 0; c->whole[i]; i++)
        if (all || is_there(c->out, c->whole[i])) check_same(c, c->whole[i]);
    for (int i = 0; c->timed[i].name; i++)
        if (all || is_there(c->out, c->timed[i].name)) check_ending(c, &c->timed[i]);
    if (all && c->run == sm_command_evaluate) check_metrics(c);
}

static void after(void *context, sm_status status) {
    command *c = context;
    char *messages = loud(c);
    if (status != SM_OK && !strchr(messages, '\n'))
        fail_msg("%s failed without a message (failing call at %#lx): \"%s\"", c->words[0], inject_place(), messages);
    free(messages);
    if (access(c->out, F_OK) == 0) assert_int_equal(nftw(c->out, check_no_temporary, 16, FTW_PHYS), 0);
    if (!c->kept) {
        assert_int_equal(status, SM_OK);
        c->kept = scratch_path(scratch_root, c->words[0]);
        assert_int_equal(rename(c->out, c->kept), 0);
        return;
    }
    check_whole(c, status == SM_OK);
    if (status == SM_OK || !c->resume) return;
    quiet(c);
    const int resumed = execute(c, "--resume");
    messages = loud(c);
    if (resumed != SM_EXIT_DONE)
        fail_msg("%s cannot be resumed (failing call at %#lx): %s", c->words[0], inject_place(), messages);
    free(messages);
    check_whole(c, true);
}

static void try_every_call(command *c) {
    const scenario what = {.name = c->words[0], .context = c, .before = before, .run = run, .after = after};
    every_call(&what, INJECT_ALLOCATION, SM_ERROR_IO, MOST);
    every_call(&what, INJECT_FILE, SM_ERROR_IO, MOST);
}

static const char *manifest, *model, *image, *prompts, *options;

static void training(void **state) {
    (void)state;
    const char *const out = scratch_path(scratch_root, "out-train");
    command c = {.run = sm_command_train,
                 .words = {"train", "--data", manifest, "--out", out, "--size", "32", "--batch", "2", "--epochs", "1",
                           "--options", options},
                 .out = out,
                 .whole = {"weights.safetensors"},
                 .timed = {{"log.csv", "\n"}, {"curves.svg", "</svg>\n"}},
                 .resume = true};
    try_every_call(&c);
    model = scratch_path(c.kept, "weights.safetensors");
}

static void predicting(void **state) {
    (void)state;
    assert_non_null(model);
    const char *const out = scratch_path(scratch_root, "out-predict");
    command c = {.run = sm_command_predict,
                 .words = {"predict", "--model", model, "--out", out, "--threads", "2", "--overlay", "--prompts",
                           prompts, image},
                 .out = out,
                 .whole = {"phantom_0001_mask.png", "phantom_0001_overlay.png"}};
    try_every_call(&c);
}

static void evaluating(void **state) {
    (void)state;
    assert_non_null(model);
    const char *const out = scratch_path(scratch_root, "out-evaluate");
    command c = {.run = sm_command_evaluate,
                 .words = {"evaluate", "--data", manifest, "--model", model, "--out", out, "--threads", "2",
                           "--robustness-images", "1", "--clicks"},
                 .out = out,
                 .timed = {{"report.html", "</html>\n"}, {"metrics.json", "}\n"}, {"images.csv", "\n"}}};
    try_every_call(&c);
}

static void surveying(void **state) {
    (void)state;
    const char *const out = scratch_path(scratch_root, "out-dataset");
    command c = {.run = sm_command_dataset,
                 .words = {"dataset", "--data", manifest, "--out", out, "--threads", "2"},
                 .out = out,
                 .whole = {"contact_sheet_1.png"}};
    try_every_call(&c);
}

static int make_data(void **state) {
    scratch_setup(state);
    const char *const data = scratch_path(scratch_root, "data");
    command c = {.run = sm_command_phantom,
                 .words = {"phantom", "--out", data, "--count", "4", "--width", "48", "--height", "40"}};
    assert_int_equal(execute(&c, NULL), SM_EXIT_DONE);
    manifest = scratch_path(scratch_root, "data/manifest.csv");
    image = scratch_path(scratch_root, "data/images/phantom_0001.png");
    options = scratch_path(scratch_root, "train.ini");
    scratch_text(scratch_root, "train.ini", "threads = 2\nsave-seconds = 0\n");
    prompts = scratch_path(scratch_root, "prompts.jsonl");
    scratch_text(scratch_root, "prompts.jsonl",
                 "{\"file\":\"phantom_0001.png\",\"clicks\":[{\"x\":20,\"y\":20,\"inside\":true}]}\n");
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training), /* its weights are the model of the others */
        cmocka_unit_test(predicting),
        cmocka_unit_test(evaluating),
        cmocka_unit_test(surveying),
    };
    return cmocka_run_group_tests_name("command failures", tests, make_data, scratch_teardown);
}
