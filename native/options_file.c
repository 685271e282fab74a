#include "options_file.h"

#include <stdlib.h>

#ifdef SM_HAVE_INIH

#include <ini.h>
#include <string.h>

#include "file.h"

/* What libinih reads from, and what becomes of it. */
typedef struct source {
    const char *path, *section;
    const char *at, *end; /* what is left of the file */
    int line;             /* the line that was read last */
    bool indented;        /* it begins with a space */
    sm_options_file *file;
    sm_status status; /* the first error ends the reading */
    sm_error *error;
} source;

static void fail_at(source *s, sm_status status, const char *message) {
    s->status = sm_fail(s->error, status, "%s, line %d: %s", s->path, s->line, message);
}

/** Passes the next line to libinih, as fgets would. libinih's buffer has a fixed size: a longer line would become two.
 */
static char *read_line(char *buffer, int size, void *stream) {
    source *s = stream;
    if (s->at == s->end || s->status != SM_OK) return NULL;
    s->line++;
    const char *newline = memchr(s->at, '\n', (size_t)(s->end - s->at));
    const size_t length = newline ? (size_t)(newline + 1 - s->at) : (size_t)(s->end - s->at);
    if (length > (size_t)size - 1) {
        s->status =
            sm_fail(s->error, SM_ERROR_ARGUMENT, "%s, line %d: longer than %d bytes", s->path, s->line, size - 2);
        return NULL;
    }
    if (memchr(s->at, '\0', length)) {
        fail_at(s, SM_ERROR_ARGUMENT, "not text");
        return NULL;
    }
    memcpy(buffer, s->at, length);
    buffer[length] = '\0';
    s->indented = buffer[0] == ' ' || buffer[0] == '\t';
    s->at += length;
    return buffer;
}

/** Keeps an entry. Returns 0 after a failure, as libinih expects. */
static int take_entry(void *user, const char *section, const char *name, const char *value) {
    source *s = user;
    sm_options_file *file = s->file;
    if (s->status != SM_OK) return 0;
    if (*section && strcmp(section, s->section) != 0) {
        s->status = sm_fail(s->error, SM_ERROR_ARGUMENT, "%s, line %d: section [%s]: only [%s] is read here", s->path,
                            s->line, section, s->section);
        return 0;
    }
    if (!*value) {
        s->status = sm_fail(s->error, SM_ERROR_ARGUMENT, "%s, line %d: %s has no value", s->path, s->line, name);
        return 0;
    }
    sm_option_entry *entries = realloc(file->entries, ((size_t)file->count + 1) * sizeof *entries);
    if (entries) file->entries = entries;
    char *own_name = strdup(name), *own_value = strdup(value);
    if (!entries || !own_name || !own_value) {
        free(own_name);
        free(own_value);
        fail_at(s, SM_ERROR_MEMORY, "no memory");
        return 0;
    }
    const bool continues = s->indented && file->count > 0 && strcmp(entries[file->count - 1].name, name) == 0;
    entries[file->count++] = (sm_option_entry){own_name, own_value, s->line, continues};
    return 1;
}

sm_status sm_options_file_read(const char *path, const char *section, sm_options_file *file, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    *file = (sm_options_file){0};
    sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status != SM_OK) return status;
    const char *text = (const char *)bytes;
    source s = {.path = path, .section = section, .at = text, .end = text + size, .file = file, .error = error};
    const int bad_line = ini_parse_stream(read_line, &s, take_entry, &s);
    free(bytes);
    /* libinih goes on after a line that it cannot read, and returns its number. */
    if (bad_line > 0 && (s.status == SM_OK || bad_line < s.line))
        return sm_fail(error, SM_ERROR_ARGUMENT, "%s, line %d: not NAME = VALUE", path, bad_line);
    if (bad_line < 0 && s.status == SM_OK) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %s", path);
    return s.status;
}

#else

sm_status sm_options_file_read(const char *path, const char *section, sm_options_file *file, sm_error *error) {
    (void)section;
    *file = (sm_options_file){0};
    return sm_fail(error, SM_ERROR_ARGUMENT,
                   "%s cannot be read: this program was built without libinih; install libinih-dev and build it again",
                   path);
}

#endif

void sm_options_file_free(sm_options_file *file) {
    for (int i = 0; i < file->count; i++) {
        free(file->entries[i].name);
        free(file->entries[i].value);
    }
    free(file->entries);
    *file = (sm_options_file){0};
}
