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

/* Names of temporary files, for sm_file_remove_temporaries. Their memory is never freed, so a signal handler can read
 * them at any moment; a file that finds no free place is only left behind when a signal ends the program. */
enum { REGISTER_SIZE = 64 };
enum { PLACE_FREE, PLACE_TAKEN, PLACE_VALID };
static struct {
    atomic_int state;
    char name[PATH_MAX];
} temporaries[REGISTER_SIZE];

/** Fails with "PATH: the system's text for `code`". */
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

/** Reads to the end of `file`. `expected` is only an estimate: pipes have no size and files can grow. */
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

static void register_temporary(const char *name) {
    if (strlen(name) >= PATH_MAX) return;
    for (int i = 0; i < REGISTER_SIZE; i++) {
        int expected = PLACE_FREE;
        if (!atomic_compare_exchange_strong(&temporaries[i].state, &expected, PLACE_TAKEN)) continue;
        memcpy(temporaries[i].name, name, strlen(name) + 1);
        atomic_store(&temporaries[i].state, PLACE_VALID);
        return;
    }
}

static void forget_temporary(const char *name) {
    for (int i = 0; i < REGISTER_SIZE; i++)
        if (atomic_load(&temporaries[i].state) == PLACE_VALID && strcmp(temporaries[i].name, name) == 0)
            atomic_store(&temporaries[i].state, PLACE_FREE);
}

void sm_file_remove_temporaries(void) {
    for (int i = 0; i < REGISTER_SIZE; i++)
        if (atomic_load(&temporaries[i].state) == PLACE_VALID) unlink(temporaries[i].name);
}

/**
 * Creates a new file in the folder of `path`. Its name is short: one made from the file's name would be too long when
 * that is as long as the file system allows. Returns the descriptor, or -1 with errno.
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
            register_temporary(name);
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

static void remove_temporary(char *name) {
    unlink(name);
    forget_temporary(name);
    free(name);
}

/** Reads up to SM_FILE_HEAD_SIZE bytes of a regular file that is not a link. Returns their number, or -1 with errno. */
static ssize_t read_head(const char *path, unsigned char *head) {
    const int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return -1;
    ssize_t total = 0, count = 1;
    while (total < SM_FILE_HEAD_SIZE && count > 0) {
        count = read(descriptor, head + total, (size_t)(SM_FILE_HEAD_SIZE - total));
        if (count > 0) total += count;
    }
    const int code = errno;
    close(descriptor);
    errno = code;
    return count < 0 ? -1 : total;
}

sm_status sm_file_check_replaceable(const char *path, sm_file_recogniser *recognise, sm_error *error) {
    struct stat information;
    if (lstat(path, &information) != 0) return errno == ENOENT ? SM_OK : fail_errno(error, path, errno);
    if (S_ISLNK(information.st_mode)) {
        if (recognise)
            return sm_fail(error, SM_ERROR_IO,
                           "%s: is a symbolic link, which sonomask did not make; --overwrite replaces it", path);
        if (stat(path, &information) != 0) return SM_OK; // its target is missing
    }
    if (S_ISDIR(information.st_mode)) return sm_fail(error, SM_ERROR_IO, "%s: is a folder", path);
    // Renaming over a device or a pipe would replace it.
    if (!S_ISREG(information.st_mode)) return sm_fail(error, SM_ERROR_IO, "%s: is not a regular file", path);
    if (!recognise) return SM_OK;
    unsigned char *head = malloc(SM_FILE_HEAD_SIZE);
    if (!head) return fail_memory(error, path);
    const ssize_t size = read_head(path, head);
    const int code = errno;
    const bool ours = size >= 0 && recognise(head, (size_t)size);
    free(head);
    if (ours || (size < 0 && code == ENOENT)) return SM_OK;
    if (size < 0)
        return sm_fail(error, SM_ERROR_IO, "%s: exists and cannot be read (%s); --overwrite replaces it", path,
                       strerror(code));
    return sm_fail(error, SM_ERROR_IO, "%s: exists and was not written by sonomask; --overwrite replaces it", path);
}

sm_status sm_file_writer_open_as(sm_file_writer *writer, const char *path, const sm_file_options *options,
                                 sm_error *error) {
    *writer = (sm_file_writer){0};
    if (options) writer->options = *options;
    const sm_status status = sm_file_check_replaceable(path, writer->options.recognise, error);
    if (status != SM_OK) return status;
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

sm_status sm_file_writer_open(sm_file_writer *writer, const char *path, sm_error *error) {
    return sm_file_writer_open_as(writer, path, NULL, error);
}

/** Renames `from` to `to` if `to` does not exist. 0 or an errno, EEXIST if it does. */
static int rename_to_new(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    // The file system lacks RENAME_NOREPLACE. A hard link does not replace an existing file either.
    if (link(from, to) == 0) {
        unlink(from);
        return 0;
    }
    if (errno == EEXIST) return EEXIST;
    // It lacks hard links as well: check, then rename, although another program may come in between.
    struct stat information;
    if (lstat(to, &information) == 0) return EEXIST;
    return rename(from, to) == 0 ? 0 : errno;
}

/** Gives the finished file its name, and checks again what has that name now. */
static sm_status put_in_place(const sm_file_writer *writer, sm_error *error) {
    int code = EEXIST;
    if (writer->options.recognise) code = rename_to_new(writer->temporary, writer->path);
    if (code == EEXIST) {
        const sm_status status = sm_file_check_replaceable(writer->path, writer->options.recognise, error);
        if (status != SM_OK) return status;
        code = rename(writer->temporary, writer->path) == 0 ? 0 : errno;
    }
    return code ? fail_errno(error, writer->path, code) : SM_OK;
}

sm_status sm_file_writer_commit(sm_file_writer *writer, sm_error *error) {
    int code = 0;
    errno = 0;
    // After a failed write the data are still buffered, so flushing fails again and sets errno to the reason.
    if (fflush(writer->file) != 0 || ferror(writer->file) ||
        (writer->options.durable && fsync(fileno(writer->file)) != 0))
        code = errno ? errno : EIO;
    if (fclose(writer->file) != 0 && !code) code = errno;
    writer->file = NULL;
    const sm_status status = code ? fail_errno(error, writer->path, code) : put_in_place(writer, error);
    if (status == SM_OK) { // the temporary name is gone, so there is nothing to remove
        forget_temporary(writer->temporary);
        free(writer->temporary);
        writer->temporary = NULL;
    }
    sm_file_writer_abandon(writer);
    return status;
}

void sm_file_writer_abandon(sm_file_writer *writer) {
    if (!writer) return;
    if (writer->file) fclose(writer->file);
    if (writer->temporary) remove_temporary(writer->temporary);
    free(writer->path);
    *writer = (sm_file_writer){0};
}

sm_status sm_file_write_as(const char *path, const void *bytes, size_t size, const sm_file_options *options,
                           sm_error *error) {
    sm_file_writer writer;
    const sm_status status = sm_file_writer_open_as(&writer, path, options, error);
    if (status) return status;
    if (size > 0 && fwrite(bytes, 1, size, writer.file) != size) {
        const int code = errno;
        sm_file_writer_abandon(&writer);
        return fail_errno(error, path, code);
    }
    return sm_file_writer_commit(&writer, error);
}

sm_status sm_file_write(const char *path, const void *bytes, size_t size, sm_error *error) {
    return sm_file_write_as(path, bytes, size, NULL, error);
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
        // mkdir may be refused (a read-only parent) although the folder exists.
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
    if (!sm_folder_exists(path)) return sm_fail(error, SM_ERROR_IO, "%s: exists and is not a folder", path);

    // Permission bits are not enough (read-only and special file systems, root): try to write.
    char *inside = sm_path_join(path, "x");
    if (!inside) return fail_memory(error, path);
    char *temporary = NULL;
    const int descriptor = create_temporary(inside, &temporary);
    const int write_code = errno;
    free(inside);
    if (descriptor < 0)
        return sm_fail(error, SM_ERROR_IO, "%s: cannot write to this folder: %s", path, strerror(write_code));
    close(descriptor);
    remove_temporary(temporary);
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
    for (int level = 0; level < 2; level++) { // cuts the name of the binary, then that of its folder
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
        char *candidate = path_beside_program(places[i]);
        if (candidate && is_readable_file(candidate)) return candidate;
        free(candidate);
    }
    return strdup(places[0]);
}
