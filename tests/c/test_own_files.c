/** Only files that sonomask wrote are replaced; a signal or a full disk leaves no incomplete file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../native/file.h"
#include "../../native/interrupt.h"
#include "../../native/own_files.h"
#include "../../src/image.h"
#include "scratch_folder.h"

static bool begins_with_ours(const unsigned char *head, size_t size) {
    return size >= 4 && memcmp(head, "ours", 4) == 0;
}

static const sm_file_options guarded = {.recognise = begins_with_ours};

static int count_temporaries(const char *folder) {
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    int count = 0;
    const struct dirent *entry;
    while ((entry = readdir(listing)))
        if (strncmp(entry->d_name, ".sonomask", 9) == 0) count++;
    closedir(listing);
    return count;
}

static void assert_content(const char *path, const char *content) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_file_read(path, &bytes, &size, NULL), SM_OK);
    assert_int_equal(size, strlen(content));
    assert_memory_equal(bytes, content, size);
    free(bytes);
}

static void assert_refused(const char *path, const char *reason) {
    sm_error error = {0};
    struct stat before, after;
    assert_int_equal(lstat(path, &before), 0);
    assert_int_equal(sm_file_check_replaceable(path, begins_with_ours, &error), SM_ERROR_IO);
    if (!strstr(error.message, reason)) fail_msg("\"%s\" does not contain \"%s\"", error.message, reason);
    assert_int_equal(sm_file_write_as(path, "ours 2", 6, &guarded, &error), SM_ERROR_IO);
    if (!strstr(error.message, path)) fail_msg("\"%s\" does not name %s", error.message, path);
    assert_int_equal(lstat(path, &after), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(count_temporaries(scratch_root), 0);
}

static void own_output_is_replaced_and_nothing_else(void **state) {
    (void)state;
    const char *path = scratch_path(scratch_root, "file"), *expert = scratch_path(scratch_root, "expert");
    assert_int_equal(sm_file_write_as(path, "ours 1", 6, &guarded, NULL), SM_OK); // new
    assert_int_equal(sm_file_write_as(path, "ours 2", 6, &guarded, NULL), SM_OK); // its own
    assert_content(path, "ours 2");
    scratch_text(scratch_root, "file", "expert");
    assert_refused(path, "was not written by sonomask");
    assert_content(path, "expert");
    scratch_text(scratch_root, "file", "");
    assert_refused(path, "was not written by sonomask");
    assert_int_equal(remove(path), 0);

    // A link is refused even when its target is an own file, and when it has none.
    scratch_text(scratch_root, "expert", "ours, but elsewhere");
    assert_int_equal(symlink("expert", path), 0);
    assert_refused(path, "is a symbolic link");
    assert_int_equal(remove(expert), 0);
    assert_refused(path, "is a symbolic link");
    assert_int_equal(access(expert, F_OK), -1);
    assert_int_equal(remove(path), 0);

    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(path, "is a folder");
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(path, "is not a regular file");
    assert_int_equal(remove(path), 0);
}

static void overwrite_replaces_a_link_and_not_its_target(void **state) {
    (void)state;
    const char *path = scratch_path(scratch_root, "link"), *expert = scratch_path(scratch_root, "target");
    scratch_text(scratch_root, "target", "expert");
    assert_int_equal(symlink("target", path), 0);
    assert_int_equal(sm_file_write(path, "new", 3, NULL), SM_OK);
    assert_content(expert, "expert");
    assert_content(path, "new");
    struct stat information;
    assert_int_equal(lstat(path, &information), 0);
    assert_true(S_ISREG(information.st_mode));
}

static void a_file_that_appears_meanwhile_is_kept(void **state) {
    (void)state;
    const char *path = scratch_path(scratch_root, "meanwhile");
    sm_file_writer writer;
    sm_error error = {0};
    assert_int_equal(sm_file_writer_open_as(&writer, path, &guarded, NULL), SM_OK);
    fputs("ours", writer.file);
    scratch_text(scratch_root, "meanwhile", "expert");
    assert_int_equal(sm_file_writer_commit(&writer, &error), SM_ERROR_IO);
    assert_non_null(strstr(error.message, "was not written by sonomask"));
    assert_content(path, "expert");
    assert_int_equal(count_temporaries(scratch_root), 0);

    // An own file that appears, as from another run at the same time, is replaced.
    assert_int_equal(remove(path), 0);
    assert_int_equal(sm_file_writer_open_as(&writer, path, &guarded, NULL), SM_OK);
    fputs("ours 2", writer.file);
    scratch_text(scratch_root, "meanwhile", "ours 1");
    assert_int_equal(sm_file_writer_commit(&writer, NULL), SM_OK);
    assert_content(path, "ours 2");
}

static void durable_files_are_written(void **state) {
    (void)state;
    const char *path = scratch_path(scratch_root, "durable");
    assert_int_equal(sm_file_write_as(path, "kept", 4, &(sm_file_options){.durable = true}, NULL), SM_OK);
    assert_content(path, "kept");
}

/** Runs `action` in a child process; returns its wait status. */
static int in_child(void (*action)(void)) {
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        action();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static const char *interrupted_path;

static void open_two_writers(void) {
    sm_file_writer one, two;
    if (sm_file_writer_open(&one, interrupted_path, NULL) != SM_OK) _exit(10);
    if (sm_file_writer_open(&two, interrupted_path, NULL) != SM_OK) _exit(10);
}

static void end_by_signal(int number) {
    sm_interrupt_install();
    open_two_writers();
    raise(number);
}

static void end_by_interrupt(void) { end_by_signal(SIGINT); }
static void end_by_termination(void) { end_by_signal(SIGTERM); }
static void end_by_hang_up(void) { end_by_signal(SIGHUP); }

static void a_signal_removes_temporary_files(void **state) {
    (void)state;
    interrupted_path = scratch_path(scratch_root, "interrupted");
    void (*const actions[])(void) = {end_by_interrupt, end_by_termination, end_by_hang_up};
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (int i = 0; i < 3; i++) {
        const int status = in_child(actions[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), numbers[i]);
        assert_int_equal(count_temporaries(scratch_root), 0);
        assert_int_equal(access(interrupted_path, F_OK), -1);
    }
}

static void ask_twice(void) {
    sm_interrupt_install();
    sm_interrupt_catch();
    open_two_writers();
    if (sm_interrupted) _exit(1);
    raise(SIGINT);
    if (!sm_interrupted) _exit(2);
    raise(SIGTERM);
}

static void the_first_signal_sets_a_flag_and_the_second_one_ends(void **state) {
    (void)state;
    const int status = in_child(ask_twice);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
    assert_int_equal(count_temporaries(scratch_root), 0);
}

static void ignore_hang_up(void) {
    signal(SIGHUP, SIG_IGN);
    sm_interrupt_install();
    raise(SIGHUP);
}

static void ignored_signals_stay_ignored(void **state) {
    (void)state;
    assert_int_equal(in_child(ignore_hang_up), 0);
}

static void write_too_much(void) {
    static char content[100000];
    sm_interrupt_install();
    const struct rlimit limit = {50000, 50000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(1);
    sm_error error = {0};
    if (sm_file_write(interrupted_path, content, sizeof content, &error) != SM_ERROR_IO) _exit(2);
    if (!strstr(error.message, interrupted_path) || !strstr(error.message, strerror(EFBIG))) _exit(3);
}

static void a_write_that_fails_leaves_nothing(void **state) {
    (void)state;
    interrupted_path = scratch_path(scratch_root, "large");
    assert_int_equal(in_child(write_too_much), 0);
    assert_int_equal(access(interrupted_path, F_OK), -1);
    assert_int_equal(count_temporaries(scratch_root), 0);
}

static bool recognised(sm_file_recogniser *recognise, const char *text) {
    return recognise((const unsigned char *)text, strlen(text));
}

static void files_are_recognised_by_their_content(void **state) {
    (void)state;
    uint8_t pixel = 0, *png = NULL;
    size_t size = 0;
    const sm_image image = {.width = 1, .height = 1, .channels = 1, .pixels = &pixel};
    // What the page or a program with the library writes may have been drawn by hand.
    assert_int_equal(sm_image_encode_png(&image, &png, &size, NULL), SM_OK);
    assert_false(sm_own_png(png, size));
    free(png);
    assert_int_equal(sm_own_png_encode(&image, &png, &size, NULL), SM_OK);
    assert_true(sm_own_png(png, size));
    for (size_t cut = 0; cut < 100; cut++) assert_false(sm_own_png(png, cut));
    sm_image decoded;
    assert_int_equal(sm_image_decode(png, size, &decoded, NULL), SM_ERROR_IMAGE_TOO_SMALL); // not damaged
    for (size_t i = 0; i + 8 < size; i++)
        if (memcmp(png + i, "sonomask", 8) == 0) memcpy(png + i, "painting", 8);
    assert_false(sm_own_png(png, size));
    free(png);

    assert_true(recognised(sm_own_phantom_manifest, "image,masks,class,group,fold\n"));
    assert_true(
        recognised(sm_own_phantom_manifest, "image,masks,class,group,fold\nimages/phantom_0001.png,m,benign,1,0\n"));
    assert_true(recognised(sm_own_phantom_manifest, "image,masks,class,group,fold\nimages/phantom_0001.png,m\nimag"));
    assert_false(recognised(sm_own_phantom_manifest, "image,masks,class,group,fold\nimages/mine.png,m,benign,1,0\n"));
    assert_false(recognised(sm_own_phantom_manifest,
                            "image,masks,class,group,fold\nimages/phantom_0001.png,m\nimages/mine.png,m\n"));
    assert_false(recognised(sm_own_phantom_manifest, "image,masks,class\n"));
    assert_false(recognised(sm_own_phantom_manifest, ""));
    assert_true(recognised(sm_own_metrics_json, "{\"program\":\"sonomask 1.0.0\"}"));
    assert_false(recognised(sm_own_metrics_json, "{\"program\":\"another\"}"));
    assert_false(recognised(sm_own_report_html, "<html><title>Holidays</title>"));
    assert_false(recognised(sm_own_images_csv, "file,split,source\n"));
    assert_false(recognised(sm_own_training_log, "epoch,loss\n"));
    assert_false(recognised(sm_own_svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"other\"></svg>"));
    assert_true(recognised(sm_own_onnx, "\x08\x08\x12\x08sonomask\x1a\x05"));
    assert_false(recognised(sm_own_onnx, "\x08\x08\x12\x07pytorch\x1a\x05"));
    assert_false(recognised(sm_own_weights, "12345678{\"__metadata__\":{\"format\":\"pt\"}}"));
    assert_false(recognised(sm_own_weights, "1234"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_output_is_replaced_and_nothing_else),
        cmocka_unit_test(overwrite_replaces_a_link_and_not_its_target),
        cmocka_unit_test(a_file_that_appears_meanwhile_is_kept),
        cmocka_unit_test(durable_files_are_written),
        cmocka_unit_test(a_signal_removes_temporary_files),
        cmocka_unit_test(the_first_signal_sets_a_flag_and_the_second_one_ends),
        cmocka_unit_test(ignored_signals_stay_ignored),
        cmocka_unit_test(a_write_that_fails_leaves_nothing),
        cmocka_unit_test(files_are_recognised_by_their_content),
    };
    return cmocka_run_group_tests_name("own_files", tests, scratch_setup, scratch_teardown);
}
