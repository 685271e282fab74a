#include "trainer_times.h"

#include <stdio.h>

void sm_trainer_times_describe(const sm_trainer_times *t, char *text, size_t size) {
    const double percent = t->all > 0 ? 100 / t->all : 0;
    const double epochs = t->all - t->start - t->writing, network = t->network + t->scoring;
    const double other = epochs - network - t->images - t->ranks - t->validation;
    char ranks[48] = "";
    if (t->ranks > 0) snprintf(ranks, sizeof ranks, ", other ranks %.1f %%", percent * t->ranks);
    snprintf(text, size,
             "trained for %.1f s: network %.1f %%, and %.1f %% for validation, waiting for images %.1f %%%s, rest of "
             "validation %.1f %%, writing %.1f %%, start %.1f %%, other %.1f %%; outside the network %.1f %% of the "
             "epochs",
             t->all, percent * t->network, percent * t->scoring, percent * t->images, ranks, percent * t->validation,
             percent * t->writing, percent * t->start, percent * other,
             epochs > 0 ? 100 * (epochs - network) / epochs : 0);
}
