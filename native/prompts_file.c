#include "prompts_file.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../src/json_read.h"
#include "../src/status.h"
#include "file.h"

/** Reading of one line. The first error stays. */
typedef struct reader {
    sm_json_cursor cursor;
    sm_prompts_line *line;
    int click_capacity;
    sm_status status;
    sm_error *error;
} reader;

#define FAIL(r, ...)                                                                                                   \
    do {                                                                                                               \
        if ((r)->status == SM_OK) (r)->status = sm_fail((r)->error, SM_ERROR_DATA, __VA_ARGS__);                       \
    } while (0)

static bool working(const reader *r) { return r->status == SM_OK && !r->cursor.failed; }

enum { KEY_SIZE = 32, MOST_KEYS = 4 };

/**
 * Reads the key of the next member of an object: its index in `keys` (ends with NULL), which is then set in `seen`.
 * Returns -1 at the end of the object or after an error. `what` names the object in messages.
 */
static int next_key(reader *r, const char *const *keys, bool *first, bool seen[MOST_KEYS], const char *what) {
    if (!working(r) || sm_json_take(&r->cursor, '}')) return -1;
    if (!*first) sm_json_expect(&r->cursor, ',');
    *first = false;
    char key[KEY_SIZE];
    sm_json_read_string(&r->cursor, key, sizeof key);
    sm_json_expect(&r->cursor, ':');
    if (!working(r)) return -1;
    for (int i = 0; keys[i]; i++) {
        if (strcmp(keys[i], key) != 0) continue;
        if (seen[i]) FAIL(r, "\"%s\" twice in %s", key, what);
        seen[i] = true;
        return r->status == SM_OK ? i : -1;
    }
    FAIL(r, "unknown field \"%s\" in %s", key, what);
    return -1;
}

static void check_complete(reader *r, const char *const *keys, const bool *seen, const char *what) {
    for (int i = 0; keys[i]; i++)
        if (!seen[i] && working(r)) FAIL(r, "%s has no \"%s\"", what, keys[i]);
}

static float read_coordinate(reader *r, const char *name, const char *what) {
    const float value = (float)sm_json_read_number(&r->cursor);
    if (r->cursor.failed || !isfinite(value)) FAIL(r, "\"%s\" of %s is not a finite number", name, what);
    return value;
}

static sm_click *new_click(reader *r) {
    sm_prompts_line *line = r->line;
    if (line->click_count == SM_CLICKS_MAX) {
        FAIL(r, "more than %d clicks", (int)SM_CLICKS_MAX);
        return NULL;
    }
    if (line->click_count == r->click_capacity) {
        const int capacity = r->click_capacity ? 2 * r->click_capacity : 8;
        sm_click *clicks = realloc(line->clicks, (size_t)capacity * sizeof *clicks);
        if (!clicks) {
            r->status = sm_fail(r->error, SM_ERROR_MEMORY, "no memory for %d clicks", capacity);
            return NULL;
        }
        line->clicks = clicks;
        r->click_capacity = capacity;
    }
    sm_click *click = &line->clicks[line->click_count++];
    *click = (sm_click){0};
    return click;
}

static void read_click(reader *r) {
    static const char *const keys[] = {"x", "y", "inside", NULL};
    static const char what[] = "a click";
    sm_click *click = new_click(r);
    if (!click) return;
    bool first = true, seen[MOST_KEYS] = {false};
    sm_json_expect(&r->cursor, '{');
    for (int key; (key = next_key(r, keys, &first, seen, what)) >= 0;) {
        if (key == 0) click->x = read_coordinate(r, "x", what);
        if (key == 1) click->y = read_coordinate(r, "y", what);
        if (key != 2) continue;
        click->inside = sm_json_read_boolean(&r->cursor);
        if (r->cursor.failed) FAIL(r, "\"inside\" of a click is neither true nor false");
    }
    check_complete(r, keys, seen, what);
}

static void read_clicks(reader *r) {
    sm_json_expect(&r->cursor, '[');
    if (sm_json_take(&r->cursor, ']')) return;
    do read_click(r);
    while (working(r) && sm_json_take(&r->cursor, ','));
    sm_json_expect(&r->cursor, ']');
}

static void read_box(reader *r) {
    static const char *const keys[] = {"x", "y", "width", "height", NULL};
    static const char what[] = "the box";
    sm_box *box = &r->line->box;
    float *const values[] = {&box->x, &box->y, &box->width, &box->height};
    bool first = true, seen[MOST_KEYS] = {false};
    sm_json_expect(&r->cursor, '{');
    for (int key; (key = next_key(r, keys, &first, seen, what)) >= 0;)
        *values[key] = read_coordinate(r, keys[key], what);
    check_complete(r, keys, seen, what);
    if (working(r) && (!(box->width > 0) || !(box->height > 0))) FAIL(r, "the box has no area");
    r->line->has_box = true;
}

static void read_file_name(reader *r) {
    const sm_json_cursor start = r->cursor;
    const size_t length = sm_json_read_string(&r->cursor, NULL, 0);
    if (r->cursor.failed) {
        FAIL(r, "\"file\" is not a text");
        return;
    }
    r->line->file = malloc(length + 1);
    if (!r->line->file) {
        r->status = sm_fail(r->error, SM_ERROR_MEMORY, "no memory for a file name");
        return;
    }
    r->cursor = start;
    sm_json_read_string(&r->cursor, r->line->file, length + 1);
}

/** `text` .. `end` is a line that is not empty. */
static sm_status read_line(const char *text, const char *end, sm_prompts_line *line, sm_error *error) {
    static const char *const keys[] = {"file", "clicks", "box", NULL};
    static const char what[] = "the line";
    reader r = {.cursor = {.text = text, .end = end}, .line = line, .error = error};
    bool first = true, seen[MOST_KEYS] = {false};
    sm_json_expect(&r.cursor, '{');
    for (int key; (key = next_key(&r, keys, &first, seen, what)) >= 0;) {
        if (key == 0) read_file_name(&r);
        if (key == 1) read_clicks(&r);
        if (key == 2) read_box(&r);
    }
    if (working(&r) && !seen[0]) FAIL(&r, "the line has no \"file\"");
    if (r.status == SM_OK && !sm_json_at_end(&r.cursor)) FAIL(&r, "the line is not one JSON object");
    return r.status;
}

/** "line N: " before the message. */
static sm_status name_line(int number, sm_error *error) {
    sm_error name = {0};
    sm_error_set(&name, SM_OK, "line %d", number);
    return sm_error_prefix(error, name.message);
}

static bool is_empty(const char *text, const char *end) {
    while (text < end && (*text == ' ' || *text == '\t' || *text == '\r')) text++;
    return text == end;
}

static sm_prompts_line *new_line(sm_prompts_file *file, int *capacity) {
    if (file->count == *capacity) {
        const int wanted = *capacity ? 2 * *capacity : 16;
        sm_prompts_line *lines = *capacity > INT_MAX / 2 ? NULL : realloc(file->lines, (size_t)wanted * sizeof *lines);
        if (!lines) return NULL;
        file->lines = lines;
        *capacity = wanted;
    }
    sm_prompts_line *line = &file->lines[file->count++];
    *line = (sm_prompts_line){0};
    return line;
}

sm_status sm_prompts_file_parse(const char *text, size_t size, sm_prompts_file *file, sm_error *error) {
    const char *const end = text + size;
    sm_status status = SM_OK;
    int capacity = 0, number = 0;
    *file = (sm_prompts_file){0};
    while (status == SM_OK && text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        if (!line_end) line_end = end;
        number++;
        if (!is_empty(text, line_end)) {
            sm_prompts_line *line = new_line(file, &capacity);
            if (line) {
                line->number = number;
                status = read_line(text, line_end, line, error);
                if (status != SM_OK) name_line(number, error);
            } else {
                status = sm_fail(error, SM_ERROR_MEMORY, "no memory for %d lines", file->count);
            }
        }
        text = line_end < end ? line_end + 1 : end;
    }
    if (status != SM_OK) sm_prompts_file_free(file);
    return status;
}

sm_status sm_prompts_file_read(const char *path, sm_prompts_file *file, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    *file = (sm_prompts_file){0};
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    status = sm_prompts_file_parse((const char *)bytes, size, file, error);
    free(bytes);
    return status == SM_OK ? SM_OK : sm_error_prefix(error, path);
}

/* ---- Which line is for which image ---- */

/** An image by its path or its base name. */
typedef struct name {
    const char *text;
    int image;
} name;

static int compare_names(const void *a, const void *b) {
    const name *first = a, *second = b;
    const int order = strcmp(first->text, second->text);
    return order ? order : (first->image > second->image) - (first->image < second->image);
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/** The place of the first image with at least that name in a sorted list. */
static int first_at_least(const name *names, int count, const char *text) {
    int low = 0, high = count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (strcmp(names[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_name(const name *names, int count, int place, const char *text) {
    return place < count && strcmp(names[place].text, text) == 0;
}

/** The path without "./" and "../" at its start, which depend on the working folder. */
static const char *without_dots(const char *path) {
    while (strncmp(path, "./", 2) == 0 || strncmp(path, "../", 3) == 0) path = strchr(path, '/') + 1;
    return path;
}

/** Whether one path is the end of the other, in whole folders. */
static bool ends_alike(const char *first, const char *second) {
    first = without_dots(first);
    second = without_dots(second);
    const size_t a = strlen(first), b = strlen(second);
    const char *const longer = a > b ? first : second, *const shorter = a > b ? second : first;
    const char *const end = longer + (a > b ? a - b : b - a);
    return strcmp(end, shorter) == 0 && (end == longer || end[-1] == '/');
}

static sm_status assign_line(const sm_prompts_line *line, const char *const *images, const name *paths,
                             const name *bases, int count, const sm_prompts_line **line_of, sm_error *error) {
    int image = -1;
    const int place = first_at_least(paths, count, line->file);
    if (has_name(paths, count, place, line->file)) {
        image = paths[place].image;
    } else {
        const char *const base = base_name(line->file);
        for (int i = first_at_least(bases, count, base); has_name(bases, count, i, base); i++) {
            if (!ends_alike(images[bases[i].image], line->file)) continue;
            if (image >= 0)
                return sm_fail(error, SM_ERROR_DATA, "several images are named %s: give the path", line->file);
            image = bases[i].image;
        }
    }
    if (image < 0) return sm_fail(error, SM_ERROR_DATA, "%s is not among the images", line->file);
    if (line_of[image])
        return sm_fail(error, SM_ERROR_DATA, "line %d is for the same image, %s", line_of[image]->number, line->file);
    line_of[image] = line;
    return SM_OK;
}

sm_status sm_prompts_file_assign(const sm_prompts_file *file, const char *const *images, int image_count,
                                 const sm_prompts_line **line_of, sm_error *error) {
    name *paths = calloc((size_t)image_count + 1, sizeof *paths),
         *bases = calloc((size_t)image_count + 1, sizeof *bases);
    sm_status status = SM_OK;
    if (paths && bases) {
        for (int i = 0; i < image_count; i++) {
            line_of[i] = NULL;
            paths[i] = (name){images[i], i};
            bases[i] = (name){base_name(images[i]), i};
        }
        qsort(paths, (size_t)image_count, sizeof *paths, compare_names);
        qsort(bases, (size_t)image_count, sizeof *bases, compare_names);
        for (int i = 0; status == SM_OK && i < file->count; i++) {
            status = assign_line(&file->lines[i], images, paths, bases, image_count, line_of, error);
            if (status != SM_OK) name_line(file->lines[i].number, error);
        }
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for %d file names", image_count);
    }
    free(paths);
    free(bases);
    return status;
}

void sm_prompts_file_free(sm_prompts_file *file) {
    for (int i = 0; i < file->count; i++) {
        free(file->lines[i].file);
        free(file->lines[i].clicks);
    }
    free(file->lines);
    *file = (sm_prompts_file){0};
}
