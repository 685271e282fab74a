/**
 * A weights file through loading and one small segmentation. The input is the file itself when it begins with 0, and
 * else (without its first byte) only the JSON header: the length before it and tensor data of the size of the shipped
 * file's are added, so that small inputs reach everything behind the header.
 */
#include "fuzz.h"

#include <string.h>

#include "../../src/sonomask.h"

enum { LENGTH_BYTES = 8, SIDE = 32 };
/** Like the shipped file's tensors, which the corpus's header describes. */
static const size_t data_size = 1768748;

static void use(const void *file, size_t size) {
    const sm_model_options options = {.backend = SM_BACKEND_SCALAR, .input_size = SIDE};
    sm_model *model = NULL;
    sm_error error = {0};
    const sm_status status = sm_model_create(file, size, &options, &model, &error);
    fuzz_require((status == SM_OK) == (model != NULL));
    if (status != SM_OK) {
        fuzz_require(error.status == status && error.message[0] != '\0' && !strchr(error.message, '\n'));
        return;
    }
    static uint8_t pixels[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) pixels[i] = (uint8_t)(i * 7);
    const sm_image image = {.width = SIDE, .height = SIDE, .channels = 1, .pixels = pixels};
    sm_state *state = NULL;
    sm_result result;
    memset(&result, 0, sizeof result);
    if (sm_state_create(model, NULL, &state, NULL) == SM_OK &&
        sm_segment(state, &image, NULL, &result, NULL) == SM_OK) {
        fuzz_require(result.width == SIDE && result.height == SIDE);
        sm_result_free(&result);
    }
    sm_state_free(state);
    sm_model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const size_t header = size - 1;
    if (data[0] == 0) {
        use(data + 1, header);
        return 0;
    }
    const size_t total = LENGTH_BYTES + header + data_size;
    uint8_t *file = calloc(1, total);
    if (!file) return 0;
    for (int i = 0; i < LENGTH_BYTES; i++) file[i] = (uint8_t)(header >> (8 * i));
    memcpy(file + LENGTH_BYTES, data + 1, header);
    /* Small positive numbers as F32, F16 and I8, so that scales and variances are in range. */
    memset(file + LENGTH_BYTES + header, 0x3c, data_size);
    use(file, total);
    free(file);
    return 0;
}
