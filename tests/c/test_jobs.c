/* Jobs in child processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "../../native/jobs.h"
#include "scratch_folder.h"

static volatile sig_atomic_t never = 0;

/** Leaves a file and returns 0, but for job 2. */
static int leave_file(void *context, int index) {
    char name[32];
    (void)context;
    snprintf(name, sizeof name, "job%d", index);
    scratch_text(scratch_root, name, "here");
    return index == 2 ? 3 : 0;
}

static void every_job_runs_and_failures_are_reported(void **state) {
    (void)state;
    for (int jobs = 1; jobs <= 3; jobs++) {
        bool failed[5];
        assert_int_equal(sm_jobs_run(5, jobs, &never, leave_file, NULL, failed, NULL), SM_OK);
        for (int i = 0; i < 5; i++) {
            char name[32];
            snprintf(name, sizeof name, "job%d", i);
            assert_int_equal(failed[i], i == 2);
            assert_int_equal(unlink(scratch_path(scratch_root, name)), 0);
        }
    }
}

static volatile sig_atomic_t *stop_flag;
static void set_flag(int number) {
    (void)number;
    *stop_flag = 1;
}

/** Waits until it is ended. */
static int wait_for_the_end(void *context, int index) {
    (void)context;
    (void)index;
    signal(SIGTERM, SIG_DFL);
    pause();
    return 0;
}

static void an_interruption_ends_the_jobs(void **state) {
    (void)state;
    static volatile sig_atomic_t interrupted = 0;
    bool failed[3] = {false};
    stop_flag = &interrupted;
    signal(SIGALRM, set_flag);
    alarm(1);
    sm_error error = {0};
    assert_int_equal(sm_jobs_run(3, 2, &interrupted, wait_for_the_end, NULL, failed, &error), SM_ERROR_INTERRUPTED);
    assert_non_null(strstr(error.message, "--resume"));
    for (int i = 0; i < 3; i++) assert_true(failed[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_and_failures_are_reported),
        cmocka_unit_test(an_interruption_ends_the_jobs),
    };
    return cmocka_run_group_tests_name("jobs", tests, scratch_setup, scratch_teardown);
}
