/** The program `sonomask COMMAND ...`, for main and for the library of the Python package. */
#ifndef SONOMASK_PROGRAM_H
#define SONOMASK_PROGRAM_H

/**
 * Runs a command line (argv[0] is the program; argv[argc] is NULL) and returns the exit status: 0 done, 1 something
 * failed (explained on stderr), 2 wrong usage. Installs handlers of SIGINT, SIGTERM and SIGHUP that end the process, so
 * it is for a process that does nothing else.
 */
int sm_program(int argc, char **argv);

#endif
