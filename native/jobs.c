#include "jobs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** Waits for a child that has ended. -1 when none has ended within a tenth of a second. */
static pid_t wait_a_while(int *state) {
    const struct timespec pause = {.tv_nsec = 100000000};
    const pid_t ended = waitpid(-1, state, WNOHANG);
    if (ended > 0) return ended;
    nanosleep(&pause, NULL); // ends early at a signal
    return -1;
}

static int find(const pid_t *children, int count, pid_t child) {
    for (int i = 0; i < count; i++)
        if (children[i] == child) return i;
    return -1;
}

sm_status sm_jobs_run(int count, int jobs, const volatile sig_atomic_t *interrupted,
                      int (*job)(void *context, int index), void *context, bool *failed, sm_error *error) {
    pid_t *children = calloc((size_t)count + 1, sizeof *children);
    if (!children) return sm_fail(error, SM_ERROR_MEMORY, "no memory for %d jobs", count);
    sm_status status = SM_OK;
    bool stopped = false;
    int next = 0;
    for (int i = 0; i < count; i++) failed[i] = true;
    for (int running = 0; running > 0 || (status == SM_OK && next < count);) {
        if (*interrupted && !stopped) {
            stopped = true;
            for (int i = 0; i < count; i++)
                if (children[i] > 0) kill(children[i], SIGTERM);
            status = sm_fail(error, SM_ERROR_INTERRUPTED, "stopped; continue with --resume");
        }
        if (status == SM_OK && running < jobs && next < count) {
            fflush(NULL); // else the child would write what is buffered once more
            const pid_t child = fork();
            if (child == 0) {
                /* In a group of its own, so that Ctrl-C reaches it through this process only: a second signal would end
                 * it without a checkpoint. When this process is killed, the child gets the signal, too. */
                setpgid(0, 0);
                prctl(PR_SET_PDEATHSIG, SIGTERM);
                const int result = job(context, next);
                fflush(NULL);
                _exit(result);
            }
            if (child < 0)
                status = sm_fail(error, SM_ERROR_MEMORY, "cannot start a process: %s", strerror(errno));
            else {
                children[next++] = child;
                running++;
            }
            continue;
        }
        int state = 0;
        const pid_t ended = wait_a_while(&state);
        const int index = ended > 0 ? find(children, count, ended) : -1;
        if (index < 0) continue;
        failed[index] = !WIFEXITED(state) || WEXITSTATUS(state) != 0;
        children[index] = 0;
        running--;
    }
    free(children);
    return status;
}
