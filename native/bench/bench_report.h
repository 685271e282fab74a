/** Prints the results of bench on stdout. */
#ifndef SONOMASK_BENCH_REPORT_H
#define SONOMASK_BENCH_REPORT_H

#include "bench.h"
#include "loading_cost.h"

void sm_bench_print_table(const sm_bench *bench, const sm_measurement *measurement);
/** One line of JSON. */
void sm_bench_print_json(const sm_bench *bench, const sm_measurement *measurement);
/** The cost of loading and augmentation, as text or as one line of JSON. */
void sm_bench_print_loading(const sm_bench *bench, const sm_loading_cost *cost, bool as_json);

#endif
