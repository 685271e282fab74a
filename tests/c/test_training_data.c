/** What weights say of their training data, also when they were fine-tuned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../native/train/training_data.h"

enum { RECORDS = 4 };

/** Describes RECORDS images, of which the first two and the last two are of a data set each. */
static sm_weights_metadata describe(const char *first, const char *second, int fold, int left_out, const char *hash,
                                    const sm_weights_metadata *start) {
    char *names[2] = {strdup(first), strdup(second)};
    assert_true(names[0] && names[1]);
    sm_record records[RECORDS] = {
        {.source = names[0]}, {.source = names[0]}, {.source = names[1]}, {.source = names[1]}};
    const sm_record *list[RECORDS];
    for (int i = 0; i < RECORDS; i++) list[i] = &records[i];
    const sm_training_data data = {.records = list, .count = RECORDS, .fold = fold, .left_out = left_out, .hash = hash};
    sm_weights_metadata metadata = {.training_data = "another", .training_data_hash = "another"};
    sm_training_data_describe(&data, start, &metadata);
    free(names[0]);
    free(names[1]);
    return metadata;
}

static void the_data_of_a_training_are_named(void **state) {
    (void)state;
    sm_weights_metadata metadata = describe("busi", "busbra", -1, -1, "0123", NULL);
    assert_string_equal(metadata.training_data, "busi+busbra, 4 images");
    assert_string_equal(metadata.training_data_hash, "0123");
    metadata = describe("busi", "busi", 2, -1, "0123", NULL);
    assert_string_equal(metadata.training_data, "busi, all folds but 2, 4 images");
    metadata = describe("busi", "busi", 2, 3, "0123", NULL);
    assert_string_equal(metadata.training_data, "busi, all folds but 3 and 2, 4 images");
}

static void fine_tuned_weights_name_their_start(void **state) {
    (void)state;
    const sm_weights_metadata start = describe("busi", "busbra", 3, -1, "0123", NULL);
    const sm_weights_metadata tuned = describe("mine", "mine", -1, -1, "4567", &start);
    assert_string_equal(tuned.training_data, "busi+busbra, all folds but 3, 4 images; fine-tuned on mine, 4 images");
    /* The hash covers both, and their order. */
    assert_int_equal(strlen(tuned.training_data_hash), 16);
    const sm_weights_metadata same = describe("mine", "mine", -1, -1, "4567", &start);
    assert_string_equal(same.training_data_hash, tuned.training_data_hash);
    sm_weights_metadata other = start;
    strcpy(other.training_data_hash, "4567");
    const sm_weights_metadata swapped = describe("mine", "mine", -1, -1, "0123", &other);
    assert_string_not_equal(swapped.training_data_hash, tuned.training_data_hash);
    const sm_weights_metadata more = describe("mine", "mine", -1, -1, "4568", &start);
    assert_string_not_equal(more.training_data_hash, tuned.training_data_hash);
    /* Once more. */
    const sm_weights_metadata again = describe("yours", "yours", 0, -1, "89ab", &tuned);
    assert_string_equal(again.training_data, "busi+busbra, all folds but 3, 4 images; fine-tuned on mine, 4 images; "
                                             "fine-tuned on yours, all folds but 0, 4 images");
    /* A start that names nothing. */
    const sm_weights_metadata nameless = {.network = "sonomask2"};
    const sm_weights_metadata unknown = describe("mine", "mine", -1, -1, "4567", &nameless);
    assert_string_equal(unknown.training_data, "data not named; fine-tuned on mine, 4 images");
}

static void what_is_too_long_is_cut_visibly(void **state) {
    (void)state;
    char name[400];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const sm_weights_metadata whole = describe(name, "busi", 3, -1, "0123", NULL);
    assert_int_equal(strlen(whole.training_data), SM_METADATA_TEXT_SIZE - 1);
    assert_non_null(strstr(whole.training_data, "xxx..., all folds but 3, 4 images"));
    /* The new data stay whole, and of what came before the end is cut. */
    const sm_weights_metadata tuned = describe("mine", "mine", -1, -1, "4567", &whole);
    assert_int_equal(strlen(tuned.training_data), SM_METADATA_TEXT_SIZE - 1);
    assert_non_null(strstr(tuned.training_data, "xxx...; fine-tuned on mine, 4 images"));
    const sm_weights_metadata both = describe(name, name, -1, -1, "4567", &whole);
    assert_int_equal(strlen(both.training_data), SM_METADATA_TEXT_SIZE - 1);
    assert_non_null(strstr(both.training_data, "xxx...; fine-tuned on xxx"));
    assert_non_null(strstr(both.training_data, "xxx..., 4 images"));
    /* Between two characters: each of these has two bytes, and is cut or kept whole. */
    for (int shift = 0; shift < 2; shift++) {
        char accents[400] = "";
        if (shift) strcpy(accents, "a");
        while (strlen(accents) + 3 < sizeof accents) strcat(accents, "\xC3\xA9");
        const sm_weights_metadata cut = describe(accents, "busi", -1, -1, "0123", NULL);
        const char *dots = strstr(cut.training_data, "..., 4 images");
        assert_non_null(dots);
        assert_int_equal((unsigned char)dots[-1], 0xA9);
        assert_int_equal((dots - cut.training_data - shift) % 2, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_data_of_a_training_are_named),
        cmocka_unit_test(fine_tuned_weights_name_their_start),
        cmocka_unit_test(what_is_too_long_is_cut_visibly),
    };
    return cmocka_run_group_tests_name("training data", tests, NULL, NULL);
}
