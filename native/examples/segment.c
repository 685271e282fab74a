/*
 * Segments one image with the installed library and writes the mask as PNG:
 *     cc segment.c $(pkg-config --cflags --libs sonomask) -o segment
 *     ./segment sonomask.safetensors image.png mask.png [X Y]
 * X and Y are a click on the lesion, in pixels of the image: the mask is then corrected to contain it. An existing file
 * is not replaced.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sonomask/sonomask.h>

/* The whole file in a block from malloc, or NULL. */
static void *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    *size = 0;
    if (file && fseek(file, 0, SEEK_END) == 0) {
        const long length = ftell(file);
        rewind(file);
        bytes = length > 0 ? malloc((size_t)length) : NULL;
        if (bytes) *size = fread(bytes, 1, (size_t)length, file);
    }
    if (file) fclose(file);
    if (!bytes) fprintf(stderr, "%s: cannot be read\n", path);
    return bytes;
}

static sm_status write_mask(const char *path, const sm_result *result, sm_error *error) {
    const sm_image mask = {result->width, result->height, 1, result->mask};
    uint8_t *png = NULL;
    size_t size = 0;
    const sm_status status = sm_image_encode_png(&mask, &png, &size, error);
    if (status != SM_OK) return status;
    FILE *file = fopen(path, "wbx"); /* x: an existing file, for example an expert's mask, is not replaced */
    bool written = file && fwrite(png, 1, size, file) == size;
    if (file && fclose(file) != 0) written = false;
    sm_free(png);
    if (written) return SM_OK;
    snprintf(error->message, sizeof error->message, "%.400s: cannot be written", path);
    return error->status = SM_ERROR_IO;
}

int main(int argc, char **argv) {
    if (argc != 4 && argc != 6) {
        fprintf(stderr, "usage: segment WEIGHTS IMAGE MASK [X Y]\n");
        return 2;
    }
    size_t weights_size, file_size;
    void *weights = read_file(argv[1], &weights_size);
    void *file = read_file(argv[2], &file_size);
    if (!weights || !file) {
        free(weights);
        free(file);
        return 1;
    }
    sm_error error = {0};
    sm_model *model = NULL;
    sm_state *state = NULL;
    sm_image image = {0};
    sm_result result = {0};
    sm_status status = sm_model_create(weights, weights_size, NULL, &model, &error);
    if (status == SM_OK) status = sm_state_create(model, NULL, &state, &error);
    if (status == SM_OK) status = sm_image_decode(file, file_size, &image, &error);
    if (status == SM_OK) status = sm_segment(state, &image, NULL, &result, &error);
    if (status == SM_OK && argc == 6) {
        const sm_click click = {strtof(argv[4], NULL), strtof(argv[5], NULL), true};
        const sm_prompts prompts = {.clicks = &click, .click_count = 1};
        status = sm_refine(state, &prompts, NULL, &result, &error);
    }
    if (status == SM_OK) status = write_mask(argv[3], &result, &error);
    if (status == SM_OK) {
        printf("type %s\n", sm_class_name(result.type));
        for (int i = 0; i < result.lesion_count; i++)
            printf("lesion area_px %d, long_axis_px %.1f\n", result.lesions[i].area,
                   (double)result.lesions[i].long_axis);
    } else {
        fprintf(stderr, "%s\n", error.message);
    }
    sm_result_free(&result);
    sm_image_free(&image);
    sm_state_free(state);
    sm_model_free(model);
    free(weights);
    free(file);
    return status == SM_OK ? 0 : 1;
}
