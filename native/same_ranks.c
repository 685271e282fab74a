#include "same_ranks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../src/ops/ops.h"
#include "file.h"
#include "hash.h"

static sm_status hash_file(const char *path, uint64_t *hash, sm_error *error) {
    unsigned char *bytes = NULL;
    size_t size = 0;
    const sm_status status = sm_file_read(path, &bytes, &size, error);
    if (status == SM_OK) *hash = sm_hash(SM_HASH_START, bytes, size);
    free(bytes);
    return status;
}

sm_status sm_same_program(const sm_ranks *ranks, sm_error *error) {
    if (sm_ranks_count(ranks) == 1) return SM_OK;
    uint64_t hash = 0; /* stays 0 where the program cannot be read */
    (void)hash_file("/proc/self/exe", &hash, NULL);
    const sm_status status = sm_ranks_check_same(ranks, hash, "another build of sonomask", error);
    if (status != SM_OK) return status;
    const char *kernels = sm_kernels_for(SM_BACKEND_AUTO)->name;
    return sm_ranks_check_same(ranks, sm_hash(SM_HASH_START, kernels, strlen(kernels)),
                               "a processor with other kernels", error);
}

sm_status sm_same_options(const sm_ranks *ranks, const sm_command_line *line, const void *arguments, sm_error *error) {
    if (sm_ranks_count(ranks) == 1) return SM_OK;
    char *text = NULL;
    size_t size = 0;
    sm_status status = SM_OK;
    FILE *file = open_memstream(&text, &size);
    if (file) {
        sm_json json = {.file = file};
        sm_json_object_begin(&json, NULL);
        sm_command_line_print_options(line, arguments, &json);
        sm_json_object_end(&json);
    }
    if (!file || fclose(file) != 0) status = sm_fail(error, SM_ERROR_MEMORY, "no memory for the options");
    const uint64_t hash = status == SM_OK ? sm_hash(SM_HASH_START, text, size) : 0;
    free(text);
    status = sm_ranks_agree(ranks, status, error);
    return status == SM_OK ? sm_ranks_check_same(ranks, hash, "other options", error) : status;
}

sm_status sm_same_file(const sm_ranks *ranks, const char *path, const char *what, sm_error *error) {
    if (sm_ranks_count(ranks) == 1) return SM_OK;
    uint64_t hash = 0;
    const sm_status status = sm_ranks_agree(ranks, hash_file(path, &hash, error), error);
    return status == SM_OK ? sm_ranks_check_same(ranks, hash, what, error) : status;
}
