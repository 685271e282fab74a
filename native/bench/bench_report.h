/** What was measured, on stdout. */
#ifndef SONOMASK_BENCH_REPORT_H
#define SONOMASK_BENCH_REPORT_H

#include "bench.h"
#include "loading_cost.h"

void sm_bench_print_table(const sm_bench *bench, const sm_measurement *measurement);
/** One line. */
void sm_bench_print_json(const sm_bench *bench, const sm_measurement *measurement);
/** What loading and augmentation cost, in words or as one line of JSON. */
void sm_bench_print_loading(const sm_bench *bench, const sm_loading_cost *cost, bool as_json);

#endif
