#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double terminal_interval = 0.1, redirected_interval = 10.0; /* seconds between two lines */

enum { BAR_WIDTH = 24, LINE_SIZE = 512 };

double sm_clock(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void sm_progress_begin(sm_progress *progress, const char *label, int total) {
    const double now = sm_clock();
    *progress = (sm_progress){.label = label, .total = total, .started = now, .last_shown = now};
    progress->terminal = isatty(STDERR_FILENO);
}

void sm_duration_format(double seconds, char text[SM_DURATION_SIZE]) {
    const long whole = seconds < 0 ? 0 : seconds > 1e7 ? 10000000 : (long)(seconds + 0.5);
    if (whole >= 3600)
        snprintf(text, SM_DURATION_SIZE, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(text, SM_DURATION_SIZE, "%ld:%02ld", whole / 60, whole % 60);
}

/** Columns of the terminal: a longer line would wrap, and then could not be drawn over. */
static int terminal_columns(void) {
    struct winsize window = {0};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0) return 80;
    return window.ws_col;
}

static void show_line(const sm_progress *progress, int done, const char *note, double now) {
    char line[LINE_SIZE];
    char bar[BAR_WIDTH + 3] = "";
    char remaining[SM_DURATION_SIZE];
    const double share = progress->total > 0 ? (double)done / progress->total : 1.0;
    if (progress->terminal) {
        const int filled = share >= 1 ? BAR_WIDTH : share <= 0 ? 0 : (int)(share * BAR_WIDTH);
        memset(bar, '.', sizeof bar);
        bar[0] = '[';
        memset(bar + 1, '#', (size_t)filled);
        bar[BAR_WIDTH + 1] = ']';
        bar[BAR_WIDTH + 2] = '\0';
    }
    const double elapsed = now - progress->started;
    int left = progress->total - done;
    if (left < 0) left = 0;
    if (done > 0)
        sm_duration_format(elapsed / done * left, remaining);
    else
        snprintf(remaining, sizeof remaining, "?");
    snprintf(line, sizeof line, "%s %s%s%d/%d (%d%%) ETA %s%s%s", progress->label, bar, progress->terminal ? " " : "",
             done, progress->total, (int)(share * 100), remaining, note && *note ? "  " : "", note ? note : "");
    // A note may be a file name, which may hold line ends and control characters of the terminal.
    for (char *at = line; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = '?';
    if (progress->terminal)
        fprintf(stderr, "\r\x1b[K%.*s", terminal_columns() - 1, line);
    else
        fprintf(stderr, "%s\n", line);
    fflush(stderr);
}

void sm_progress_show(sm_progress *progress, int done, const char *note) {
    const double now = sm_clock();
    progress->done = done;
    const double interval = progress->terminal ? terminal_interval : redirected_interval;
    // A terminal shows the last state in any case, a log only what takes long.
    const int last = progress->terminal && done >= progress->total;
    if (!last && now - progress->last_shown < interval) return;
    progress->last_shown = now;
    progress->shown = 1;
    show_line(progress, done, note, now);
}

static void print_message(sm_progress *progress, const char *start, const char *message) {
    fprintf(stderr, "%s%s%s\n", progress->terminal && progress->shown ? "\r\x1b[K" : "", start, message);
    if (progress->terminal) progress->last_shown = 0; // the bar was removed: draw it at the next call
    fflush(stderr);
}

void sm_progress_message(sm_progress *progress, const char *message) { print_message(progress, "", message); }

void sm_progress_complain(sm_progress *progress, const char *message) {
    print_message(progress, "sonomask: ", message);
}

void sm_progress_end(sm_progress *progress) {
    if (!progress->shown) return;
    char elapsed[SM_DURATION_SIZE];
    sm_duration_format(sm_clock() - progress->started, elapsed);
    if (progress->terminal)
        fprintf(stderr, "\n");
    else
        fprintf(stderr, "%s: %s %s\n", progress->label, progress->done < progress->total ? "ended after" : "done in",
                elapsed);
    fflush(stderr);
    progress->shown = 0;
}
