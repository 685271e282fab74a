#include "fold_progress.h"

#include <unistd.h>

#include "progress.h"

static const double interval = 30; /* seconds between two lines of a fold */

void sm_fold_progress_begin(sm_fold_progress *progress) {
    const double now = sm_clock();
    *progress = (sm_fold_progress){.begun = now, .shown = now};
    const int copy = dup(STDERR_FILENO);
    progress->console = copy >= 0 ? fdopen(copy, "a") : NULL;
    if (copy >= 0 && !progress->console) close(copy);
}

void sm_fold_progress_show(sm_fold_progress *progress, int fold, int epoch, int epochs) {
    const double now = sm_clock();
    if (progress->first == 0) progress->first = epoch;
    if (!progress->console || now - progress->shown < interval) return;
    progress->shown = now;
    char left[SM_DURATION_SIZE];
    sm_duration_format((now - progress->begun) / (epoch - progress->first + 1) * (epochs - epoch), left);
    fprintf(progress->console, "fold %d: epoch %d/%d, ETA %s\n", fold, epoch, epochs, left);
    fflush(progress->console);
}

void sm_fold_progress_end(sm_fold_progress *progress, int fold, bool done) {
    if (!progress->console) return;
    if (done) fprintf(progress->console, "fold %d: done\n", fold);
    (void)fclose(progress->console);
    progress->console = NULL;
}
