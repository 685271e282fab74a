#include "interrupt.h"

#include <stdbool.h>

#include "file.h"

volatile sig_atomic_t sm_interrupted;

/** Handlers run with all these signals blocked, and end with the default action. */
static void set_handler(int number, void (*handler)(int)) {
    struct sigaction old;
    if (sigaction(number, NULL, &old) != 0 || old.sa_handler == SIG_IGN) return;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaddset(&action.sa_mask, SIGHUP);
    sigaction(number, &action, NULL);
}

static void end_program(int number) {
    sm_file_remove_temporaries();
    signal(number, SIG_DFL);
    raise(number); // delivered when this handler returns
}

static void request_stop(int number) {
    (void)number;
    sm_interrupted = 1;
    set_handler(SIGINT, end_program);
    set_handler(SIGTERM, end_program);
}

void sm_interrupt_install(void) {
    set_handler(SIGINT, end_program);
    set_handler(SIGTERM, end_program);
    set_handler(SIGHUP, end_program);
    signal(SIGXFSZ, SIG_IGN);
}

void sm_interrupt_catch(void) {
    sm_interrupted = 0;
    set_handler(SIGINT, request_stop);
    set_handler(SIGTERM, request_stop);
}
