/** Whole files, folders, JSON Lines, messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../native/file.h"
#include "../../native/json.h"
#include "scratch_folder.h"

static char *inside(const char *name) {
    char *path = sm_path_join(scratch_root, name);
    assert_non_null(path);
    return path;
}

static int count_entries(void) {
    DIR *listing = opendir(scratch_root);
    assert_non_null(listing);
    int count = 0;
    const struct dirent *entry;
    while ((entry = readdir(listing)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) count++;
    closedir(listing);
    return count;
}

static void assert_content(const char *path, const char *content) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(sm_file_read(path, &bytes, &size, NULL), SM_OK);
    assert_int_equal(size, strlen(content));
    assert_string_equal((char *)bytes, content); // also: a NUL follows the content
    free(bytes);
}

static void writes_and_reads_back(void **state) {
    (void)state;
    char *path = inside("data.bin");
    const size_t size = 200001; // more than one read
    unsigned char *content = malloc(size);
    assert_non_null(content);
    for (size_t i = 0; i < size; i++) content[i] = (unsigned char)(i * 7 + i / 256);
    assert_int_equal(sm_file_write(path, content, size, NULL), SM_OK);
    unsigned char *bytes = NULL;
    size_t read_size = 0;
    assert_int_equal(sm_file_read(path, &bytes, &read_size, NULL), SM_OK);
    assert_int_equal(read_size, size);
    assert_memory_equal(bytes, content, size);
    free(bytes);
    free(content);

    assert_int_equal(sm_file_write(path, "short", 5, NULL), SM_OK); // replaces
    assert_content(path, "short");
    assert_int_equal(sm_file_write(path, "", 0, NULL), SM_OK);
    assert_content(path, "");
    assert_int_equal(count_entries(), 1); // no temporary file is left
    unlink(path);
    free(path);
}

static void read_errors_name_the_file_and_the_reason(void **state) {
    (void)state;
    unsigned char *bytes = NULL;
    size_t size = 1;
    sm_error error = {0};
    assert_int_equal(sm_file_read("/no/such/file.png", &bytes, &size, &error), SM_ERROR_IO);
    assert_string_equal(error.message, "/no/such/file.png: No such file or directory");
    assert_null(bytes);
    assert_int_equal(size, 0);
    assert_int_equal(sm_file_read(scratch_root, &bytes, &size, &error), SM_ERROR_IO);
    assert_non_null(strstr(error.message, scratch_root));
    assert_non_null(strstr(error.message, "is a folder"));
}

static void failed_write_leaves_nothing(void **state) {
    (void)state;
    sm_error error = {0};
    char *path = inside("missing/file.txt");
    assert_int_equal(sm_file_write(path, "x", 1, &error), SM_ERROR_IO);
    assert_non_null(strstr(error.message, "missing/file.txt"));
    assert_int_equal(sm_file_write(scratch_root, "x", 1, &error), SM_ERROR_IO); // a folder is not overwritten
    assert_true(sm_folder_exists(scratch_root));
    assert_int_equal(count_entries(), 0);
    free(path);
}

static void devices_are_not_replaced(void **state) {
    (void)state;
    sm_error error = {0};
    assert_int_equal(sm_file_write("/dev/full", "x", 1, &error), SM_ERROR_IO);
    struct stat information;
    if (stat("/dev/full", &information) == 0) assert_true(S_ISCHR(information.st_mode));
}

static void abandoned_writer_keeps_the_old_file(void **state) {
    (void)state;
    char *path = inside("log.csv");
    assert_int_equal(sm_file_write(path, "old", 3, NULL), SM_OK);
    sm_file_writer writer;
    assert_int_equal(sm_file_writer_open(&writer, path, NULL), SM_OK);
    fprintf(writer.file, "half");
    assert_content(path, "old"); // still there while the new one is being written
    sm_file_writer_abandon(&writer);
    assert_content(path, "old");
    assert_int_equal(count_entries(), 1);

    assert_int_equal(sm_file_writer_open(&writer, path, NULL), SM_OK);
    fprintf(writer.file, "new");
    assert_int_equal(sm_file_writer_commit(&writer, NULL), SM_OK);
    assert_content(path, "new");
    assert_int_equal(count_entries(), 1);
    unlink(path);
    free(path);
}

static void longest_name_can_be_written(void **state) {
    (void)state;
    char name[256];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    char *path = inside(name);
    assert_int_equal(sm_file_write(path, "x", 1, NULL), SM_OK);
    assert_content(path, "x");
    unlink(path);
    free(path);
}

static void makes_folders(void **state) {
    (void)state;
    char *path = inside("a/b//c/");
    assert_int_equal(sm_folder_make(path, NULL), SM_OK);
    assert_true(sm_folder_exists(path));
    assert_int_equal(sm_folder_make(path, NULL), SM_OK); // again
    assert_int_equal(count_entries(), 1);
    free(path);

    sm_error error = {0};
    char *file = inside("file");
    char *below = inside("file/below");
    assert_int_equal(sm_file_write(file, "x", 1, NULL), SM_OK);
    assert_int_equal(sm_folder_make(file, &error), SM_ERROR_IO);
    assert_non_null(strstr(error.message, "not a folder"));
    assert_int_equal(sm_folder_make(below, &error), SM_ERROR_IO);
    assert_non_null(strstr(error.message, below));
    assert_int_equal(sm_folder_make("", &error), SM_ERROR_IO);
    assert_int_equal(sm_folder_make("/proc", &error), SM_ERROR_IO); // exists, and even root cannot write there
    assert_non_null(strstr(error.message, "/proc"));
    free(below);
    free(file);
}

static void path_parts(void **state) {
    (void)state;
    const char *const cases[][2] = {{"a/b/benign (1).png", "benign (1)"},
                                    {"x.tar.gz", "x.tar"},
                                    {".hidden", ".hidden"},
                                    {"a.b/c", "c"},
                                    {"noext", "noext"},
                                    {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *stem = sm_path_stem(cases[i][0]);
        assert_string_equal(stem, cases[i][1]);
        free(stem);
    }
    const char *const joins[][3] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < sizeof joins / sizeof joins[0]; i++) {
        char *path = sm_path_join(joins[i][0], joins[i][1]);
        assert_string_equal(path, joins[i][2]);
        free(path);
    }
}

static void environment_chooses_the_model(void **state) {
    (void)state;
    assert_int_equal(setenv("SONOMASK_MODEL", "/else/where.safetensors", 1), 0);
    char *path = sm_default_model_path();
    assert_string_equal(path, "/else/where.safetensors");
    free(path);
    unsetenv("SONOMASK_MODEL");
    path = sm_default_model_path();
    assert_non_null(strstr(path, "weights/sonomask.safetensors"));
    free(path);
}

static void json_lines(void **state) {
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    sm_json json = {.file = file};
    sm_json_object_begin(&json, NULL);
    sm_json_string(&json, "quo\"te", "back\\slash \n tab\t \x01 \xc3\xa9 bad\xff cut\xe2\x82");
    sm_json_array_begin(&json, "list");
    sm_json_integer(&json, NULL, -12345678901LL);
    sm_json_number(&json, NULL, 0.1234567);
    sm_json_number(&json, NULL, (double)NAN);
    sm_json_number(&json, NULL, (double)INFINITY);
    sm_json_boolean(&json, NULL, true);
    sm_json_object_begin(&json, NULL);
    sm_json_object_end(&json);
    sm_json_array_begin(&json, NULL);
    sm_json_array_end(&json);
    sm_json_array_end(&json);
    sm_json_string(&json, "none", NULL);
    sm_json_object_end(&json);
    sm_json_object_begin(&json, NULL);
    sm_json_boolean(&json, "b", false);
    sm_json_object_end(&json);
    fclose(file);
    assert_string_equal(text,
                        "{\"quo\\\"te\":\"back\\\\slash \\n tab\\t \\u0001 \xc3\xa9 bad\\ufffd cut\\ufffd\\ufffd\","
                        "\"list\":[-12345678901,0.123457,null,null,true,{},[]],\"none\":null}\n"
                        "{\"b\":false}\n");
    free(text);
}

static void messages(void **state) {
    (void)state;
    sm_error error = {0};
    assert_int_equal(sm_fail(&error, SM_ERROR_DATA, "%s: %d of %z (%f %f %f %f) 100%%", "a\nb", INT32_MIN,
                             (size_t)18446744073709551615u, 0.5, -1.00004, 2.99996, (double)NAN),
                     SM_ERROR_DATA);
    assert_string_equal(error.message, "a?b: -2147483648 of 18446744073709551615 (0.5 -1 3 nan) 100%");
    assert_int_equal(sm_fail(NULL, SM_ERROR_IO, "no error structure"), SM_ERROR_IO);

    sm_error_set(&error, SM_ERROR_IMAGE_EMPTY, "the file is empty");
    assert_int_equal(sm_error_prefix(&error, "folder/x.png"), SM_ERROR_IMAGE_EMPTY);
    assert_string_equal(error.message, "folder/x.png: the file is empty");

    char longest[2 * SM_ERROR_MESSAGE_SIZE];
    memset(longest, 'p', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    sm_error_set(&error, SM_ERROR_IO, "the reason");
    sm_error_prefix(&error, longest);
    assert_int_equal(strlen(error.message), SM_ERROR_MESSAGE_SIZE - 1);
    assert_non_null(strstr(error.message, "p: the reason")); // the reason is kept whole for a long path
    sm_error_set(&error, SM_ERROR_IO, "%s", longest);
    assert_int_equal(strlen(error.message), SM_ERROR_MESSAGE_SIZE - 1);
    assert_string_equal(sm_status_name(SM_ERROR_IMAGE_TOO_LARGE), "image-too-large");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_back),
        cmocka_unit_test(read_errors_name_the_file_and_the_reason),
        cmocka_unit_test(failed_write_leaves_nothing),
        cmocka_unit_test(devices_are_not_replaced),
        cmocka_unit_test(abandoned_writer_keeps_the_old_file),
        cmocka_unit_test(longest_name_can_be_written),
        cmocka_unit_test(makes_folders),
        cmocka_unit_test(path_parts),
        cmocka_unit_test(environment_chooses_the_model),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(messages),
    };
    return cmocka_run_group_tests_name("file", tests, scratch_setup, scratch_teardown);
}
