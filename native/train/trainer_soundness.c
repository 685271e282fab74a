/** Whether the state of a training can be saved and gone on from. */
#include <float.h>
#include <math.h>

#include "../../src/half.h"
#include "trainer_state.h"

/** Whether all values are within [-limit, limit]; not-a-number is not. */
static bool all_within(const float *values, size_t count, float limit) {
    bool within = true;
    for (size_t i = 0; i < count; i++) within &= fabsf(values[i]) <= limit;
    return within;
}

static bool all_finite(const float *values, size_t count) { return all_within(values, count, FLT_MAX); }

bool sm_trainer_is_sound(sm_trainer *t) {
    const sm_optimiser *o = &t->optimiser;
    const bool half = t->options->precision == SM_WEIGHTS_FLOAT16;
    sm_trainer_make_result(t);
    if (!all_finite(t->parameters, o->total_count) || !all_finite(o->average, o->total_count) ||
        !all_finite(o->first, o->trainable_count) || !all_finite(o->second, o->trainable_count) ||
        !all_finite(t->result, o->total_count))
        t->diverged = "the weights were not finite";
    else if (half && !all_within(t->result, o->total_count, SM_HALF_MAX))
        t->diverged = "the weights were too large for 16 bits";
    return !t->diverged;
}

bool sm_trainer_is_near_limit(const sm_trainer *t) {
    const float limit = t->options->precision == SM_WEIGHTS_FLOAT16 ? SM_HALF_MAX : FLT_MAX;
    return !all_within(t->parameters, t->net.total_count, limit / 4);
}

void sm_trainer_leave_limit(sm_trainer *t) {
    if (sm_trainer_is_near_limit(t)) sm_snapshot_restore(&t->snapshot, &t->progress, t->parameters, &t->optimiser);
}
