#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_ATTEMPTS = 100, READ_CHUNK = 65536 };

/** Fails with "PATH: what the system says about `code`". */
static sm_status fail_errno(sm_error *error, const char *path, int code) {
    return sm_fail(error, SM_ERROR_IO, "%s: %s", path, strerror(code));
}

static sm_status fail_memory(sm_error *error, const char *path) {
    return sm_fail(error, SM_ERROR_MEMORY, "%s: no memory", path);
}

/** Makes room for at least one more byte and the NUL. */
static bool grow(unsigned char **bytes, size_t *capacity) {
    if (*capacity > SIZE_MAX / 2) return false;
    const size_t larger = *capacity * 2;
    unsigned char *moved = realloc(*bytes, larger);
    if (!moved) return false;
    *bytes = moved;
    *capacity = larger;
    return true;
}

/** Reads to the end of `file`, whatever its size was said to be: pipes have none and files can grow. */
static sm_status read_all(FILE *file, const char *path, size_t expected, unsigned char **bytes, size_t *size,
                          sm_error *error) {
    size_t capacity = (expected < READ_CHUNK ? READ_CHUNK : expected) + 1;
    size_t length = 0;
    unsigned char *buffer = malloc(capacity);
    if (!buffer) return fail_memory(error, path);
    for (;;) {
        const size_t room = capacity - length - 1;
        errno = 0;
        const size_t count = fread(buffer + length, 1, room, file);
        length += count;
        if (count < room) break;
        if (!grow(&buffer, &capacity)) {
            free(buffer);
            return fail_memory(error, path);
        }
    }
    if (ferror(file)) {
        const int code = errno;
        free(buffer);
        return fail_errno(error, path, code ? code : EIO);
    }
    buffer[length] = '\0';
    *bytes = buffer;
    *size = length;
    return SM_OK;
}

sm_status sm_file_read(const char *path, unsigned char **bytes, size_t *size, sm_error *error) {
    *bytes = NULL;
    *size = 0;
    FILE *file = fopen(path, "rb");
    if (!file) return fail_errno(error, path, errno);
    struct stat information;
    sm_status status = SM_OK;
    if (fstat(fileno(file), &information) != 0)
        status = fail_errno(error, path, errno);
    else if (S_ISDIR(information.st_mode))
        status = sm_fail(error, SM_ERROR_IO, "%s: is a folder, not a file", path);
    else if (information.st_size > 0 && (uintmax_t)information.st_size > SIZE_MAX / 2)
        status = fail_memory(error, path);
    else
        status = read_all(file, path, (size_t)information.st_size, bytes, size, error);
    fclose(file);
    return status;
}

/** Length of the folder part of `path`, with its slash; 0 when there is none. */
static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/**
 * Creates a new file with a short name of its own in the folder of `path` (a name made from the file's would be too
 * long when that is as long as the file system allows). Returns the descriptor, or -1 with errno.
 */
static int create_temporary(const char *path, char **temporary) {
    static atomic_uint counter;
    const size_t folder = folder_length(path);
    const size_t room = folder + 64;
    char *name = malloc(room);
    *temporary = NULL;
    if (!name) {
        errno = ENOMEM;
        return -1;
    }
    memcpy(name, path, folder);
    for (int attempt = 0; attempt < TEMPORARY_ATTEMPTS; attempt++) {
        snprintf(name + folder, room - folder, ".sonomask-%ld-%u.tmp", (long)getpid(), atomic_fetch_add(&counter, 1));
        const int descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) {
            *temporary = name;
            return descriptor;
        }
        if (errno != EEXIST) break; // EEXIST: left behind by a killed process of the same number
    }
    const int code = errno;
    free(name);
    errno = code;
    return -1;
}

sm_status sm_file_writer_open(sm_file_writer *writer, const char *path, sm_error *error) {
    *writer = (sm_file_writer){0};
    struct stat information;
    if (stat(path, &information) == 0 && !S_ISREG(information.st_mode)) {
        // Renaming over a device or a pipe would replace it.
        return sm_fail(error, SM_ERROR_IO, "%s: exists and is no regular file", path);
    }
    writer->path = strdup(path);
    if (!writer->path) return fail_memory(error, path);
    const int descriptor = create_temporary(path, &writer->temporary);
    if (descriptor >= 0) writer->file = fdopen(descriptor, "wb");
    if (writer->file) return SM_OK;
    const int code = errno;
    if (descriptor >= 0) close(descriptor);
    sm_file_writer_abandon(writer);
    return fail_errno(error, path, code);
}

sm_status sm_file_writer_commit(sm_file_writer *writer, sm_error *error) {
    int code = 0;
    errno = 0;
    // Data before name: after a power cut the path holds either the old content or the whole new one.
    if (ferror(writer->file) || fflush(writer->file) != 0 || fsync(fileno(writer->file)) != 0)
        code = errno ? errno : EIO;
    if (fclose(writer->file) != 0 && !code) code = errno;
    writer->file = NULL;
    if (!code && rename(writer->temporary, writer->path) != 0) code = errno;
    const sm_status status = code ? fail_errno(error, writer->path, code) : SM_OK;
    if (!code) { // the temporary name is gone; abandon shall not look for it
        free(writer->temporary);
        writer->temporary = NULL;
    }
    sm_file_writer_abandon(writer);
    return status;
}

void sm_file_writer_abandon(sm_file_writer *writer) {
    if (!writer) return;
    if (writer->file) fclose(writer->file);
    if (writer->temporary) unlink(writer->temporary);
    free(writer->temporary);
    free(writer->path);
    *writer = (sm_file_writer){0};
}

sm_status sm_file_write(const char *path, const void *bytes, size_t size, sm_error *error) {
    sm_file_writer writer;
    const sm_status status = sm_file_writer_open(&writer, path, error);
    if (status) return status;
    if (size > 0 && fwrite(bytes, 1, size, writer.file) != size) {
        const int code = errno;
        sm_file_writer_abandon(&writer);
        return fail_errno(error, path, code);
    }
    return sm_file_writer_commit(&writer, error);
}

bool sm_folder_exists(const char *path) {
    struct stat information;
    return stat(path, &information) == 0 && S_ISDIR(information.st_mode);
}

/** Makes every missing folder along `path`, which is changed and restored on the way. 0 or an errno. */
static int make_folders(char *path) {
    for (char *at = path + 1;; at++) {
        if (*at != '/' && *at != '\0') continue;
        const char end = *at;
        *at = '\0';
        const int failed = mkdir(path, 0777) != 0 && errno != EEXIST;
        const int code = errno;
        // Where making is refused (a read-only parent), the folder may still be there already.
        const bool missing = failed && !sm_folder_exists(path);
        *at = end;
        if (missing) return code;
        if (end == '\0') return 0;
    }
}

sm_status sm_folder_make(const char *path, sm_error *error) {
    if (!*path) return sm_fail(error, SM_ERROR_IO, "the folder's name is empty");
    char *copy = strdup(path);
    if (!copy) return fail_memory(error, path);
    const int code = make_folders(copy);
    free(copy);
    if (code) return sm_fail(error, SM_ERROR_IO, "%s: cannot make this folder: %s", path, strerror(code));
    if (!sm_folder_exists(path)) return sm_fail(error, SM_ERROR_IO, "%s: exists and is no folder", path);

    // Permission bits do not tell everything (read-only and special file systems, root): try it.
    char *inside = sm_path_join(path, "x");
    if (!inside) return fail_memory(error, path);
    char *temporary = NULL;
    const int descriptor = create_temporary(inside, &temporary);
    const int write_code = errno;
    free(inside);
    if (descriptor < 0)
        return sm_fail(error, SM_ERROR_IO, "%s: cannot write to this folder: %s", path, strerror(write_code));
    close(descriptor);
    unlink(temporary);
    free(temporary);
    return SM_OK;
}

char *sm_path_join(const char *folder, const char *name) {
    const size_t folder_size = strlen(folder), name_size = strlen(name);
    if (folder_size > SIZE_MAX - name_size - 2) return NULL;
    const bool slash = folder_size > 0 && folder[folder_size - 1] != '/';
    char *path = malloc(folder_size + name_size + 2);
    if (!path) return NULL;
    memcpy(path, folder, folder_size);
    if (slash) path[folder_size] = '/';
    memcpy(path + folder_size + (slash ? 1 : 0), name, name_size + 1);
    return path;
}

char *sm_path_stem(const char *path) {
    const char *name = path + folder_length(path);
    const char *dot = strrchr(name, '.');
    const size_t length = dot && dot != name ? (size_t)(dot - name) : strlen(name); // ".hidden" has no extension
    char *stem = malloc(length + 1);
    if (!stem) return NULL;
    memcpy(stem, name, length);
    stem[length] = '\0';
    return stem;
}

static bool is_readable_file(const char *path) {
    struct stat information;
    return stat(path, &information) == 0 && S_ISREG(information.st_mode) && access(path, R_OK) == 0;
}

/** FOLDER/../RELATIVE for the folder of the running program, or NULL. */
static char *path_beside_program(const char *relative) {
    char binary[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", binary, sizeof binary - 1);
    if (length <= 0) return NULL;
    binary[length] = '\0';
    for (int level = 0; level < 2; level++) { // the binary's name, then its folder's
        char *slash = strrchr(binary, '/');
        if (!slash) return NULL;
        *slash = '\0';
    }
    return sm_path_join(binary, relative);
}

char *sm_default_model_path(void) {
    /* In the source tree the program is in build/, after `make install` in bin/. */
    static const char *const places[] = {"weights/sonomask.safetensors", "share/sonomask/sonomask.safetensors"};
    const char *chosen = getenv("SONOMASK_MODEL");
    if (chosen && *chosen) return strdup(chosen);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *beside = path_beside_program(places[i]);
        if (beside && is_readable_file(beside)) return beside;
        free(beside);
    }
    return strdup(places[0]);
}
