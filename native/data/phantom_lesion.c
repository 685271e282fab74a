/** Lesions of phantoms: smooth ovals, cysts and spiculated masses. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "phantom_parts.h"

#define PI 3.14159265358979f

static float smooth_step(float from, float to, float value) {
    float t = (value - from) / (to - from);
    t = t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t;
    return t * t * (3.0f - 2.0f * t);
}

/** Adds `first` .. `last` waves around the outline, with falling amplitude. */
static void add_waves(float *outline, int first, int last, float height, sm_random *random) {
    for (int wave = first; wave <= last; wave++) {
        const float amplitude = height * sm_random_range(random, 0.3f, 1.0f) * (float)first / (float)wave;
        const float phase = sm_random_range(random, 0.0f, 2.0f * PI);
        for (int step = 0; step < SM_OUTLINE_STEPS; step++)
            outline[step] += amplitude * cosf((float)(wave * step) * (2.0f * PI / SM_OUTLINE_STEPS) + phase);
    }
}

/** Adds pointed extensions into the surrounding tissue. */
static void add_spicules(float *outline, int count, sm_random *random) {
    for (int spicule = 0; spicule < count; spicule++) {
        const int middle = sm_random_below(random, SM_OUTLINE_STEPS);
        const float height = sm_random_range(random, 0.1f, 0.4f);
        const int half = 5 + sm_random_below(random, 14);
        for (int offset = -half; offset <= half; offset++) {
            const float t = 1.0f - fabsf((float)offset) / (float)(half + 1);
            outline[(middle + offset + SM_OUTLINE_STEPS) % SM_OUTLINE_STEPS] += height * t * t;
        }
    }
}

/** Rounds tips that would be thinner than a pixel and than an annotator's line. */
static void round_tips(float *outline) {
    enum { HALF = 5 };
    float rounded[SM_OUTLINE_STEPS];
    for (int step = 0; step < SM_OUTLINE_STEPS; step++) {
        float sum = 0.0f;
        for (int offset = -HALF; offset <= HALF; offset++) {
            const float weight = (float)(HALF + 1 - abs(offset)) / (float)((HALF + 1) * (HALF + 1));
            sum += weight * outline[(step + offset + SM_OUTLINE_STEPS) % SM_OUTLINE_STEPS];
        }
        rounded[step] = sum;
    }
    memcpy(outline, rounded, sizeof rounded);
}

static void draw_benign(sm_phantom_lesion *lesion, sm_random *random, float radius) {
    const bool cyst = sm_random_uniform(random) < 0.3f;
    const float stretch = sqrtf(sm_random_range(random, cyst ? 1.0f : 1.25f, 2.1f));
    lesion->semi_x = radius * stretch;
    lesion->semi_y = radius / stretch;
    add_waves(lesion->outline, 2, 4, cyst ? 0.025f : 0.05f, random);
    lesion->echo = cyst ? sm_random_range(random, -40.0f, -28.0f) : sm_random_range(random, -20.0f, -13.5f);
    lesion->texture = cyst ? 1.0f : sm_random_range(random, 1.0f, 2.5f);
    lesion->attenuation = cyst ? sm_random_range(random, -9.0f, -5.0f) : sm_random_range(random, -6.0f, -1.0f);
    lesion->edge_shadow = sm_random_range(random, 1.0f, 6.0f);
    lesion->capsule = sm_random_range(random, 4.0f, 11.0f);
    lesion->blur = sm_random_range(random, 0.02f, 0.06f);
}

static void draw_malignant(sm_phantom_lesion *lesion, sm_random *random, float radius) {
    const float stretch = sqrtf(sm_random_range(random, 1.0f, 1.7f));
    lesion->semi_x = radius / stretch;
    lesion->semi_y = radius * stretch;
    add_waves(lesion->outline, 2, 9, sm_random_range(random, 0.08f, 0.16f), random);
    add_spicules(lesion->outline, 4 + sm_random_below(random, 9), random);
    round_tips(lesion->outline);
    lesion->echo = sm_random_range(random, -21.0f, -14.0f);
    lesion->texture = sm_random_range(random, 3.0f, 6.5f);
    lesion->attenuation = sm_random_range(random, 4.0f, 20.0f);
    lesion->halo = sm_random_range(random, 2.0f, 7.0f);
    lesion->blur = sm_random_range(random, 0.1f, 0.24f);
    if (sm_random_uniform(random) < 0.4f)
        lesion->calcification_count = 4 + sm_random_below(random, SM_CALCIFICATIONS - 3);
    for (int i = 0; i < SM_CALCIFICATIONS; i++) {
        const float angle = sm_random_range(random, 0.0f, 2.0f * PI), share = 0.6f * sqrtf(sm_random_uniform(random));
        lesion->calcifications[i][0] = share * lesion->semi_x * cosf(angle);
        lesion->calcifications[i][1] = share * lesion->semi_y * sinf(angle);
    }
}

static float between(float value, float low, float high) {
    if (low > high) return 0.5f * (low + high);
    return value < low ? low : value > high ? high : value;
}

sm_phantom_lesion sm_lesion_draw(sm_class type, const sm_anatomy *anatomy, float width, sm_random *random) {
    sm_phantom_lesion lesion = {.type = type};
    if (type == SM_CLASS_NORMAL) return lesion;
    lesion.seed = (uint32_t)sm_random_next(random);
    for (int step = 0; step < SM_OUTLINE_STEPS; step++) lesion.outline[step] = 1.0f;
    // Most lesions are small, and none is wider than the image.
    const float share = sm_random_uniform(random);
    float radius = 0.05f + 0.07f * share + 0.1f * share * share;
    if (type == SM_CLASS_MALIGNANT) radius += 0.02f;
    if (radius > 0.25f * width) radius = 0.25f * width;
    if (type == SM_CLASS_BENIGN)
        draw_benign(&lesion, random, radius);
    else
        draw_malignant(&lesion, random, radius);
    // Hypoechoic means darker than fat, which distinguishes lesions from fat lobules.
    if (lesion.echo > anatomy->fat_echo - 4.0f) lesion.echo = anatomy->fat_echo - 4.0f;
    const float turn = sm_random_range(random, -0.3f, 0.3f);
    lesion.cosine = cosf(turn);
    lesion.sine = sinf(turn);
    for (int step = 0; step < SM_OUTLINE_STEPS; step++)
        if (lesion.outline[step] > lesion.reach) lesion.reach = lesion.outline[step];

    const float margin = 0.02f + radius; // the body is inside the image; spicules may extend beyond it
    const float wanted_x = width * (0.5f + 0.42f * sm_random_range(random, -1.0f, 1.0f) * sm_random_uniform(random));
    const float wanted_y = sm_random_range(random, anatomy->fat - 0.02f, anatomy->gland - 0.1f);
    lesion.x = between(wanted_x, lesion.semi_x + 0.02f, width - lesion.semi_x - 0.02f);
    lesion.y = between(wanted_y, anatomy->skin + lesion.semi_y * lesion.reach, 1.0f - margin);
    return lesion;
}

float sm_lesion_level(const sm_phantom_lesion *lesion, float x, float y) {
    const float far = 100.0f;
    if (lesion->type == SM_CLASS_NORMAL) return far;
    const float dx = x - lesion->x, dy = y - lesion->y;
    const float u = (lesion->cosine * dx + lesion->sine * dy) / lesion->semi_x;
    const float v = (lesion->cosine * dy - lesion->sine * dx) / lesion->semi_y;
    const float radius = sqrtf(u * u + v * v);
    if (radius > 2.2f * lesion->reach) return far;
    float turn = atan2f(v, u) * (0.5f / PI);
    if (turn < 0.0f) turn += 1.0f;
    const float place = turn * SM_OUTLINE_STEPS;
    const int step = (int)place;
    const float before = lesion->outline[step % SM_OUTLINE_STEPS],
                after = lesion->outline[(step + 1) % SM_OUTLINE_STEPS];
    return radius / (before + (place - (float)step) * (after - before));
}

void sm_lesion_apply(const sm_phantom_lesion *lesion, float level, float x, float y, sm_tissue *tissue) {
    if (level > 2.0f) return;
    const float unit = 0.5f * (lesion->semi_x + lesion->semi_y);
    const float fuzz = lesion->blur * sm_noise_rough(30.0f * x, 30.0f * y, lesion->seed);
    const float within = 1.0f - smooth_step(1.0f - lesion->blur, 1.0f + lesion->blur, level + fuzz);
    // The flanks run along the beam and give no rim echo.
    const float flank = fabsf(x - lesion->x) / lesion->semi_x;
    const float upright = flank < 1.0f ? 1.0f - flank * flank : 0.0f;

    const float own = lesion->echo + lesion->texture * (sm_noise_rough(16.0f * x, 26.0f * y, lesion->seed + 3u) +
                                                        0.6f * sm_noise_rough(40.0f * x, 60.0f * y, lesion->seed + 5u));
    tissue->echo += within * (own - tissue->echo);
    tissue->attenuation += within * lesion->attenuation / (2.0f * lesion->semi_y);

    const float rim = (level - 1.04f) * unit / 0.006f; // the capsule of small and of large lesions is equally thin
    if (rim * rim < 1.0f) {
        const float shown = 0.6f + 0.4f * sm_noise(25.0f * x, 9.0f * y, lesion->seed + 7u);
        tissue->echo += lesion->capsule * (1.0f - rim * rim) * upright * shown;
    }
    if (lesion->halo > 0.0f && level > 1.0f) {
        const float width = 0.45f + 0.35f * sm_noise_rough(14.0f * x, 14.0f * y, lesion->seed + 9u);
        tissue->echo += lesion->halo * (1.0f - smooth_step(0.3f * width, width, level - 1.0f)) * (1.0f - within);
    }
    if (lesion->edge_shadow > 0.0f && level < 1.1f && flank > 0.85f)
        tissue->attenuation += lesion->edge_shadow / (0.9f * lesion->semi_y) * smooth_step(0.85f, 0.98f, flank);
    for (int i = 0; i < lesion->calcification_count; i++) {
        const float dx = x - lesion->x - lesion->calcifications[i][0],
                    dy = y - lesion->y - lesion->calcifications[i][1];
        const float near = 1.0f - (dx * dx + 3.0f * dy * dy) / (0.005f * 0.005f);
        if (near > 0.0f) tissue->echo += (6.0f - lesion->echo) * near;
    }
}
