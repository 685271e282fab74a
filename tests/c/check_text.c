#include "check_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/file.h"
#include "../../src/json_read.h"

char *text_read(const char *path) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_error error = {0};
    if (sm_file_read(path, &bytes, &size, &error) != SM_OK) fail_msg("%s", error.message);
    assert_int_equal(strlen((char *)bytes), size);
    return (char *)bytes;
}

char *text_metrics_without_times(const char *path) {
    static const char key[] = "\"milliseconds_per_image\":";
    char *text = text_read(path);
    for (char *at = strstr(text, key); at; at = strstr(at, key)) {
        at += strlen(key);
        memmove(at, at + strcspn(at, ",}"), strlen(at + strcspn(at, ",}")) + 1);
    }
    return text;
}

int text_count(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part)) count++;
    return count;
}

enum { DEPTH_MAX = 64, NAME_MAX_LENGTH = 32 };

typedef struct markup {
    char open[DEPTH_MAX][NAME_MAX_LENGTH];
    int depth, elements;
} markup;

static bool is_void(const char *name) {
    static const char *const names[] = {"meta", "br", "img"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

/* Reads the tag at `at` (after its '<') and returns the text after it. */
static const char *take_tag(markup *checker, const char *at) {
    char name[NAME_MAX_LENGTH] = "";
    bool closing = *at == '/';
    size_t length = 0;
    for (at += closing; isalnum((unsigned char)*at) && length + 1 < sizeof name; at++) name[length++] = *at;
    assert_true(length > 0);
    bool alone = false;
    while (*at != '>') {
        assert_true(*at != '\0' && *at != '<');
        if (*at == '"') { /* attribute values are always in double quotes, and hold no markup */
            at++;
            at += strcspn(at, "\"<");
            assert_int_equal(*at, '"');
        }
        alone = *at == '/';
        at++;
    }
    if (closing) {
        assert_true(checker->depth > 0);
        assert_string_equal(checker->open[--checker->depth], name);
    } else if (!alone && !is_void(name)) {
        assert_true(checker->depth < DEPTH_MAX);
        memcpy(checker->open[checker->depth++], name, sizeof name);
    }
    checker->elements++;
    return at + 1;
}

/* "nan" or "inf" as a word: "malignant" contains the letters. */
static void check_no_bad_number(const char *text) {
    static const char *const words[] = {"nan", "inf"};
    for (size_t w = 0; w < 2; w++)
        for (const char *at = text; (at = strstr(at, words[w])); at++) {
            bool starts = at == text || !isalpha((unsigned char)at[-1]);
            if (starts && !isalpha((unsigned char)at[3])) fail_msg("not a number: ...%.60s", at);
        }
}

int check_markup(const char *text) {
    markup checker = {0};
    for (const char *at = text; *at;) {
        if (strncmp(at, "<?xml", 5) == 0 || strncmp(at, "<!doctype", 9) == 0) {
            at = strchr(at, '>') + 1;
        } else if (*at == '<') {
            at = take_tag(&checker, at + 1);
            if (checker.depth > 0 && strcmp(checker.open[checker.depth - 1], "style") == 0) at = strstr(at, "</style>");
            assert_non_null(at);
        } else {
            if (*at == '&') assert_non_null(memchr(at, ';', strnlen(at, 8)));
            at++;
        }
    }
    assert_int_equal(checker.depth, 0);
    check_no_bad_number(text);
    return checker.elements;
}

void check_json(const char *text) {
    sm_json_cursor cursor = {.text = text, .end = text + strlen(text)};
    sm_json_skip(&cursor);
    assert_false(cursor.failed);
    check_no_bad_number(text);
}
