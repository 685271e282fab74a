#include "augment_marks.h"

#include <stdbool.h>

#include "mark_painter.h"
#include "random.h"

enum { KINDS = 5, CALIPERS = 0, STREAMS_PER_KIND = 2, KINDS_STREAM = 100 };

static const struct {
    float probability;
    void (*add)(const sm_sample *sample, sm_random *look, sm_random *place);
} kinds[KINDS] = {[CALIPERS] = {0.65f, sm_mark_add_calipers},
                  {0.45f, sm_mark_add_text},
                  {0.35f, sm_mark_add_body_mark},
                  {0.2f, sm_mark_add_arrow},
                  {0.07f, sm_mark_add_frame}};

void sm_marks_draw(sm_sample *sample, uint64_t seed) {
    sm_random choice = sm_random_make(sm_random_derive(seed, KINDS_STREAM));
    int drawn = 0;
    for (int kind = KINDS - 1; kind >= 0; kind--) {
        const bool chosen = sm_random_uniform(&choice) < kinds[kind].probability;
        if (!chosen && (kind != CALIPERS || drawn > 0)) continue; /* calipers when there is nothing else */
        const uint64_t stream = STREAMS_PER_KIND * (uint64_t)kind;
        sm_random look = sm_random_make(sm_random_derive(seed, stream));
        sm_random place = sm_random_make(sm_random_derive(seed, stream + 1));
        kinds[kind].add(sample, &look, &place);
        drawn++;
    }
}
