/** Progress on stderr: a bar with ETA on a terminal, plain lines at intervals when redirected. */
#ifndef SONOMASK_PROGRESS_H
#define SONOMASK_PROGRESS_H

typedef struct sm_progress {
    const char *label;
    int total, done;
    double started, last_shown; /**< seconds, monotonic */
    int terminal;
    int shown; /**< something of it is on the screen or in the log */
} sm_progress;

void sm_progress_begin(sm_progress *progress, const char *label, int total);
/** `note` (may be NULL) is shown at the end of the line, for example the current scores. */
void sm_progress_show(sm_progress *progress, int done, const char *note);
/** A line of text on stderr that does not tear the bar. */
void sm_progress_message(sm_progress *progress, const char *message);
/** The same for what failed: "sonomask: MESSAGE". */
void sm_progress_complain(sm_progress *progress, const char *message);
void sm_progress_end(sm_progress *progress);
/** Monotonic seconds. */
double sm_clock(void);

#endif
