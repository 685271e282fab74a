/** run.json: everything that a training was run with, so that it can be run again. */
#ifndef SONOMASK_RUN_RECORD_H
#define SONOMASK_RUN_RECORD_H

#include "command_line.h"
#include "train/trainer.h"

/**
 * Writes OUT/run.json: every option with its value, the settings that the data decided, program, revision, compiler and
 * libraries, processor and system, hash and number of images. No name of the machine or of its user is in it, but the
 * paths of the data are. `arguments` is the struct of the command line. Errors: SM_ERROR_IO, _MEMORY.
 */
sm_status sm_run_record_write(const sm_command_line *line, const void *arguments, const char *out,
                              const sm_training_facts *facts, sm_error *error);

#endif
