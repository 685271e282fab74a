#include "every_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

/** Returns the number of calls. */
static long run_with_failure(const scenario *what, inject_kind kind, sm_status expected, long failing, bool all_later) {
    sm_error error = {0};
    if (what->before) what->before(what->context);
    inject_arm(kind, failing, all_later);
    const sm_status status = what->run(what->context, &error);
    const long calls = inject_disarm();
    const long leaked = inject_leaked();
    if (what->after) what->after(what->context, status);
    const char *const rest = all_later ? " and all later ones" : "";
    if (leaked != 0)
        fail_msg("%s: with failing call %ld%s (address %#lx) %ld blocks leak", what->name, failing, rest,
                 inject_place(), leaked);
    if (status == SM_OK) return calls;
    if (failing == 0) fail_msg("%s: %s", what->name, error.message);
    if (status != expected || error.status != status || !error.message[0])
        fail_msg("%s: with failing call %ld%s (address %#lx) the status is %s instead of %s: \"%s\"", what->name,
                 failing, rest, inject_place(), sm_status_name(status), sm_status_name(expected), error.message);
    return calls;
}

void every_call(const scenario *what, inject_kind kind, sm_status expected, long most) {
    const long calls = run_with_failure(what, kind, expected, 0, false);
    const long step = calls <= most || getenv("SONOMASK_EVERY_FAILURE") ? 1 : (calls + most - 1) / most;
    assert_true(calls > 0);
    for (long call = 1; call <= calls; call += step) run_with_failure(what, kind, expected, call, false);
    for (long call = 1 + step / 2; call <= calls; call += step) run_with_failure(what, kind, expected, call, true);
    print_message("%s: %ld calls, every %ld. failed\n", what->name, calls, step);
}
