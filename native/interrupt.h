/** Signals that end the program: temporary files are removed, and a long command may stop at a good place first. */
#ifndef SONOMASK_INTERRUPT_H
#define SONOMASK_INTERRUPT_H

#include <signal.h>

/**
 * Makes SIGINT, SIGTERM and SIGHUP remove the temporary files of file.h before they end the program, and makes a write
 * beyond the file size limit fail instead of ending it. Signals that the parent ignores stay ignored.
 */
void sm_interrupt_install(void);

/** Not 0 once a signal has come after sm_interrupt_catch. */
extern volatile sig_atomic_t sm_interrupted;

/** From now on the first SIGINT or SIGTERM sets sm_interrupted; a second one ends the program. */
void sm_interrupt_catch(void);

#endif
