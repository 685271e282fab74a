#include "training_data.h"

#include <stdio.h>
#include <string.h>

#include "../hash.h"

/** Copies `from` into `to` ([size], at least 4). What does not fit ends in "...", after a whole UTF-8 character. */
static void copy_or_cut(char *to, size_t size, const char *from) {
    static const char dots[] = "...";
    size_t length = strlen(from);
    if (length < size) {
        memcpy(to, from, length + 1);
        return;
    }
    length = size - sizeof dots;
    while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80) length--; /* not before a continuation byte */
    memcpy(to, from, length);
    memcpy(to + length, dots, sizeof dots);
}

static void append(char *text, size_t size, const char *more) {
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", more);
}

/** The names of the data sets, joined by "+". What is longer than `size` is cut anywhere. */
static void join_sources(const sm_training_data *data, char *text, size_t size) {
    const char *last = "";
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < data->count && used < size - 1; i++) {
        const char *source = data->records[i]->source;
        if (strcmp(source, last) == 0) continue;
        last = source;
        if (used > 0) append(text, size, "+");
        append(text, size, source);
        used = strlen(text);
    }
}

/** Describes the images of this training alone. The folds and the number of images are never cut. */
static void describe_own(const sm_training_data *data, char *text, size_t size) {
    char sources[2 * SM_METADATA_TEXT_SIZE], but[48] = "", rest[96];
    if (data->fold >= 0 && data->left_out >= 0)
        snprintf(but, sizeof but, ", all folds but %d and %d", data->left_out, data->fold);
    else if (data->fold >= 0 || data->left_out >= 0)
        snprintf(but, sizeof but, ", all folds but %d", data->fold >= 0 ? data->fold : data->left_out);
    snprintf(rest, sizeof rest, "%s, %d images", but, data->count);
    join_sources(data, sources, sizeof sources);
    copy_or_cut(text, size - strlen(rest), sources);
    append(text, size, rest);
}

void sm_training_data_describe(const sm_training_data *data, const sm_weights_metadata *start,
                               sm_weights_metadata *metadata) {
    char *text = metadata->training_data, *hash = metadata->training_data_hash;
    if (!start) {
        describe_own(data, text, sizeof metadata->training_data);
        snprintf(hash, sizeof metadata->training_data_hash, "%s", data->hash);
        return;
    }
    char own[SM_METADATA_TEXT_SIZE / 2], added[sizeof own + sizeof "; fine-tuned on "];
    char hashes[2 * SM_METADATA_TEXT_SIZE];
    describe_own(data, own, sizeof own);
    snprintf(added, sizeof added, "; fine-tuned on %s", own);
    copy_or_cut(text, sizeof metadata->training_data - strlen(added),
                start->training_data[0] ? start->training_data : "data not named");
    append(text, sizeof metadata->training_data, added);
    snprintf(hashes, sizeof hashes, "%s+%s", start->training_data_hash, data->hash);
    snprintf(hash, sizeof metadata->training_data_hash, "%016llx",
             (unsigned long long)sm_hash(SM_HASH_START, hashes, strlen(hashes)));
}
