#include "command.h"

#include <stdio.h>

int sm_command_usage(const char *usage, bool asked) {
    fputs(usage, asked ? stdout : stderr);
    return asked ? SM_EXIT_DONE : SM_EXIT_USAGE;
}

int sm_command_end(sm_status status, const sm_error *error) {
    if (status == SM_OK) return SM_EXIT_DONE;
    fprintf(stderr, "sonomask: %s\n", error->message);
    return status == SM_ERROR_ARGUMENT ? SM_EXIT_USAGE : SM_EXIT_FAILED;
}
