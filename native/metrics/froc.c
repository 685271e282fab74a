#include "froc.h"

#include <stdlib.h>

#include "../../src/status.h"

/* The level from which on an outline or a lesion is counted. */
typedef struct event {
    double level;
    bool lesion; /* a lesion is found; otherwise an outline is false */
} event;

static int highest_first(const void *first, const void *second) {
    const double a = ((const event *)first)->level;
    const double b = ((const event *)second)->level;
    return a > b ? -1 : a < b;
}

static int gather(const sm_evaluated_image *image, event *events) {
    const sm_outline_scores *scores = &image->outlines;
    int count = 0;
    for (int k = 0; k < scores->count; k++)
        if (!scores->outlines[k].found) events[count++] = (event){scores->outlines[k].presence, false};
    for (int r = 0; r < scores->lesion_count; r++)
        if (scores->lesion_presence[r] >= 0) events[count++] = (event){scores->lesion_presence[r], true};
    return count;
}

sm_status sm_froc_make(const sm_evaluated_image *const *images, int count, sm_froc *froc, sm_error *error) {
    *froc = (sm_froc){0};
    const size_t room = (size_t)count * (SM_OUTLINES_SCORED + SM_LESIONS_SCORED) + 1;
    event *events = malloc(room * sizeof *events);
    froc->points = malloc(room * sizeof *froc->points);
    if (!events || !froc->points) {
        free(events);
        sm_froc_free(froc);
        return sm_fail(error, SM_ERROR_MEMORY, "no memory for an FROC curve");
    }
    int event_count = 0;
    for (int i = 0; i < count; i++) {
        if (!sm_evaluated_outlined(images[i])) continue;
        froc->images++;
        froc->lesions += images[i]->outlines.lesion_count;
        event_count += gather(images[i], events + event_count);
    }
    qsort(events, (size_t)event_count, sizeof *events, highest_first);
    int found = 0;
    int wrong = 0;
    for (int i = 0; i < event_count && froc->lesions > 0; i++) {
        found += events[i].lesion;
        wrong += !events[i].lesion;
        if (i + 1 < event_count && events[i + 1].level >= events[i].level) continue;
        froc->points[froc->count++] = (sm_froc_point){.level = events[i].level,
                                                      .false_outlines = (double)wrong / froc->images,
                                                      .found = (double)found / froc->lesions};
    }
    free(events);
    return SM_OK;
}

void sm_froc_free(sm_froc *froc) {
    free(froc->points);
    *froc = (sm_froc){0};
}

double sm_froc_found_at(const sm_froc *froc, double false_outlines) {
    if (froc->count == 0) return NAN;
    double found = 0;
    for (int i = 0; i < froc->count && froc->points[i].false_outlines <= false_outlines; i++)
        found = froc->points[i].found;
    return found;
}
