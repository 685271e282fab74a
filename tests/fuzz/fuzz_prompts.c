/** A file of prompts; those of the images that it names are then used for a correction, whose guarantees are checked.
 */
#include "fuzz.h"

#include <string.h>

#include "../../native/prompts_file.h"
#include "../../src/memory_plan.h"
#include "../../src/net.h"
#include "../../src/weights.h"

enum { SIDE = 32, WIDTH = 48, HEIGHT = 40 };
static const char *const images[] = {"a.png", "folder/b.png", "other/b.png"};
enum { IMAGES = sizeof images / sizeof *images };

/** A state with untrained weights that has segmented an image. */
static sm_state *make_state(void) {
    static sm_net net;
    fuzz_require(sm_net_make("sonomask2", &net, NULL) == SM_OK);
    float *parameters = sm_floats_allocate(net.total_count);
    fuzz_require(parameters != NULL);
    sm_net_initialise(&net, 1, parameters);
    const sm_weights_metadata metadata = {
        .network = "sonomask2", .input_size = SIDE, .threshold = 0.5f, .temperature = 1, .minimum_area = 0.01f};
    uint8_t *weights = NULL;
    size_t size = 0;
    fuzz_require(sm_weights_write(&net, parameters, &metadata, SM_WEIGHTS_FLOAT32, &weights, &size, NULL) == SM_OK);
    sm_floats_free(parameters);
    static sm_model *model; /* kept until the process ends */
    sm_state *state = NULL;
    const sm_model_options options = {.backend = SM_BACKEND_SCALAR};
    fuzz_require(sm_model_create(weights, size, &options, &model, NULL) == SM_OK);
    fuzz_require(sm_state_create(model, NULL, &state, NULL) == SM_OK);
    free(weights);
    static uint8_t pixels[WIDTH * HEIGHT];
    for (int i = 0; i < WIDTH * HEIGHT; i++) pixels[i] = (uint8_t)(i * 7 % 251);
    const sm_image image = {.width = WIDTH, .height = HEIGHT, .channels = 1, .pixels = pixels};
    sm_result result;
    memset(&result, 0, sizeof result);
    fuzz_require(sm_segment(state, &image, NULL, &result, NULL) == SM_OK);
    sm_result_free(&result);
    return state;
}

static void correct(sm_state *state, const sm_prompts_line *line) {
    const sm_prompts prompts = {
        .clicks = line->clicks, .click_count = line->click_count, .box = line->has_box ? &line->box : NULL};
    sm_result result;
    memset(&result, 0, sizeof result);
    sm_error error = {0};
    if (sm_refine(state, &prompts, NULL, &result, &error) != SM_OK) {
        fuzz_require(error.status == SM_ERROR_ARGUMENT && error.message[0] != '\0' && !result.mask);
        return;
    }
    for (int i = 0; i < line->click_count; i++) {
        const sm_click *click = &line->clicks[i];
        fuzz_require(click->inside == (result.mask[(int)click->y * WIDTH + (int)click->x] != 0));
    }
    if (line->has_box) fuzz_require(result.lesion_count > 0);
    sm_result_free(&result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static sm_state *state;
    if (!state) state = make_state();
    sm_prompts_file file = {0};
    sm_error error = {0};
    const sm_status status = sm_prompts_file_parse((const char *)data, size, &file, &error);
    if (status != SM_OK) {
        fuzz_require(error.status == status && strncmp(error.message, "line ", 5) == 0 && !file.lines);
        return 0;
    }
    const sm_prompts_line *line_of[IMAGES];
    if (sm_prompts_file_assign(&file, images, IMAGES, line_of, &error) == SM_OK) {
        int found = 0;
        for (int i = 0; i < IMAGES; i++) {
            if (!line_of[i]) continue;
            found++;
            correct(state, line_of[i]);
        }
        fuzz_require(found == file.count);
    } else {
        fuzz_require(strncmp(error.message, "line ", 5) == 0);
    }
    sm_prompts_file_free(&file);
    return 0;
}
