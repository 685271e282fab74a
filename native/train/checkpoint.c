#include "checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../file.h"

/*
 * Layout, in the byte order of the machine: header (which begins with the magic), settings, log, parameters, first,
 * second, average, and a checksum of everything before it.
 */
static const char magic[16] = "sonomask-ckpt-2";

enum { DIFFERENCE_SIZE = 200 };

typedef struct header {
    char magic[16];
    uint64_t settings_size, log_size, trainable_count, total_count; /* texts without their NUL */
    int64_t step;
    int32_t epoch, batch;
    int32_t halvings, best_epoch;
    double best_score;
    sm_epoch_sums sums;
} header;

/** FNV-1a over 64-bit words and the remaining bytes. It detects truncation and damage, not tampering. */
static uint64_t checksum(const unsigned char *bytes, size_t size) {
    uint64_t hash = 0xCBF29CE484222325ULL;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        hash = (hash ^ word) * 0x100000001B3ULL;
        hash ^= hash >> 29;
    }
    for (; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001B3ULL;
    return hash;
}

static void append(unsigned char **place, const void *bytes, size_t size) {
    if (size > 0) memcpy(*place, bytes, size);
    *place += size;
}

static void take(const unsigned char **place, void *bytes, size_t size) {
    if (size > 0) memcpy(bytes, *place, size);
    *place += size;
}

static size_t payload_size(const header *h) {
    return sizeof *h + h->settings_size + h->log_size +
           (size_t)(2 * h->trainable_count + 2 * h->total_count) * sizeof(float);
}

sm_status sm_checkpoint_write(const char *path, const sm_checkpoint *checkpoint, const float *parameters,
                              const sm_optimiser *optimiser, sm_error *error) {
    header h;
    memset(&h, 0, sizeof h);
    memcpy(h.magic, magic, sizeof h.magic);
    h.settings_size = strlen(checkpoint->settings);
    h.log_size = strlen(checkpoint->log);
    h.trainable_count = optimiser->trainable_count;
    h.total_count = optimiser->total_count;
    h.step = optimiser->step;
    h.epoch = checkpoint->epoch;
    h.batch = checkpoint->batch;
    h.sums = checkpoint->sums;
    h.halvings = checkpoint->halvings;
    h.best_epoch = checkpoint->best_epoch;
    h.best_score = checkpoint->best_score;
    size_t size = payload_size(&h);
    unsigned char *bytes = malloc(size + sizeof(uint64_t));
    if (!bytes) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the checkpoint");
    unsigned char *place = bytes;
    append(&place, &h, sizeof h);
    append(&place, checkpoint->settings, h.settings_size);
    append(&place, checkpoint->log, h.log_size);
    append(&place, parameters, h.total_count * sizeof(float));
    append(&place, optimiser->first, h.trainable_count * sizeof(float));
    append(&place, optimiser->second, h.trainable_count * sizeof(float));
    append(&place, optimiser->average, h.total_count * sizeof(float));
    uint64_t sum = checksum(bytes, size);
    append(&place, &sum, sizeof sum);
    sm_status status = sm_file_write_as(path, bytes, size + sizeof sum, &(sm_file_options){.durable = true}, error);
    free(bytes);
    return status;
}

static char *take_text(const unsigned char **place, size_t size) {
    char *text = malloc(size + 1);
    if (text) {
        take(place, text, size);
        text[size] = '\0';
    }
    return text;
}

/** Appends the word of `length` bytes to a list, unless the list is full. */
static void append_word(char *list, size_t room, const char *word, size_t length) {
    const size_t used = strlen(list);
    if (length > 0 && used + length + 2 <= room)
        snprintf(list + used, room - used, "%s%.*s", used ? " " : "", (int)length, word);
}

/** Fails with the settings, "key=value key=value ...", that differ. */
static sm_status fail_settings(const char *path, const char *then, const char *now, sm_error *error) {
    char old[DIFFERENCE_SIZE] = "";
    char new[DIFFERENCE_SIZE] = "";
    while (*then && *now) {
        const size_t then_length = strcspn(then, " ");
        const size_t now_length = strcspn(now, " ");
        if (then_length != now_length || memcmp(then, now, now_length) != 0) {
            append_word(old, sizeof old, then, then_length);
            append_word(new, sizeof new, now, now_length);
        }
        then += then_length + strspn(then + then_length, " ");
        now += now_length + strspn(now + now_length, " ");
    }
    append_word(old, sizeof old, then, strlen(then));
    append_word(new, sizeof new, now, strlen(now));
    return sm_fail(error, SM_ERROR_DATA, "%s: cannot resume: the checkpoint was made with %s, now it is %s", path, old,
                   new);
}

/** Whether two words "key=number" have this key, and the second number is at least (`sign` 1) or at most (-1) the
 * first. */
static bool may_change(const char *then, const char *now, const char *key, int sign) {
    const size_t length = strlen(key);
    return strncmp(then, key, length) == 0 && strncmp(now, key, length) == 0 &&
           sign * (strtod(now + length, NULL) - strtod(then + length, NULL)) >= 0;
}

/** Whether nothing differs but that the training has more epochs or a lower learning rate now. */
static bool same_settings(const char *then, const char *now) {
    while (*then && *now) {
        const size_t then_length = strcspn(then, " "), now_length = strcspn(now, " ");
        const bool same = then_length == now_length && memcmp(then, now, now_length) == 0;
        if (!same && !may_change(then, now, "epochs=", 1) && !may_change(then, now, "lr=", -1)) return false;
        then += then_length + strspn(then + then_length, " ");
        now += now_length + strspn(now + now_length, " ");
    }
    return !*then && !*now;
}

static sm_status parse(const char *path, const unsigned char *bytes, size_t size, const char *settings,
                       sm_checkpoint *checkpoint, float *parameters, sm_optimiser *optimiser, sm_error *error) {
    header h;
    uint64_t sum;
    if (size >= sizeof magic && memcmp(bytes, magic, sizeof magic - 2) == 0 &&
        bytes[sizeof magic - 2] != (unsigned char)magic[sizeof magic - 2])
        return sm_fail(error, SM_ERROR_DATA, "%s: a checkpoint of another version of sonomask cannot be resumed", path);
    if (size < sizeof h + sizeof sum || memcmp(bytes, magic, sizeof magic) != 0)
        return sm_fail(error, SM_ERROR_DATA, "%s: not a checkpoint", path);
    const unsigned char *place = bytes;
    take(&place, &h, sizeof h);
    memcpy(&sum, bytes + size - sizeof sum, sizeof sum);
    if (h.settings_size > size || h.log_size > size || h.trainable_count > size || h.total_count > size ||
        payload_size(&h) + sizeof sum != size || checksum(bytes, size - sizeof sum) != sum)
        return sm_fail(error, SM_ERROR_DATA, "%s: the checkpoint is damaged or truncated", path);
    checkpoint->settings = take_text(&place, h.settings_size);
    checkpoint->log = take_text(&place, h.log_size);
    if (!checkpoint->settings || !checkpoint->log)
        return sm_fail(error, SM_ERROR_MEMORY, "%s: no memory for the checkpoint", path);
    if (!same_settings(checkpoint->settings, settings))
        return fail_settings(path, checkpoint->settings, settings, error);
    if (h.trainable_count != optimiser->trainable_count || h.total_count != optimiser->total_count)
        return sm_fail(error, SM_ERROR_DATA, "%s: the checkpoint is of another network", path);
    checkpoint->epoch = h.epoch;
    checkpoint->batch = h.batch;
    checkpoint->sums = h.sums;
    checkpoint->halvings = h.halvings;
    checkpoint->best_epoch = h.best_epoch;
    checkpoint->best_score = h.best_score;
    optimiser->step = (long)h.step;
    take(&place, parameters, h.total_count * sizeof(float));
    take(&place, optimiser->first, h.trainable_count * sizeof(float));
    take(&place, optimiser->second, h.trainable_count * sizeof(float));
    take(&place, optimiser->average, h.total_count * sizeof(float));
    return SM_OK;
}

static sm_status fail_errno(const char *path, sm_error *error) {
    return sm_fail(error, SM_ERROR_IO, "%s: the checkpoint cannot be opened: %s", path, strerror(errno));
}

sm_status sm_checkpoint_find(const char *path, bool *found, sm_error *error) {
    struct stat information;
    *found = false;
    // Not stat or open: for a link without a target they report the same error as for no file at all.
    if (lstat(path, &information) != 0) return errno == ENOENT ? SM_OK : fail_errno(path, error);
    const int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); // does not wait for the writer of a pipe
    if (descriptor < 0) return fail_errno(path, error);
    const bool regular = fstat(descriptor, &information) == 0 && S_ISREG(information.st_mode);
    close(descriptor);
    if (!regular) return sm_fail(error, SM_ERROR_IO, "%s: the checkpoint is not a regular file", path);
    *found = true;
    return SM_OK;
}

sm_status sm_checkpoint_read(const char *path, const char *settings, sm_checkpoint *checkpoint, float *parameters,
                             sm_optimiser *optimiser, sm_error *error) {
    memset(checkpoint, 0, sizeof *checkpoint);
    unsigned char *bytes = NULL;
    size_t size = 0;
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    status = parse(path, bytes, size, settings, checkpoint, parameters, optimiser, error);
    free(bytes);
    if (status != SM_OK) sm_checkpoint_free(checkpoint);
    return status;
}

void sm_checkpoint_free(sm_checkpoint *checkpoint) {
    free(checkpoint->settings);
    free(checkpoint->log);
    memset(checkpoint, 0, sizeof *checkpoint);
}
