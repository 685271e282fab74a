/** Progress on stderr: a bar with ETA on a terminal, a line every 10 seconds when redirected. */
#ifndef SONOMASK_PROGRESS_H
#define SONOMASK_PROGRESS_H

typedef struct sm_progress {
    const char *label;
    int total, done;
    double started, last_shown; /**< seconds, monotonic */
    int terminal;
    int shown; /**< it has been printed at least once */
} sm_progress;

void sm_progress_begin(sm_progress *progress, const char *label, int total);
/** `note` (may be NULL) is printed at the end of the line, for example the current scores. */
void sm_progress_show(sm_progress *progress, int done, const char *note);
/** Prints a line on stderr; a bar on the terminal is removed first and drawn again later. */
void sm_progress_message(sm_progress *progress, const char *message);
/** The same for a failure: "sonomask: MESSAGE". */
void sm_progress_complain(sm_progress *progress, const char *message);
void sm_progress_end(sm_progress *progress);
enum { SM_DURATION_SIZE = 24 };

/** "1:02:03" or "2:03". */
void sm_duration_format(double seconds, char text[SM_DURATION_SIZE]);
/** Monotonic seconds. */
double sm_clock(void);

#endif
