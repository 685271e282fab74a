/** Runs a scenario once for each call that could fail, with that call failing. */
#ifndef SONOMASK_TEST_EVERY_CALL_H
#define SONOMASK_TEST_EVERY_CALL_H

#include "../../src/status.h"
#include "inject.h"

typedef struct scenario {
    const char *name;
    void *context;
    /** May be NULL. Runs before calls are counted. */
    void (*before)(void *context);
    /** Does the work, checks the answer when all went well, and releases everything. */
    sm_status (*run)(void *context, sm_error *error);
    /** May be NULL. Runs after the calls were counted: checks what the run left. */
    void (*after)(void *context, sm_status status);
} scenario;

/**
 * Runs the scenario without a failure to count its calls, then with call 1, 2, ... failing, first that one alone and
 * then it and all later ones. Fails the test when a run leaks memory, or fails with another status than `expected` or
 * without a message. A run may succeed when it does not depend on the call. At most `most` failures of each kind are
 * tried, spread evenly; with SONOMASK_EVERY_FAILURE in the environment all of them.
 */
void every_call(const scenario *what, inject_kind kind, sm_status expected, long most);

#endif
