/**
 * Writes the native library's answers in full precision, for the tests that compare it with the WebAssembly module:
 *     native_probabilities WEIGHTS BACKEND FOLDER [click=X,Y,INSIDE]... IMAGE...
 * BACKEND is a number of sm_backend. INSIDE is 1 or 0; clicks correct the answers of the images after them. Image k's
 * answer goes to FOLDER/k.bin, in the machine's byte order: width, height, type (int32), the probabilities (float, one
 * per class), the probability map (float) and the mask (bytes).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../native/file.h"
#include "../../src/sonomask.h"
#include "../../src/status.h"

static sm_status write_result(const char *path, const sm_result *result, sm_error *error) {
    const size_t pixels = (size_t)result->width * (size_t)result->height;
    const int32_t head[3] = {result->width, result->height, (int32_t)result->type};
    const size_t size = sizeof head + sizeof result->probabilities + pixels * (sizeof(float) + 1);
    uint8_t *bytes = malloc(size);
    if (!bytes) return sm_fail(error, SM_ERROR_MEMORY, "no memory for the answer");
    uint8_t *next = bytes;
    memcpy(next, head, sizeof head);
    next += sizeof head;
    memcpy(next, result->probabilities, sizeof result->probabilities);
    next += sizeof result->probabilities;
    memcpy(next, result->probability_map, pixels * sizeof(float));
    next += pixels * sizeof(float);
    memcpy(next, result->mask, pixels);
    const sm_status status = sm_file_write(path, bytes, size, error);
    free(bytes);
    return status;
}

static sm_status answer(sm_state *state, const char *input, const sm_prompts *prompts, const char *output,
                        sm_error *error) {
    unsigned char *file = NULL;
    size_t size = 0;
    sm_image image = {0};
    sm_result result = {0};
    sm_status status = sm_file_read(input, &file, &size, error);
    if (status == SM_OK) status = sm_image_decode(file, size, &image, error);
    if (status == SM_OK) status = sm_segment(state, &image, NULL, &result, error);
    if (status == SM_OK && prompts->click_count > 0) status = sm_refine(state, prompts, NULL, &result, error);
    if (status == SM_OK) status = write_result(output, &result, error);
    sm_result_free(&result);
    sm_image_free(&image);
    free(file);
    return status;
}

enum { MOST_CLICKS = 16 };

static bool read_click(const char *text, sm_click *click) {
    int inside = 0;
    if (sscanf(text, "click=%f,%f,%d", &click->x, &click->y, &inside) != 3) return false;
    click->inside = inside != 0;
    return true;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: native_probabilities WEIGHTS BACKEND FOLDER [click=X,Y,INSIDE]... IMAGE...\n");
        return 2;
    }
    sm_error error = {0};
    unsigned char *weights = NULL;
    size_t size = 0;
    sm_model *model = NULL;
    sm_state *state = NULL;
    const sm_model_options options = {.backend = (sm_backend)atoi(argv[2])};
    sm_status status = sm_file_read(argv[1], &weights, &size, &error);
    if (status == SM_OK) status = sm_model_create(weights, size, &options, &model, &error);
    if (status == SM_OK) status = sm_state_create(model, NULL, &state, &error);
    free(weights);
    sm_click clicks[MOST_CLICKS];
    sm_prompts prompts = {.clicks = clicks};
    int images = 0;
    for (int i = 4; i < argc && status == SM_OK; i++) {
        if (prompts.click_count < MOST_CLICKS && read_click(argv[i], &clicks[prompts.click_count])) {
            prompts.click_count++;
            continue;
        }
        char name[32];
        snprintf(name, sizeof name, "%d.bin", images++);
        char *output = sm_path_join(argv[3], name);
        status = output ? answer(state, argv[i], &prompts, output, &error) : SM_ERROR_MEMORY;
        free(output);
    }
    sm_state_free(state);
    sm_model_free(model);
    if (status != SM_OK) fprintf(stderr, "native_probabilities: %s\n", error.message);
    return status == SM_OK ? 0 : 1;
}
