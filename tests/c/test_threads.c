/**
 * Commands with several threads on a small data set: the answers are those of one thread. `make test-thread` runs this
 * under ThreadSanitizer, where the loader, the pool and shared models have no data race.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command.h"
#include "../../native/file.h"
#include "check_text.h"
#include "scratch_folder.h"

enum { MOST_WORDS = 24 };

typedef int command(int argc, char **argv);

/** Runs a command with these words (the last one NULL); stdout goes to `stdout.txt` in the scratch folder. */
static void succeed(command *run, const char *const *words) {
    char *argv[MOST_WORDS];
    int argc = 0;
    for (; words[argc]; argc++) argv[argc] = (char *)(uintptr_t)words[argc];
    argv[argc] = NULL;
    optind = 0; /* restarts glibc's getopt */
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO);
    assert_true(kept >= 0);
    assert_non_null(freopen(scratch_path(scratch_root, "stdout.txt"), "w", stdout));
    scratch_stderr_begin(scratch_root);
    const int status = run(argc, argv);
    char *messages = scratch_stderr_end(scratch_root);
    fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    if (status != SM_EXIT_DONE) fail_msg("%s: exit status %d: %s", words[0], status, messages);
    free(messages);
}

static void assert_same_file(const char *a, const char *b) {
    unsigned char *bytes[2];
    size_t size[2];
    assert_int_equal(sm_file_read(scratch_path(scratch_root, a), &bytes[0], &size[0], NULL), SM_OK);
    assert_int_equal(sm_file_read(scratch_path(scratch_root, b), &bytes[1], &size[1], NULL), SM_OK);
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(bytes[0], bytes[1], size[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static const char *manifest, *model;

static int make_data(void **state) {
    scratch_setup(state);
    succeed(sm_command_phantom, (const char *const[]){"phantom", "--out", scratch_path(scratch_root, "data"), "--count",
                                                      "4", "--width", "48", "--height", "40", NULL});
    manifest = scratch_path(scratch_root, "data/manifest.csv");
    return 0;
}

/** Training steps, with the loader's thread at the same time. */
static void training(void **state) {
    (void)state;
    static const char *const folders[] = {"trained", "again"};
    for (int i = 0; i < 2; i++)
        succeed(sm_command_train,
                (const char *const[]){"train", "--data", manifest, "--out", scratch_path(scratch_root, folders[i]),
                                      "--size", "32", "--batch", "2", "--epochs", "1", "--threads", "3", NULL});
    assert_same_file("trained/weights.safetensors", "again/weights.safetensors");
    model = scratch_path(scratch_root, "trained/weights.safetensors");
}

static void predicting(void **state) {
    (void)state;
    assert_non_null(model);
    static const char *const threads[] = {"1", "4"}, *const folders[] = {"one", "four"};
    for (int i = 0; i < 2; i++)
        succeed(sm_command_predict,
                (const char *const[]){"predict", "--model", model, "--threads", threads[i], "--out",
                                      scratch_path(scratch_root, folders[i]),
                                      scratch_path(scratch_root, "data/images/phantom_0001.png"),
                                      scratch_path(scratch_root, "data/images/phantom_0002.png"), NULL});
    assert_same_file("one/phantom_0001_mask.png", "four/phantom_0001_mask.png");
    assert_same_file("one/phantom_0002_mask.png", "four/phantom_0002_mask.png");
}

/* ThreadSanitizer slows the network down too much for the 64 additional answers. */
#ifdef __SANITIZE_THREAD__
static const bool robustness = false;
#else
static const bool robustness = true;
#endif

/** One image per thread, all with one model. */
static void evaluating(void **state) {
    (void)state;
    assert_non_null(model);
    static const char *const threads[] = {"1", "4"}, *const folders[] = {"evaluated", "evaluated by four"};
    for (int i = 0; i < 2; i++)
        succeed(sm_command_evaluate,
                (const char *const[]){"evaluate", "--data", manifest, "--model", model, "--threads", threads[i],
                                      "--out", scratch_path(scratch_root, folders[i]),
                                      robustness ? "--robustness-images" : NULL, "2", NULL});
    char *one = text_metrics_without_times(scratch_path(scratch_root, "evaluated/metrics.json"));
    char *four = text_metrics_without_times(scratch_path(scratch_root, "evaluated by four/metrics.json"));
    if (robustness) assert_non_null(strstr(one, "\"robustness\""));
    assert_string_equal(one, four);
    free(one);
    free(four);
    assert_int_equal(access(scratch_path(scratch_root, "evaluated/report.html"), F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training), /* its weights are the model of the others */
        cmocka_unit_test(predicting),
        cmocka_unit_test(evaluating),
    };
    return cmocka_run_group_tests_name("threads", tests, make_data, scratch_teardown);
}
