#include "own_files.h"

#include <stdlib.h>
#include <string.h>

#include "../src/bytes.h"
#include "../src/crc32.h"
#include "../src/image_png_write.h"

/* Keyword, NUL and text of the chunk; wasm/cli.js writes the same. */
#define PNG_MARK "Comment\0Written by the sonomask program, which may replace this file."

static bool begins_with(const unsigned char *bytes, size_t size, const char *text) {
    const size_t length = strlen(text);
    return size >= length && memcmp(bytes, text, length) == 0;
}

/** Whether `text` is in the first `limit` bytes. */
static bool contains(const unsigned char *bytes, size_t size, size_t limit, const char *text) {
    const size_t length = strlen(text);
    if (size > limit) size = limit;
    for (size_t i = 0; i + length <= size; i++)
        if (memcmp(bytes + i, text, length) == 0) return true;
    return false;
}

/* A PNG begins with 8 bytes of signature and the chunk IHDR; our chunk follows. A chunk is length, type, content, CRC.
 */
enum { PNG_START_SIZE = 8 + 12 + 13, MARK_CONTENT_SIZE = sizeof PNG_MARK - 1, MARK_SIZE = 12 + MARK_CONTENT_SIZE };

static void make_mark(unsigned char chunk[MARK_SIZE]) {
    sm_put_big32(chunk, MARK_CONTENT_SIZE);
    memcpy(chunk + 4, "tEXt" PNG_MARK, 4 + MARK_CONTENT_SIZE);
    sm_put_big32(chunk + 8 + MARK_CONTENT_SIZE, sm_crc32(chunk + 4, 4 + MARK_CONTENT_SIZE));
}

bool sm_own_png(const unsigned char *head, size_t size) {
    unsigned char mark[MARK_SIZE];
    make_mark(mark);
    return sm_png_is_ours(head, size) && size >= PNG_START_SIZE + MARK_SIZE &&
           memcmp(head + PNG_START_SIZE, mark, MARK_SIZE) == 0;
}

sm_status sm_own_png_encode(const sm_image *image, uint8_t **bytes, size_t *size, sm_error *error) {
    const sm_status status = sm_image_encode_png(image, bytes, size, error);
    if (status != SM_OK) return status;
    uint8_t *larger = realloc(*bytes, *size + MARK_SIZE);
    if (!larger) {
        free(*bytes);
        *bytes = NULL;
        return sm_fail(error, SM_ERROR_MEMORY, "no memory to write a PNG of %d x %d pixels", image->width,
                       image->height);
    }
    memmove(larger + PNG_START_SIZE + MARK_SIZE, larger + PNG_START_SIZE, *size - PNG_START_SIZE);
    make_mark(larger + PNG_START_SIZE);
    *bytes = larger;
    *size += MARK_SIZE;
    return SM_OK;
}

bool sm_own_weights(const unsigned char *head, size_t size) {
    enum { LENGTH_SIZE = 8, METADATA_SIZE = 4096 };
    return size > LENGTH_SIZE &&
           begins_with(head + LENGTH_SIZE, size - LENGTH_SIZE, "{\"__metadata__\":{\"format_version\":\"") &&
           contains(head, size, METADATA_SIZE, "\"normalisation\":\"grey / 127.5 - 1");
}

bool sm_own_onnx(const unsigned char *head, size_t size) {
    /* Field 1, the version of the format, then field 2, the producer, of 8 bytes. */
    return size > 2 && head[0] == 0x08 && contains(head, size, 16, "\x12\x08sonomask");
}

bool sm_own_svg(const unsigned char *head, size_t size) {
    return (begins_with(head, size, "<svg ") || begins_with(head, size, "<?xml ")) &&
           (contains(head, size, 512, " class=\"sm-chart\"") || contains(head, size, 512, " class=\"sm-network\""));
}

bool sm_own_report_html(const unsigned char *head, size_t size) {
    return contains(head, size, 512, "<title>sonomask evaluation</title>");
}

bool sm_own_metrics_json(const unsigned char *head, size_t size) {
    return begins_with(head, size, "{\"program\":\"sonomask ");
}

bool sm_own_images_csv(const unsigned char *head, size_t size) {
    return begins_with(head, size, "file,split,source,group,fold,") &&
           contains(head, size, 1024, ",outlier_score,milliseconds,");
}

bool sm_own_training_html(const unsigned char *head, size_t size) {
    return contains(head, size, 512, "<title>sonomask training</title>");
}

bool sm_own_run_record(const unsigned char *head, size_t size) {
    return begins_with(head, size, "{\"program\":\"sonomask ") && contains(head, size, 512, ",\"revision\":");
}

bool sm_own_training_log(const unsigned char *head, size_t size) {
    return begins_with(head, size, "epoch,learning_rate,loss,mask_loss,type_loss,");
}

bool sm_own_phantom_manifest(const unsigned char *head, size_t size) {
    static const char header[] = "image,masks,class,group,fold\n", row[] = "images/phantom_";
    if (!begins_with(head, size, header)) return false;
    for (size_t at = strlen(header); at < size;) {
        const unsigned char *end = memchr(head + at, '\n', size - at);
        if (!end) return size - at < strlen(row) || begins_with(head + at, size - at, row); // cut at the limit
        if (!begins_with(head + at, size - at, row)) return false;
        at = (size_t)(end - head) + 1;
    }
    return true;
}

sm_status sm_own_output_check(const char *folder, const char *name, sm_file_recogniser *recognise, sm_error *error) {
    char *path = sm_path_join(folder, name);
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the name of %s", name);
    const sm_status status = sm_file_check_replaceable(path, recognise, error);
    free(path);
    return status;
}
