/**
 * The commands behind `sonomask NAME ...`. Each takes its own argv (argv[0] is the command) and returns the exit
 * status: 0 done, 1 something failed (explained on stderr), 2 wrong usage.
 */
#ifndef SONOMASK_COMMAND_H
#define SONOMASK_COMMAND_H

#include "command_line.h"

int sm_command_predict(int argc, char **argv);
int sm_command_train(int argc, char **argv);
int sm_command_dataset(int argc, char **argv);
int sm_command_evaluate(int argc, char **argv);
int sm_command_calibrate(int argc, char **argv);
int sm_command_bench(int argc, char **argv);
int sm_command_export(int argc, char **argv);
int sm_command_phantom(int argc, char **argv);
int sm_command_info(int argc, char **argv);

#endif
