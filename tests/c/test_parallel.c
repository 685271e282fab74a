/** The pool of threads: every task exactly once, whatever the sizes, and no waiting for sleepers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "../../native/parallel.h"

enum { MOST_TASKS = 1000 };

typedef struct counts {
    atomic_int runs[MOST_TASKS];
    atomic_int bad_worker;
    int threads;
} counts;

static void count_task(void *arguments, int index, int worker) {
    counts *all = arguments;
    if (worker < 0 || worker >= all->threads) atomic_fetch_add(&all->bad_worker, 1);
    atomic_fetch_add(&all->runs[index], 1);
}

static void every_task_runs_once(void **state) {
    (void)state;
    static const int thread_counts[] = {1, 2, 3, 8};
    static const int task_counts[] = {0, 1, 2, 7, MOST_TASKS};
    for (size_t t = 0; t < sizeof thread_counts / sizeof thread_counts[0]; t++) {
        sm_parallel *parallel = sm_parallel_create(thread_counts[t]);
        assert_non_null(parallel);
        assert_int_equal(sm_parallel_threads(parallel), thread_counts[t]);
        for (size_t c = 0; c < sizeof task_counts / sizeof task_counts[0]; c++) {
            counts all = {.threads = thread_counts[t]};
            sm_parallel_run(parallel, task_counts[c], count_task, &all);
            for (int i = 0; i < MOST_TASKS; i++) assert_int_equal(atomic_load(&all.runs[i]), i < task_counts[c]);
            assert_int_equal(atomic_load(&all.bad_worker), 0);
        }
        sm_parallel_free(parallel);
    }
}

/* Each task adds to plain memory that only the end of the job makes visible: a race would show under a sanitizer, and
 * a job that returned too early would show in the sum. */
static void square_task(void *arguments, int index, int worker) {
    (void)worker;
    int *values = arguments;
    values[index] = index * index;
}

static void many_short_jobs(void **state) {
    (void)state;
    sm_parallel *parallel = sm_parallel_create(4);
    assert_non_null(parallel);
    for (int job = 0; job < 3000; job++) {
        int values[9] = {0};
        const int count = 2 + job % 8;
        sm_parallel_run(parallel, count, square_task, values);
        for (int i = 0; i < count; i++) assert_int_equal(values[i], i * i);
    }
    sm_parallel_free(parallel);
}

static void *submit_jobs(void *argument) {
    for (int job = 0; job < 300; job++) {
        int values[8] = {0};
        sm_parallel_run(argument, 8, square_task, values);
        for (int i = 0; i < 8; i++)
            if (values[i] != i * i) return argument;
    }
    return NULL;
}

static void jobs_from_two_threads_take_turns(void **state) {
    (void)state;
    sm_parallel *parallel = sm_parallel_create(3);
    assert_non_null(parallel);
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, submit_jobs, parallel), 0);
    assert_null(submit_jobs(parallel));
    void *wrong = parallel;
    assert_int_equal(pthread_join(other, &wrong), 0);
    assert_null(wrong);
    sm_parallel_free(parallel);
}

static void sleep_task(void *arguments, int index, int worker) {
    (void)arguments, (void)index, (void)worker;
    const struct timespec pause = {0, 20 * 1000 * 1000};
    nanosleep(&pause, NULL);
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void tasks_overlap_and_waiting_costs_no_processor(void **state) {
    (void)state;
    sm_parallel *parallel = sm_parallel_create(4);
    assert_non_null(parallel);
    const double wall = seconds(CLOCK_MONOTONIC), processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int job = 0; job < 5; job++) sm_parallel_run(parallel, 4, sleep_task, NULL);
    const struct timespec pause = {0, 200 * 1000 * 1000};
    nanosleep(&pause, NULL); // the idle pool sleeps too
    assert_true(seconds(CLOCK_MONOTONIC) - wall - 0.2 < 0.75 * 20 * 0.02);
    assert_true(seconds(CLOCK_PROCESS_CPUTIME_ID) - processor < 0.1);
    sm_parallel_free(parallel);
}

static void zero_threads_means_the_processors(void **state) {
    (void)state;
    sm_parallel *parallel = sm_parallel_create(0);
    assert_non_null(parallel);
    assert_true(sm_parallel_threads(parallel) >= 1);
    sm_parallel_free(parallel);
    sm_parallel_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(many_short_jobs),
        cmocka_unit_test(jobs_from_two_threads_take_turns),
        cmocka_unit_test(tasks_overlap_and_waiting_costs_no_processor),
        cmocka_unit_test(zero_threads_means_the_processors),
    };
    return cmocka_run_group_tests_name("parallel", tests, NULL, NULL);
}
