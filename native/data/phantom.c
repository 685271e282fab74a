#include "phantom.h"

#include <stdlib.h>

#include "../../src/status.h"
#include "phantom_parts.h"

/** Loss by poor contact of the probe, at its ends and in random places, dB. */
static void draw_contact(float *loss, int width, int height, sm_random *random) {
    const uint32_t seed = (uint32_t)sm_random_next(random);
    const float strength = sm_random_range(random, 2.0f, 11.0f), ends = sm_random_range(random, 0.0f, 6.0f);
    for (int x = 0; x < width; x++) {
        const float place = (float)x / (float)height, across = 2.0f * (float)x / (float)width - 1.0f;
        const float patch = sm_noise_rough(2.5f * place, 0.5f, seed);
        loss[x] = strength * (patch > 0.0f ? patch : 0.3f * patch) + ends * across * across * across * across;
    }
}

/** Spreads the loss to neighbouring columns, since beams are wider than a column. */
static void spread_loss(float *loss, int width) {
    float before = loss[0];
    for (int x = 0; x + 1 < width; x++) {
        const float here = loss[x];
        loss[x] = 0.6f * here + 0.2f * (before + loss[x + 1]);
        before = here;
    }
}

/** Fills the echo strengths after attenuation, and the mask. */
static void draw_tissue(const sm_anatomy *anatomy, const sm_phantom_lesion *lesion, const sm_borders *borders,
                        float *loss, int width, int height, float *echo, uint8_t *mask) {
    const float unit = 1.0f / (float)height;
    for (int row = 0; row < height; row++) {
        const float y = ((float)row + 0.5f) * unit;
        for (int column = 0; column < width; column++) {
            const ptrdiff_t pixel = (ptrdiff_t)row * width + column;
            const float x = ((float)column + 0.5f) * unit;
            sm_tissue tissue = sm_anatomy_at(anatomy, &borders[column], x, y);
            const float level = sm_lesion_level(lesion, x, y);
            sm_lesion_apply(lesion, level, x, y, &tissue);
            loss[column] += tissue.attenuation * unit;
            // Poor contact hardly weakens the skin, which is the strongest echo.
            const float entered = y < 0.08f ? y / 0.08f : 1.0f;
            echo[pixel] = tissue.echo - entered * loss[column];
            mask[pixel] = level < 1.0f ? 255 : 0;
        }
        spread_loss(loss, width);
    }
}

sm_status sm_phantom_draw(int width, int height, sm_class type, uint64_t seed, sm_sample *sample, sm_error *error) {
    *sample = (sm_sample){0};
    if (width < SM_PHANTOM_SIDE_MINIMUM || width > SM_PHANTOM_SIDE_MAXIMUM || height < SM_PHANTOM_SIDE_MINIMUM ||
        height > SM_PHANTOM_SIDE_MAXIMUM)
        return sm_fail(error, SM_ERROR_ARGUMENT, "a phantom of %d x %d pixels (each side %d to %d)", width, height,
                       SM_PHANTOM_SIDE_MINIMUM, SM_PHANTOM_SIDE_MAXIMUM);
    if (type != SM_CLASS_NORMAL && type != SM_CLASS_BENIGN && type != SM_CLASS_MALIGNANT)
        return sm_fail(error, SM_ERROR_ARGUMENT, "a phantom of unknown class %d", (int)type);

    const size_t count = (size_t)width * (size_t)height;
    float *echo = malloc(count * sizeof *echo), *loss = malloc((size_t)width * sizeof *loss);
    sm_borders *borders = malloc((size_t)width * sizeof *borders);
    sample->width = width;
    sample->height = height;
    sample->grey = malloc(count);
    sample->mask = malloc(count);
    sm_status status = SM_OK;
    if (echo && loss && borders && sample->grey && sample->mask) {
        sm_random random = sm_random_make(sm_random_derive(seed, (uint64_t)type));
        const sm_anatomy anatomy = sm_anatomy_draw(&random);
        const sm_scanner scanner = sm_scanner_draw(&random);
        const sm_phantom_lesion lesion = sm_lesion_draw(type, &anatomy, (float)width / (float)height, &random);
        draw_contact(loss, width, height, &random);
        for (int x = 0; x < width; x++) borders[x] = sm_anatomy_borders(&anatomy, ((float)x + 0.5f) / (float)height);
        draw_tissue(&anatomy, &lesion, borders, loss, width, height, echo, sample->mask);
        status = sm_scanner_form(&scanner, echo, width, height, sm_random_next(&random), sample->grey, error);
    } else {
        status = sm_fail(error, SM_ERROR_MEMORY, "no memory for a phantom of %d x %d pixels", width, height);
    }
    free(echo);
    free(loss);
    free(borders);
    if (status != SM_OK) sm_sample_free(sample);
    return status;
}
