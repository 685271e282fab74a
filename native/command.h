/** The commands behind `sonomask NAME ...`: each takes its own argv (argv[0] is the command) and returns the exit
 * status: 0 done, 1 something failed (said on stderr), 2 wrong usage. */
#ifndef SONOMASK_COMMAND_H
#define SONOMASK_COMMAND_H

#include <stdbool.h>

#include "../src/sonomask.h"

enum { SM_EXIT_DONE = 0, SM_EXIT_FAILED = 1, SM_EXIT_USAGE = 2 };

int sm_command_predict(int argc, char **argv);
int sm_command_train(int argc, char **argv);
int sm_command_evaluate(int argc, char **argv);
int sm_command_calibrate(int argc, char **argv);
int sm_command_bench(int argc, char **argv);
int sm_command_export(int argc, char **argv);
int sm_command_phantom(int argc, char **argv);
int sm_command_info(int argc, char **argv);

/**
 * Prints `usage` ("usage: sonomask NAME ...", a blank line, the rest) on stdout when it was asked for; when the
 * arguments were wrong, its first paragraph on stderr with the way to the rest. Returns the exit status.
 */
int sm_command_usage(const char *usage, bool asked);
/** How a command ends: says on stderr what failed, if anything; the exit status. */
int sm_command_end(sm_status status, const sm_error *error);

#endif
