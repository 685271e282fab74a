#include "command.h"

#include <stdio.h>
#include <string.h>

int sm_command_usage(const char *usage, bool asked) {
    if (asked) {
        fputs(usage, stdout);
        return SM_EXIT_DONE;
    }
    // What was wrong stands just above: the whole text would push it out of sight.
    static const char start[] = "usage: ";
    const char *end = strstr(usage, "\n\n");
    const char *command = usage + strlen(start), *program_end = strchr(command, ' ');
    const size_t name = (size_t)(program_end - command) + 1 + strcspn(program_end + 1, " \n");
    fprintf(stderr, "%.*s\ntry: %.*s --help\n", (int)(end - usage), usage, (int)name, command);
    return SM_EXIT_USAGE;
}

int sm_command_end(sm_status status, const sm_error *error) {
    if (status == SM_OK) return SM_EXIT_DONE;
    fprintf(stderr, "sonomask: %s\n", error->message);
    return status == SM_ERROR_ARGUMENT ? SM_EXIT_USAGE : SM_EXIT_FAILED;
}
