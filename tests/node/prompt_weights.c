/**
 * Writes weights of an untrained network that takes clicks, with settings of the decision, for the tests of
 * corrections: prompt_weights FILE At the operating point 0.80 no outline counts as a lesion, at 0.95 every outline
 * does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/file.h"
#include "../../src/decision.h"
#include "../../src/memory_plan.h"
#include "../../src/status.h"
#include "../../src/weights.h"

static sm_status write_weights(const char *path, sm_error *error) {
    static sm_net net;
    sm_status status = sm_net_make("sonomask2", &net, error);
    if (status != SM_OK) return status;
    float *parameters = sm_floats_allocate(net.total_count);
    if (!parameters) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the weights");
    sm_net_initialise(&net, 7, parameters);
    const sm_weights_metadata metadata = {.network = "sonomask2",
                                          .input_size = 96,
                                          .threshold = 0.51f,
                                          .temperature = 2,
                                          .minimum_area = 0.002f,
                                          .expected_dice_power = 1};
    sm_decision decision = {.presence = {1, 1, 0},
                            .operating_points = {{0.80f, 1, 0.3f}, {0.90f, 0.5f, 0.2f}, {0.95f, 0, 0.1f}},
                            .margin = {0.1f, 0.02f}};
    sm_weights_extra tensors[SM_DECISION_TENSORS];
    sm_decision_tensors(&decision, tensors);
    uint8_t *bytes = NULL;
    size_t size = 0;
    status = sm_weights_write_with(&net, parameters, &metadata, SM_WEIGHTS_FLOAT16, tensors, SM_DECISION_TENSORS,
                                   &bytes, &size, error);
    sm_floats_free(parameters);
    if (status == SM_OK) status = sm_file_write(path, bytes, size, error);
    free(bytes);
    return status;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: prompt_weights FILE\n");
        return 2;
    }
    sm_error error = {0};
    const sm_status status = write_weights(argv[1], &error);
    if (status != SM_OK) fprintf(stderr, "prompt_weights: %s\n", error.message);
    return status == SM_OK ? 0 : 1;
}
