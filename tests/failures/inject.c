#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The linker's names. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **block, size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void __real_free(void *block);
int __real_open(const char *path, int flags, ...);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__real_fdopen(int descriptor, const char *mode);
int __real_fflush(FILE *file);
int __real_fsync(int descriptor);
int __real_rename(const char *from, const char *to);
int __real_mkdir(const char *path, mode_t mode);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **block, size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
void __wrap_free(void *block);
int __wrap_open(const char *path, int flags, ...);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fdopen(int descriptor, const char *mode);
int __wrap_fflush(FILE *file);
int __wrap_fsync(int descriptor);
int __wrap_rename(const char *from, const char *to);
int __wrap_mkdir(const char *path, mode_t mode);

enum { SLOTS = 1 << 16 };

/** Protected by `lock`. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool armed, later;
static inject_kind armed_kind;
static long chosen, seen, place;
/** Blocks allocated while armed: a hash table with linear probing. */
static void *blocks[SLOTS];
static long block_count;
static char tombstone;

static size_t slot_of(const void *block) { return ((uintptr_t)block >> 4) * 0x9E3779B1u % SLOTS; }

extern const char __executable_start;

/** Counts a call; true when it must fail. */
static bool fails(inject_kind kind, const void *caller) {
    pthread_mutex_lock(&lock);
    bool failing = false;
    if (armed && kind == armed_kind) {
        seen++;
        failing = chosen > 0 && (seen == chosen || (later && seen > chosen));
        if (failing && !place) place = (long)((uintptr_t)caller - (uintptr_t)&__executable_start);
    }
    pthread_mutex_unlock(&lock);
    return failing;
}

static void *watch(void *block) {
    if (!block) return block;
    pthread_mutex_lock(&lock);
    if (armed) {
        if (block_count >= SLOTS / 2) abort();
        size_t slot = slot_of(block);
        while (blocks[slot] && blocks[slot] != &tombstone) slot = (slot + 1) % SLOTS;
        blocks[slot] = block;
        block_count++;
    }
    pthread_mutex_unlock(&lock);
    return block;
}

static void remove_block(const void *block) {
    if (!block) return;
    pthread_mutex_lock(&lock);
    size_t slot = slot_of(block);
    for (long probes = 0; probes < SLOTS && blocks[slot] && blocks[slot] != block; probes++) slot = (slot + 1) % SLOTS;
    if (blocks[slot] == block) {
        blocks[slot] = &tombstone;
        block_count--;
    }
    pthread_mutex_unlock(&lock);
}

void inject_arm(inject_kind kind, long first, bool all_later) {
    pthread_mutex_lock(&lock);
    memset(blocks, 0, sizeof blocks);
    block_count = 0;
    armed = true;
    armed_kind = kind;
    chosen = first;
    later = all_later;
    seen = place = 0;
    pthread_mutex_unlock(&lock);
}

long inject_disarm(void) {
    pthread_mutex_lock(&lock);
    armed = false;
    const long calls = seen;
    pthread_mutex_unlock(&lock);
    return calls;
}

long inject_leaked(void) {
    pthread_mutex_lock(&lock);
    const long count = block_count;
    pthread_mutex_unlock(&lock);
    return count;
}

long inject_place(void) { return place; }

static bool no_memory(const void *caller) {
    if (!fails(INJECT_ALLOCATION, caller)) return false;
    errno = ENOMEM;
    return true;
}

static bool no_space(const void *caller) {
    if (!fails(INJECT_FILE, caller)) return false;
    errno = ENOSPC;
    return true;
}

#define CALLER __builtin_return_address(0)

void *__wrap_malloc(size_t size) { return no_memory(CALLER) ? NULL : watch(__real_malloc(size)); }

void *__wrap_calloc(size_t count, size_t size) { return no_memory(CALLER) ? NULL : watch(__real_calloc(count, size)); }

void *__wrap_realloc(void *block, size_t size) {
    if (no_memory(CALLER)) return NULL;
    remove_block(block);
    return watch(__real_realloc(block, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return no_memory(CALLER) ? NULL : watch(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **block, size_t alignment, size_t size) {
    if (no_memory(CALLER)) return ENOMEM;
    const int code = __real_posix_memalign(block, alignment, size);
    if (code == 0) watch(*block);
    return code;
}

char *__wrap_strdup(const char *text) { return no_memory(CALLER) ? NULL : watch(__real_strdup(text)); }

char *__wrap_strndup(const char *text, size_t size) {
    return no_memory(CALLER) ? NULL : watch(__real_strndup(text, size));
}

void __wrap_free(void *block) {
    remove_block(block);
    __real_free(block);
}

int __wrap_open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list list;
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    return (flags & O_CREAT) && no_space(CALLER) ? -1 : __real_open(path, flags, mode);
}

FILE *__wrap_fopen(const char *path, const char *mode) {
    return *mode != 'r' && no_space(CALLER) ? NULL : __real_fopen(path, mode);
}

FILE *__wrap_fdopen(int descriptor, const char *mode) {
    return no_space(CALLER) ? NULL : __real_fdopen(descriptor, mode);
}

int __wrap_fflush(FILE *file) {
    if (file == stdout || file == stderr || !no_space(CALLER)) return __real_fflush(file);
    return EOF;
}

int __wrap_fsync(int descriptor) { return no_space(CALLER) ? -1 : __real_fsync(descriptor); }

int __wrap_rename(const char *from, const char *to) { return no_space(CALLER) ? -1 : __real_rename(from, to); }

int __wrap_mkdir(const char *path, mode_t mode) { return no_space(CALLER) ? -1 : __real_mkdir(path, mode); }
