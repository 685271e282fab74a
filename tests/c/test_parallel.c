/** The thread pool runs every task exactly once, for all sizes, and does not wait for sleeping threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "../../native/parallel.h"
#include "../../native/processors.h"
#include "scratch_folder.h"

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

/* Each task writes plain memory, which only the end of the job makes visible. A race shows under a sanitizer, a job
 * that returns too early in the values. */
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

enum { SUBMITTERS = 2 };

/** Tasks that run at this moment, by the thread that submitted their job. */
static atomic_int running[SUBMITTERS];
static atomic_bool overlapped;

typedef struct submitter {
    sm_parallel *parallel;
    int number;
    bool complete; /* every task of every job has run */
} submitter;

typedef struct slow_job {
    int submitter;
    int values[6];
} slow_job;

static void slow_task(void *arguments, int index, int worker) {
    (void)worker;
    slow_job *job = arguments;
    atomic_fetch_add(&running[job->submitter], 1);
    if (atomic_load(&running[1 - job->submitter]) > 0) atomic_store(&overlapped, true);
    nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
    if (atomic_load(&running[1 - job->submitter]) > 0) atomic_store(&overlapped, true);
    job->values[index] = index + 1;
    atomic_fetch_sub(&running[job->submitter], 1);
}

static void *submit_jobs(void *argument) {
    submitter *self = argument;
    self->complete = true;
    for (int i = 0; i < 50; i++) {
        slow_job job = {.submitter = self->number};
        sm_parallel_run(self->parallel, 6, slow_task, &job);
        for (int k = 0; k < 6; k++) self->complete = self->complete && job.values[k] == k + 1;
    }
    return NULL;
}

/** The tasks sleep, so that the two threads submit while a job runs: it ends before the other one begins. */
static void jobs_from_two_threads_take_turns(void **state) {
    (void)state;
    sm_parallel *parallel = sm_parallel_create(3);
    assert_non_null(parallel);
    submitter both[SUBMITTERS] = {{.parallel = parallel, .number = 0}, {.parallel = parallel, .number = 1}};
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, submit_jobs, &both[1]), 0);
    submit_jobs(&both[0]);
    assert_int_equal(pthread_join(other, NULL), 0);
    assert_true(both[0].complete && both[1].complete);
    assert_false(atomic_load(&overlapped));
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

typedef struct nested {
    const sm_parallel *pool, *other; /* `other` may be NULL: the tasks of a job call `pool` directly */
    atomic_int inner_runs, wrong_worker;
    int count; /* of the inner jobs */
} nested;

typedef struct inner {
    nested *all;
    int worker;
    pthread_t thread;
} inner;

static void inner_task(void *arguments, int index, int worker) {
    inner *outer = arguments;
    (void)index;
    if (worker != outer->worker || !pthread_equal(pthread_self(), outer->thread))
        atomic_fetch_add(&outer->all->wrong_worker, 1);
    atomic_fetch_add(&outer->all->inner_runs, 1);
}

static void outer_task(void *arguments, int index, int worker) {
    nested *all = arguments;
    inner outer = {all, worker, pthread_self()};
    (void)index;
    sm_parallel_run(all->pool, all->count, inner_task, &outer);
}

static void a_job_of_a_task_runs_on_its_thread(void **state) {
    (void)state;
    static const int inner_counts[] = {0, 1, 5};
    sm_parallel *pool = sm_parallel_create(3);
    assert_non_null(pool);
    alarm(30); // instead of a deadlock
    for (int i = 0; i < 3; i++) {
        nested all = {.pool = pool, .count = inner_counts[i]};
        for (int job = 0; job < 50; job++) sm_parallel_run(pool, 7, outer_task, &all);
        assert_int_equal(atomic_load(&all.inner_runs), 50 * 7 * inner_counts[i]);
        assert_int_equal(atomic_load(&all.wrong_worker), 0);
    }
    alarm(0);
    sm_parallel_free(pool);
}

static void submit_to_other(void *arguments, int index, int worker) {
    nested *all = arguments;
    inner outer = {all, worker, pthread_self()};
    (void)index;
    sm_parallel_run(all->pool, 2, inner_task, &outer);
}

/** On worker 0 of the other pool, which is the thread of a task of the first one. */
static void by_way_of_other(void *arguments, int index, int worker) {
    nested *all = arguments;
    (void)index, (void)worker;
    const sm_parallel *one_thread = all->other;
    one_thread->run(one_thread->pool, 2, submit_to_other, all);
}

static void a_job_submitted_again_through_another_pool_does_not_deadlock(void **state) {
    (void)state;
    sm_parallel *pool = sm_parallel_create(2), *other = sm_parallel_create(1);
    assert_true(pool && other);
    nested all = {.pool = pool, .other = other};
    alarm(30);
    sm_parallel_run(pool, 4, by_way_of_other, &all);
    alarm(0);
    assert_int_equal(atomic_load(&all.inner_runs), 4 * 2 * 2);
    sm_parallel_free(other);
    sm_parallel_free(pool);
}

typedef struct cgroup_file {
    const char *name, *content;
} cgroup_file;

static void quota_limits_the_processors(void **state) {
    (void)state;
    const int all = sm_processors_usable("/nonexistent");
    assert_true(all >= 1);
    const struct {
        cgroup_file files[6];
        double quota; /* processors; 0: none */
    } cases[] = {
        // Version 2: the group's own, that of a group above it, the root of a container.
        {{{"proc/self/cgroup", "0::/a/b\n"}, {"sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"}}, 1.5},
        {{{"proc/self/cgroup", "0::/a/b\n"},
          {"sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
          {"sys/fs/cgroup/a/cpu.max", "20000 20000\n"}},
         1},
        {{{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cpu.max", "1000 100000\n"}}, 0.01},
        {{{"proc/self/cgroup", "0::/not/mounted\n"}, {"sys/fs/cgroup/cpu.max", "100000 100000\n"}}, 1},
        {{{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "max 100000\n"}}, 0},
        // Version 1.
        {{{"proc/self/cgroup", "11:memory:/a\n4:cpu,cpuacct:/a\n1:name=systemd:/a\n0::/\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
         1},
        {{{"proc/self/cgroup", "4:cpuacct,cpu:/a\n"},
          {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n"},
          {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
         0.5},
        {{{"proc/self/cgroup", "4:cpu:/a\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
         0},
        {{{"proc/self/cgroup", "4:cpuset:/a\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
         0},
        // A file that cannot be read sets no limit.
        {{{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "0 0\n"}}, 0},
        {{{"proc/self/cgroup", "nonsense\n\n::\n"}, {"sys/fs/cgroup/cpu.max", "text\n"}}, 0},
        {{{"proc/self/cgroup", ""}}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *root = scratch_make();
        for (int f = 0; cases[i].files[f].name; f++)
            scratch_text(root, cases[i].files[f].name, cases[i].files[f].content);
        const double quota = sm_processors_quota(root);
        if (cases[i].quota > 0)
            assert_true(quota == cases[i].quota);
        else
            assert_true(isinf(quota));
        assert_int_equal(sm_processors_usable(root), quota < all ? (int)ceil(quota) : all);
        scratch_remove(root);
    }
}

static void zero_threads_means_the_processors(void **state) {
    (void)state;
    sm_parallel *parallel = sm_parallel_create(0);
    assert_non_null(parallel);
    assert_int_equal(sm_parallel_threads(parallel), sm_processors_usable(""));
    sm_parallel_free(parallel);
    sm_parallel_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(many_short_jobs),
        cmocka_unit_test(jobs_from_two_threads_take_turns),
        cmocka_unit_test(tasks_overlap_and_waiting_costs_no_processor),
        cmocka_unit_test(a_job_of_a_task_runs_on_its_thread),
        cmocka_unit_test(a_job_submitted_again_through_another_pool_does_not_deadlock),
        cmocka_unit_test(quota_limits_the_processors),
        cmocka_unit_test(zero_threads_means_the_processors),
    };
    return cmocka_run_group_tests_name("parallel", tests, NULL, NULL);
}
