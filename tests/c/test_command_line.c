/** Command lines: every kind of option, what is wrong, and the printed help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../native/command_line.h"
#include "../../native/file.h"
#include "scratch_folder.h"

typedef struct arguments {
    const char *out, *name, *options;
    sm_words data, others, files;
    int count, level, kind;
    uint64_t seed;
    float share;
    bool fast, smooth, custom;
    int runs; /* calls of run() */
} arguments;

static const char *const kinds[] = {"round", "square", "flat", NULL};

static const char *take_yes(void *pointer, const char *text) {
    ((arguments *)pointer)->custom = strcmp(text, "yes") == 0;
    return strcmp(text, "yes") == 0 ? NULL : "needs yes";
}

static const char *check(void *pointer) {
    const arguments *a = pointer;
    return a->fast && a->level > 5 ? "--fast excludes a high --level" : NULL;
}

static const sm_option option_table[] = {
    {.name = "out",
     .value = "DIR",
     .help = "where to write",
     .kind = SM_OPTION_TEXT,
     .offset = offsetof(arguments, out),
     .required = true},
    {.name = "data",
     .value = "PATH...",
     .help = "what to read",
     .kind = SM_OPTION_LIST,
     .offset = offsetof(arguments, data)},
    {.name = "others",
     .value = "PATH...",
     .help = "what else to read",
     .kind = SM_OPTION_LIST,
     .offset = offsetof(arguments, others)},
    {.name = "name", .value = "NAME", .help = "a name", .kind = SM_OPTION_TEXT, .offset = offsetof(arguments, name)},
    {.name = "count",
     .value = "N",
     .help = "how many",
     .default_text = "as many as fit",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, count),
     .low = 1,
     .high = 100},
    {.name = "level",
     .value = "N",
     .help = "a level that takes so many words to explain that the text needs a second line",
     .kind = SM_OPTION_INTEGER,
     .offset = offsetof(arguments, level),
     .low = -3,
     .high = 9},
    {.name = "kind",
     .value = "NAME",
     .help = "the shape",
     .kind = SM_OPTION_CHOICE,
     .offset = offsetof(arguments, kind),
     .choices = kinds},
    {.name = "seed", .value = "S", .help = "a seed", .kind = SM_OPTION_SEED, .offset = offsetof(arguments, seed)},
    {.name = "share-of-everything",
     .value = "SHARE",
     .help = "a share",
     .kind = SM_OPTION_DECIMAL,
     .offset = offsetof(arguments, share),
     .high = 0.5},
    {.name = "fast", .help = "be quick", .kind = SM_OPTION_FLAG, .offset = offsetof(arguments, fast)},
    {.name = "no-smooth", .help = "be rough", .kind = SM_OPTION_NO_FLAG, .offset = offsetof(arguments, smooth)},
    {.name = "custom", .value = "WORD", .help = "must be yes", .kind = SM_OPTION_CUSTOM, .take = take_yes},
    {.name = NULL},
};

static const sm_option more_options[] = {
    {.name = "out",
     .value = "DIR",
     .help = "where to write",
     .offset = offsetof(arguments, out),
     .required = true,
     .kind = SM_OPTION_TEXT},
    {.name = "data",
     .value = "PATH...",
     .help = "what to read",
     .kind = SM_OPTION_LIST,
     .offset = offsetof(arguments, data)},
    {.name = "count",
     .value = "N",
     .help = "how many",
     .kind = SM_OPTION_INTEGER,
     .high = 100,
     .offset = offsetof(arguments, count)},
    {.name = "share",
     .value = "X",
     .help = "a share",
     .kind = SM_OPTION_DECIMAL,
     .high = 1,
     .offset = offsetof(arguments, share)},
    {.name = "fast", .help = "be quick", .kind = SM_OPTION_FLAG, .offset = offsetof(arguments, fast)},
    {.name = "smooth", .help = "be smooth", .kind = SM_OPTION_FLAG, .offset = offsetof(arguments, smooth)},
    {.name = "no-smooth", .help = "be rough", .kind = SM_OPTION_NO_FLAG, .offset = offsetof(arguments, smooth)},
    SM_OPTIONS_OPTION(offsetof(arguments, options)),
    {.name = NULL},
};

static const sm_command_line with_options_file = {
    .name = "try",
    .description = "Tries things.",
    .arguments_size = sizeof(arguments),
    .options = more_options,
};

static const sm_command_line with_files = {
    .name = "try",
    .description =
        "Tries things.\n  one    a first thing with a long text that does not fit into one line of the help\n"
        "  three  a third thing\nThat is all.\n\nA second paragraph.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
    .operands = "FILE...",
    .operands_offset = offsetof(arguments, files),
    .check = check,
};

static const sm_command_line without_files = {
    .name = "try",
    .description = "Tries things.",
    .arguments_size = sizeof(arguments),
    .options = option_table,
};

static const char help_text[] = "usage: sonomask try --out DIR [OPTION]... FILE...\n"
                                "\n"
                                "Tries things.\n"
                                "  one    a first thing with a long text that does not fit into one line of the\n"
                                "         help\n"
                                "  three  a third thing\n"
                                "That is all.\n"
                                "\n"
                                "A second paragraph.\n"
                                "\n"
                                "  --out DIR               where to write\n"
                                "  --data PATH...          what to read\n"
                                "  --others PATH...        what else to read\n"
                                "  --name NAME             a name (default: sonomask)\n"
                                "  --count N               how many (1 to 100; default: as many as fit)\n"
                                "  --level N               a level that takes so many words to explain that the\n"
                                "                          text needs a second line (-3 to 9; default: 2)\n"
                                "  --kind NAME             the shape (round, square or flat; default: square)\n"
                                "  --seed S                a seed (default: 7)\n"
                                "  --share-of-everything SHARE\n"
                                "                          a share (0 to 0.5; default: 0.1)\n"
                                "  --fast                  be quick\n"
                                "  --no-smooth             be rough\n"
                                "  --custom WORD           must be yes\n";

static arguments result;             /* of the last call that reached run() */
static char words_text[256];         /* its lists */
static char out_text[64];            /* its `out`: a text of a file of options is gone after run() */
static sm_status run_status = SM_OK; /* what run() returns */

static void list_words(const char *title, const sm_words *list) {
    const size_t used = strlen(words_text);
    snprintf(words_text + used, sizeof words_text - used, "%s:", title);
    for (int i = 0; i < list->count; i++) {
        const size_t end = strlen(words_text);
        snprintf(words_text + end, sizeof words_text - end, " %s", list->words[i]);
    }
    strcat(words_text, "; ");
}

static sm_status run(void *pointer, sm_error *error) {
    result = *(arguments *)pointer;
    result.runs++;
    words_text[0] = '\0';
    snprintf(out_text, sizeof out_text, "%s", result.out);
    list_words("data", &result.data);
    list_words("others", &result.others);
    list_words("files", &result.files);
    return run_status == SM_OK ? SM_OK : sm_fail(error, run_status, "it went wrong");
}

typedef struct outcome {
    int exit_status;
    char *out, *err;
} outcome;

/** Runs the command line `words`, separated by single spaces. */
static outcome attempt(const sm_command_line *line, const char *words) {
    static char copy[512]; // the arguments point into it
    char *argv[64] = {0};
    snprintf(copy, sizeof copy, "%s", words);
    int argc = 0;
    char name[] = "try";
    argv[argc++] = name;
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    result = (arguments){0};
    arguments a = {.name = "sonomask", .level = 2, .kind = 1, .seed = 7, .share = 0.1f, .smooth = true};
    const char *path = scratch_path(scratch_root, "stdout.txt");
    fflush(stdout);
    const int kept = dup(STDOUT_FILENO), target = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(kept >= 0 && target >= 0);
    dup2(target, STDOUT_FILENO);
    close(target);
    scratch_stderr_begin(scratch_root);
    outcome o = {.exit_status = sm_command_line_run(line, argc, argv, &a, run)};
    o.err = scratch_stderr_end(scratch_root);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    size_t size = 0;
    assert_int_equal(sm_file_read(path, (unsigned char **)&o.out, &size, NULL), SM_OK);
    assert_ptr_equal(argv[0], name);
    return o;
}

static void assert_good(const sm_command_line *line, const char *words) {
    outcome o = attempt(line, words);
    assert_string_equal(o.err, "");
    assert_string_equal(o.out, "");
    assert_int_equal(o.exit_status, SM_EXIT_DONE);
    assert_int_equal(result.runs, 1);
    free(o.out);
    free(o.err);
}

static void assert_wrong(const sm_command_line *line, const char *words, const char *message) {
    char expected[512];
    snprintf(expected, sizeof expected, "sonomask: try: %s\nusage: sonomask try --out DIR [OPTION]...%s\n%s", message,
             line->operands ? " FILE..." : "", "try: sonomask try --help\n");
    outcome o = attempt(line, words);
    assert_string_equal(o.err, expected);
    assert_string_equal(o.out, "");
    assert_int_equal(o.exit_status, SM_EXIT_USAGE);
    assert_int_equal(result.runs, 0);
    free(o.out);
    free(o.err);
}

static void abbreviations_are_refused(void **state) {
    (void)state;
    assert_wrong(&with_files, "--out d --cou 3", "unknown option \"--cou\"; options are not abbreviated: --count");
    assert_wrong(&with_files, "--ou=d", "unknown option \"--ou\"; options are not abbreviated: --out");
    assert_wrong(&with_files, "--hel", "unknown option \"--hel\"; options are not abbreviated: --help");
}

static void every_kind_of_option_is_read(void **state) {
    (void)state;
    assert_good(&with_files, "--out d");
    assert_string_equal(result.out, "d");
    assert_string_equal(result.name, "sonomask");
    assert_int_equal(result.level, 2);
    assert_true(result.smooth && !result.fast);
    assert_good(&with_files, "--out d --name n --count 100 --level -3 --kind flat --seed 9223372036854775807 --fast "
                             "--share-of-everything .25 --no-smooth --custom yes");
    assert_string_equal(result.name, "n");
    assert_int_equal(result.count, 100);
    assert_int_equal(result.level, -3);
    assert_int_equal(result.kind, 2);
    assert_true(result.seed == INT64_MAX);
    assert_true(result.share == 0.25f);
    assert_true(result.fast && !result.smooth && result.custom);
    assert_good(&with_files, "--out=d --count 3 --count 4"); // getopt_long's forms; the last one counts
    assert_int_equal(result.count, 4);
}

static void words_belong_to_the_list_before_them(void **state) {
    (void)state;
    assert_good(&with_files, "a --out d b c");
    assert_string_equal(words_text, "data:; others:; files: a b c; ");
    assert_good(&with_files, "--data 1 2 --others 3 --out d a --data 4 --fast b -- --count");
    assert_string_equal(words_text, "data: 1 2 4; others: 3; files: a b --count; ");
    assert_good(&without_files, "--out d --data 1 -- --2");
    assert_string_equal(words_text, "data: 1 --2; others:; files:; ");
}

static void what_is_wrong_is_named(void **state) {
    (void)state;
    assert_wrong(&with_files, "", "--out is missing");
    assert_wrong(&with_files, "--out=", "--out is missing");
    assert_wrong(&with_files, "--out", "option '--out' requires an argument");
    assert_wrong(&with_files, "--out d --colour", "unrecognized option '--colour'");
    assert_wrong(&with_files, "--out d --count 0", "--count needs a whole number from 1 to 100, not \"0\"");
    assert_wrong(&with_files, "--out d --count 101", "--count needs a whole number from 1 to 100, not \"101\"");
    assert_wrong(&with_files, "--out d --count 3x", "--count needs a whole number from 1 to 100, not \"3x\"");
    assert_wrong(&with_files, "--out d --count 99999999999999999999",
                 "--count needs a whole number from 1 to 100, not \"99999999999999999999\"");
    assert_wrong(&with_files, "--out d --count=", "--count needs a whole number from 1 to 100, not \"\"");
    assert_wrong(&with_files, "--out d --seed -1",
                 "--seed needs a whole number from 0 to 9223372036854775807, not \"-1\"");
    assert_wrong(&with_files, "--out d --share-of-everything nan",
                 "--share-of-everything needs a number from 0 to 0.5, not \"nan\"");
    assert_wrong(&with_files, "--out d --share-of-everything 0.51",
                 "--share-of-everything needs a number from 0 to 0.5, not \"0.51\"");
    assert_wrong(&with_files, "--out d --kind oval", "--kind must be round, square or flat, not \"oval\"");
    assert_wrong(&with_files, "--out d --custom no", "--custom needs yes, not \"no\"");
    assert_wrong(&with_files, "--out d --fast --level 6", "--fast excludes a high --level");
    assert_wrong(&without_files, "--out d word", "unexpected \"word\"");
    assert_wrong(&without_files, "--data 1 --out d word", "unexpected \"word\"");
    assert_wrong(&without_files, "--out d -- word", "unexpected \"word\"");
}

static void help_shows_the_table_and_the_defaults(void **state) {
    (void)state;
    static const char *const lines[] = {"--help", "--level 9 --name other --help", "file --help --out"};
    for (int i = 0; i < 3; i++) {
        outcome o = attempt(&with_files, lines[i]);
        assert_string_equal(o.out, help_text);
        assert_string_equal(o.err, "");
        assert_int_equal(o.exit_status, SM_EXIT_DONE);
        assert_int_equal(result.runs, 0);
        free(o.out);
        free(o.err);
    }
}

static void the_exit_status_follows_the_result(void **state) {
    (void)state;
    const struct {
        sm_status status;
        int exit_status;
    } cases[] = {
        {SM_ERROR_IO, SM_EXIT_FAILED}, {SM_ERROR_ARGUMENT, SM_EXIT_USAGE}, {SM_ERROR_INTERRUPTED, SM_EXIT_FAILED}};
    for (int i = 0; i < 3; i++) {
        run_status = cases[i].status;
        outcome o = attempt(&with_files, "--out d");
        assert_int_equal(o.exit_status, cases[i].exit_status);
        assert_string_equal(o.err, "sonomask: it went wrong\n");
        free(o.out);
        free(o.err);
    }
    run_status = SM_OK;
}

/** Runs with a file of options that holds `text`, and with `words`. */
static void assert_file(const char *text, const char *words) {
    char line[320];
    scratch_text(scratch_root, "try.ini", text);
    snprintf(line, sizeof line, "--options %s %s", scratch_path(scratch_root, "try.ini"), words);
    assert_good(&with_options_file, line);
}

static void assert_wrong_file(const char *text, const char *message) {
    char line[320], expected[400];
    scratch_text(scratch_root, "try.ini", text);
    const char *path = scratch_path(scratch_root, "try.ini");
    snprintf(line, sizeof line, "--out d --options %s", path);
    snprintf(expected, sizeof expected, "%s, line %s", path, message);
    assert_wrong(&with_options_file, line, expected);
}

static bool built_with_libinih(void) {
    scratch_text(scratch_root, "try.ini", "out = d\n");
    char line[320];
    snprintf(line, sizeof line, "--options %s", scratch_path(scratch_root, "try.ini"));
    outcome o = attempt(&with_options_file, line);
    const bool built = strstr(o.err, "built without libinih") == NULL;
    assert_int_equal(o.exit_status, built ? SM_EXIT_DONE : SM_EXIT_USAGE);
    free(o.out);
    free(o.err);
    return built;
}

static void options_come_from_a_file(void **state) {
    (void)state;
    if (!built_with_libinih()) skip();
    assert_file("# a comment\nout = a folder ; another\n[try]\ndata: a b\n  c\n\td\ncount = 7\r\nfast = yes\n"
                "no-smooth = on\n",
                "--share 0.5");
    assert_string_equal(out_text, "a folder");
    assert_string_equal(words_text, "data: a b c d; others:; files:; ");
    assert_int_equal(result.data.count, 3);
    assert_int_equal(result.count, 7);
    assert_true(result.share == 0.5f && result.fast && !result.smooth);
    /* The command line overrides, also before --options, and by the other of two switches. */
    assert_file("out = d\ndata = a\ncount = 7\nno-smooth = yes\n", "--count 8 --data b --smooth");
    assert_string_equal(words_text, "data: b; others:; files:; ");
    assert_int_equal(result.count, 8);
    assert_true(result.smooth);
    assert_file("out = d\nfast = no\n", "");
    assert_true(!result.fast);
}

static void what_is_wrong_in_a_file_is_named(void **state) {
    (void)state;
    if (!built_with_libinih()) skip();
    assert_wrong_file("count = 3\ncounts = 3\n", "2: unknown option \"counts\"; the nearest is count");
    assert_wrong_file("coun = 3\n", "1: unknown option \"coun\"; the nearest is count");
    assert_wrong_file("somethingelse = 3\n", "1: unknown option \"somethingelse\"");
    assert_wrong_file("count = 3\n\ncount = 3\n", "3: count is given twice");
    assert_wrong_file("data = a\ndata = b\n", "2: data is given twice");
    assert_wrong_file("count = 3\n  4\n",
                      "2: count takes one value, but this line, which begins with a space, holds another");
    assert_wrong_file("count = x\n", "1: count needs a whole number from 0 to 100, not \"x\"");
    assert_wrong_file("share = nan\n", "1: share needs a number from 0 to 1, not \"nan\"");
    assert_wrong_file("fast = perhaps\n", "1: fast needs yes or no, not \"perhaps\"");
    assert_wrong_file("count =\n", "1: count has no value");
    assert_wrong_file("share = 1\ncount\nshare = 1\n", "2: not NAME = VALUE");
    assert_wrong_file("[other]\ncount = 3\n", "2: section [other]: only [try] is read here");
    assert_wrong_file("options = x\n", "1: options cannot be given in a file of options");
    char text[400];
    snprintf(text, sizeof text, "share = 1\nout = %0300d\n", 1);
    assert_wrong_file(text, "2: longer than 198 bytes");
    outcome o = attempt(&with_options_file, "--out d --options /nowhere.ini");
    assert_non_null(strstr(o.err, "/nowhere.ini: No such file or directory"));
    assert_int_equal(o.exit_status, SM_EXIT_USAGE);
    free(o.out);
    free(o.err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_come_from_a_file),
        cmocka_unit_test(what_is_wrong_in_a_file_is_named),
        cmocka_unit_test(abbreviations_are_refused),
        cmocka_unit_test(every_kind_of_option_is_read),
        cmocka_unit_test(words_belong_to_the_list_before_them),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(help_shows_the_table_and_the_defaults),
        cmocka_unit_test(the_exit_status_follows_the_result),
    };
    return cmocka_run_group_tests_name("command_line", tests, scratch_setup, scratch_teardown);
}
