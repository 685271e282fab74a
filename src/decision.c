#include "decision.h"

#include <math.h>
#include <stdlib.h>

static float clamp(double value) { return value < -20 ? -20.0f : value > 20 ? 20.0f : (float)value; }

float sm_type_odds(const float type_logits[SM_CLASS_COUNT]) {
    const double benign = (double)type_logits[SM_CLASS_BENIGN];
    const double malignant = (double)type_logits[SM_CLASS_MALIGNANT];
    const double larger = benign > malignant ? benign : malignant;
    const double lesion = larger + log(exp(benign - larger) + exp(malignant - larger));
    return clamp(lesion - (double)type_logits[SM_CLASS_NORMAL]);
}

enum { BINS = 4096 };

float sm_peak(const float *probability, const int32_t *labels, int32_t label, int width, int height) {
    int histogram[BINS] = {0};
    int count = 0;
    const size_t pixels = (size_t)width * (size_t)height;
    for (size_t i = 0; i < pixels; i++) {
        if (labels && labels[i] != label) continue;
        const int bin = (int)(probability[i] * BINS);
        histogram[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
        count++;
    }
    if (count == 0) return -20;
    int needed = (int)((double)SM_PEAK_SHARE * (double)pixels);
    if (needed < 1) needed = 1;
    if (needed > count) needed = count;
    int bin = BINS - 1;
    for (int reached = histogram[bin]; reached < needed; reached += histogram[bin]) bin--;
    const double p = (bin + 0.5) / BINS;
    return clamp(log(p / (1 - p)));
}

float sm_presence(const sm_decision *decision, float type_odds, float peak) {
    const double z = (double)decision->presence[0] * (double)type_odds + (double)decision->presence[1] * (double)peak +
                     (double)decision->presence[2];
    return (float)(1 / (1 + exp(-z)));
}

float sm_margin(const sm_decision *decision, int outline_area, size_t image_area) {
    return (float)((double)decision->margin[0] * sqrt((double)outline_area) +
                   (double)decision->margin[1] * sqrt((double)image_area));
}

void sm_decision_tensors(sm_decision *decision, sm_weights_extra tensors[SM_DECISION_TENSORS]) {
    tensors[0] = (sm_weights_extra){"decision.presence", 1, {3, 1}, decision->presence};
    tensors[1] =
        (sm_weights_extra){"decision.operating_points", 2, {SM_OPERATING_POINTS, 3}, decision->operating_points[0]};
    tensors[2] = (sm_weights_extra){"decision.margin", 1, {2, 1}, decision->margin};
}

sm_status sm_decision_get(const sm_weights_file *file, sm_decision *decision, bool *found, sm_error *error) {
    sm_weights_extra tensors[SM_DECISION_TENSORS];
    sm_decision_tensors(decision, tensors);
    return sm_weights_file_extras(file, tensors, SM_DECISION_TENSORS, found, error);
}
