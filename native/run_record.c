#include "run_record.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../src/sonomask.h"
#include "file.h"
#include "json.h"

#ifndef SM_REVISION
#define SM_REVISION "" /* built without a git checkout */
#endif

/** The processor's name in /proc/cpuinfo; empty when there is none. */
static void read_processor(char *name, size_t size) {
    char row[256];
    name[0] = '\0';
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && !name[0] && fgets(row, sizeof row, file)) {
        const char *colon = strchr(row, ':');
        if (strncmp(row, "model name", 10) != 0 || !colon) continue;
        snprintf(name, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
    }
    if (file) fclose(file);
}

static void put_program(sm_json *json) {
    sm_json_string(json, "program", "sonomask " SM_VERSION);
    sm_json_string(json, "revision", SM_REVISION);
    sm_json_string(json, "compiler", __VERSION__);
    sm_json_string(json, "c_library", gnu_get_libc_version());
    char started[32] = "";
    const time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
    sm_json_string(json, "started", started);
}

static void put_machine(sm_json *json, const sm_training_facts *facts) {
    char processor[128];
    struct utsname system;
    read_processor(processor, sizeof processor);
    sm_json_object_begin(json, "machine");
    sm_json_string(json, "processor", processor);
    sm_json_integer(json, "processors", sysconf(_SC_NPROCESSORS_ONLN));
    sm_json_string(json, "kernels", facts->kernels);
    if (uname(&system) == 0) {
        sm_json_string(json, "system", system.sysname);
        sm_json_string(json, "release", system.release);
        sm_json_string(json, "architecture", system.machine);
    }
    sm_json_object_end(json);
}

static void put_training(sm_json *json, const sm_training_facts *facts) {
    sm_json_object_begin(json, "training");
    sm_json_boolean(json, "resumed", facts->resumed);
    sm_json_integer(json, "ranks", facts->ranks);
    sm_json_integer(json, "shards", facts->shards);
    sm_json_integer(json, "training_images", facts->training_images);
    sm_json_integer(json, "inner_images", facts->inner_images);
    sm_json_integer(json, "validation_images", facts->validation_images);
    sm_json_string(json, "data_hash", facts->data_hash);
    sm_json_integer(json, "epochs", facts->epochs);
    sm_json_integer(json, "steps", facts->steps);
    sm_json_integer(json, "warm_up_steps", facts->warm_up_steps);
    sm_json_number(json, "learning_rate", (double)facts->learning_rate);
    sm_json_string(json, "recipe", facts->recipe);
    sm_json_object_end(json);
}

sm_status sm_run_record_write(const sm_command_line *line, const void *arguments, const char *out,
                              const sm_training_facts *facts, sm_error *error) {
    char *path = sm_path_join(out, "run.json");
    if (!path) return sm_fail(error, SM_ERROR_MEMORY, "no memory for a file name");
    sm_file_writer writer;
    const sm_status status = sm_file_writer_open(&writer, path, error);
    free(path);
    if (status != SM_OK) return status;
    sm_json json = {.file = writer.file};
    sm_json_object_begin(&json, NULL);
    put_program(&json);
    sm_json_object_begin(&json, "options");
    sm_command_line_print_options(line, arguments, &json);
    sm_json_object_end(&json);
    put_training(&json, facts);
    put_machine(&json, facts);
    sm_json_object_end(&json);
    return sm_file_writer_commit(&writer, error);
}
