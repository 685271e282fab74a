/**
 * A pool of sleeping threads. A job ends when its tasks have ended; it does not wait until every thread has woken up. A
 * thread that a busy processor wakes late finds no task left and sleeps again.
 */
#include "parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "processors.h"

/* The layers of a network follow each other within some tens of microseconds, about as long as a wake-up takes. Yields,
 * together up to a millisecond, catch the next job without a sleep, and give the processor to another process that
 * waits for it. */
enum { YIELDS_BEFORE_SLEEP = 1000, MAX_THREADS = 256 };

typedef struct pool {
    sm_parallel parallel; /* the public part */
    pthread_mutex_t mutex;
    pthread_cond_t job_posted, job_done;
    pthread_mutex_t submitting; /* held during a job: one at a time */
    bool stopping;              /* under `mutex` */

    /* The job; written under `mutex` while no task of an older job runs. */
    sm_task *task;
    void *arguments;
    int count;

    /* Upper half: number of the job. Lower half: its next task. Taking a task compares both, so a late thread cannot
     * take a task of a job whose `task` and `arguments` it has not read. */
    _Atomic uint64_t ticket;
    atomic_int unfinished; /* tasks of the job that have not ended */

    int started; /* threads running */
    pthread_t threads[MAX_THREADS];
} pool;

typedef struct job {
    uint32_t number;
    sm_task *task;
    void *arguments;
    int count;
} job;

typedef struct worker {
    pool *owner;
    int index;
} worker;

static uint32_t ticket_job(uint64_t ticket) { return (uint32_t)(ticket >> 32); }

/** The jobs that the calling thread works on, innermost first: a task may submit a job to another pool. */
typedef struct work {
    const pool *owner;
    int worker;
    const struct work *outer;
} work;
static _Thread_local const work *current_work;

static void run_task(const pool *owner, const job *current, int index, int worker_index) {
    const work self = {owner, worker_index, current_work};
    current_work = &self;
    current->task(current->arguments, index, worker_index);
    current_work = self.outer;
}

/** Takes and runs tasks of `current` until none is left. */
static void work_on(pool *owner, const job *current, int worker_index) {
    uint64_t ticket = atomic_load(&owner->ticket);
    for (;;) {
        const uint32_t next = (uint32_t)ticket;
        if (ticket_job(ticket) != current->number || next >= (uint32_t)current->count) return;
        if (!atomic_compare_exchange_weak(&owner->ticket, &ticket, ticket + 1)) continue;
        run_task(owner, current, (int)next, worker_index);
        if (atomic_fetch_sub(&owner->unfinished, 1) == 1) {
            pthread_mutex_lock(&owner->mutex);
            pthread_cond_signal(&owner->job_done);
            pthread_mutex_unlock(&owner->mutex);
        }
        ticket = atomic_load(&owner->ticket);
    }
}

static void *worker_main(void *argument) {
    const worker self = *(worker *)argument;
    free(argument);
    pool *owner = self.owner;
    uint32_t seen = 0;
    for (;;) {
        for (int i = 0; i < YIELDS_BEFORE_SLEEP && ticket_job(atomic_load(&owner->ticket)) == seen; i++) sched_yield();
        pthread_mutex_lock(&owner->mutex);
        while (!owner->stopping && ticket_job(atomic_load(&owner->ticket)) == seen)
            pthread_cond_wait(&owner->job_posted, &owner->mutex);
        const bool stopping = owner->stopping;
        const job current = {ticket_job(atomic_load(&owner->ticket)), owner->task, owner->arguments, owner->count};
        pthread_mutex_unlock(&owner->mutex);
        if (stopping) return NULL;
        seen = current.number;
        work_on(owner, &current, self.index);
    }
}

/** Runs a job that a task of the same pool submits on the calling thread: it would wait for itself otherwise. */
static bool run_nested(const pool *owner, int count, sm_task *task, void *arguments) {
    for (const work *w = current_work; w; w = w->outer) {
        if (w->owner != owner) continue;
        for (int index = 0; index < count; index++) task(arguments, index, w->worker);
        return true;
    }
    return false;
}

static void pool_run(void *pointer, int count, sm_task *task, void *arguments) {
    pool *owner = pointer;
    if (count <= 0 || run_nested(owner, count, task, arguments)) return;
    if (count == 1) {
        task(arguments, 0, 0);
        return;
    }
    pthread_mutex_lock(&owner->submitting);

    pthread_mutex_lock(&owner->mutex);
    const job current = {ticket_job(atomic_load(&owner->ticket)) + 1, task, arguments, count};
    owner->task = task;
    owner->arguments = arguments;
    owner->count = count;
    atomic_store(&owner->unfinished, count);
    atomic_store(&owner->ticket, (uint64_t)current.number << 32);
    pthread_cond_broadcast(&owner->job_posted);
    pthread_mutex_unlock(&owner->mutex);

    work_on(owner, &current, 0);

    for (int i = 0; i < YIELDS_BEFORE_SLEEP && atomic_load(&owner->unfinished) > 0; i++) sched_yield();
    if (atomic_load(&owner->unfinished) > 0) {
        pthread_mutex_lock(&owner->mutex);
        while (atomic_load(&owner->unfinished) > 0) pthread_cond_wait(&owner->job_done, &owner->mutex);
        pthread_mutex_unlock(&owner->mutex);
    }
    pthread_mutex_unlock(&owner->submitting);
}

static bool start_worker(pool *owner, int index) {
    worker *self = malloc(sizeof *self);
    if (!self) return false;
    *self = (worker){owner, index};
    if (pthread_create(&owner->threads[owner->started], NULL, worker_main, self) != 0) {
        free(self);
        return false;
    }
    owner->started++;
    return true;
}

sm_parallel *sm_parallel_create(int threads) {
    if (threads <= 0) threads = sm_processors_usable("");
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    pool *owner = calloc(1, sizeof *owner);
    if (!owner) return NULL;
    owner->parallel = (sm_parallel){.threads = threads, .pool = owner, .run = pool_run};
    // These four do not fail with default attributes.
    pthread_mutex_init(&owner->mutex, NULL);
    pthread_mutex_init(&owner->submitting, NULL);
    pthread_cond_init(&owner->job_posted, NULL);
    pthread_cond_init(&owner->job_done, NULL);
    for (int index = 1; index < threads; index++) {
        if (!start_worker(owner, index)) {
            sm_parallel_free(&owner->parallel);
            return NULL;
        }
    }
    return &owner->parallel;
}

void sm_parallel_free(sm_parallel *parallel) {
    if (!parallel) return;
    pool *owner = parallel->pool;
    pthread_mutex_lock(&owner->mutex);
    owner->stopping = true;
    pthread_cond_broadcast(&owner->job_posted);
    pthread_mutex_unlock(&owner->mutex);
    for (int i = 0; i < owner->started; i++) pthread_join(owner->threads[i], NULL);
    pthread_cond_destroy(&owner->job_done);
    pthread_cond_destroy(&owner->job_posted);
    pthread_mutex_destroy(&owner->submitting);
    pthread_mutex_destroy(&owner->mutex);
    free(owner);
}
