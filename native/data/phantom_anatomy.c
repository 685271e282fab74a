/** Layers of the breast from the skin to the chest wall. */
#include <math.h>

#include "phantom_parts.h"

/** 0 below `from`, 1 above `to`, and smooth in between. */
static float smooth_step(float from, float to, float value) {
    float t = (value - from) / (to - from);
    t = t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t;
    return t * t * (3.0f - 2.0f * t);
}

/** A bump of height 1 at 0 that reaches 0 at +-width. */
static float bump(float distance, float width) {
    const float t = distance / width;
    return t * t < 1.0f ? (1.0f - t * t) * (1.0f - t * t) : 0.0f;
}

sm_anatomy sm_anatomy_draw(sm_random *random) {
    sm_anatomy anatomy;
    anatomy.seed = (uint32_t)sm_random_next(random);
    anatomy.skin = sm_random_range(random, 0.035f, 0.06f);
    anatomy.fat = anatomy.skin + sm_random_range(random, 0.09f, 0.26f);
    anatomy.gland = anatomy.fat + sm_random_range(random, 0.25f, 0.42f);
    anatomy.behind = anatomy.gland + sm_random_range(random, 0.02f, 0.06f);
    anatomy.muscle = anatomy.behind + sm_random_range(random, 0.1f, 0.2f);
    anatomy.undulation = sm_random_range(random, 0.04f, 0.1f);
    anatomy.fat_echo = sm_random_range(random, -13.0f, -8.0f);
    anatomy.gland_echo = sm_random_range(random, -2.0f, 2.0f);
    anatomy.muscle_echo = sm_random_range(random, -13.0f, -8.0f);
    anatomy.septa = sm_random_range(random, 10.0f, 17.0f);
    anatomy.lobule_width = sm_random_range(random, 0.3f, 0.55f);
    anatomy.streaks = sm_random_range(random, 4.0f, 8.0f);
    anatomy.islands = sm_random_range(random, 0.1f, 0.55f);
    anatomy.tilt = sm_random_range(random, -0.15f, 0.15f);
    return anatomy;
}

sm_borders sm_anatomy_borders(const sm_anatomy *anatomy, float x) {
    const uint32_t seed = anatomy->seed;
    const float wave = anatomy->undulation, slope = anatomy->tilt * (x - 0.6f);
    sm_borders borders;
    borders.skin = anatomy->skin + 0.006f * sm_noise(2.0f * x, 0.5f, seed);
    // Ligaments pull the gland up to points: the waves are sharp above and round below.
    const float pulled = 1.0f - fabsf(sm_noise_rough(2.4f * x, 1.5f, seed + 2u));
    borders.fat = anatomy->fat + wave * sm_noise(1.6f * x, 2.5f, seed) - 1.2f * wave * pulled * pulled + 0.6f * wave;
    if (borders.fat < borders.skin + 0.03f) borders.fat = borders.skin + 0.03f;
    borders.gland = anatomy->gland + slope + 0.6f * wave * sm_noise_rough(1.3f * x, 3.5f, seed);
    if (borders.gland < borders.fat + 0.06f) borders.gland = borders.fat + 0.06f;
    borders.behind =
        borders.gland + (anatomy->behind - anatomy->gland) * (1.0f + 0.6f * sm_noise(1.5f * x, 4.5f, seed));
    borders.muscle =
        borders.behind + (anatomy->muscle - anatomy->behind) * (1.0f + 0.25f * sm_noise(1.1f * x, 5.5f, seed));
    return borders;
}

static float skin_echo(float depth_share, float x, float y, uint32_t seed) {
    // Entry echo, dermis, and its lower face.
    const float entry = bump(depth_share - 0.12f, 0.2f), lower = bump(depth_share - 0.92f, 0.22f);
    return -3.0f + 9.0f * entry + 8.0f * lower + 2.5f * sm_noise(7.0f * x, 90.0f * y, seed);
}

static float fat_echo(const sm_anatomy *anatomy, float x, float y) {
    const uint32_t seed = anatomy->seed + 10u;
    const float bend_x = 0.09f * sm_noise_rough(3.0f * x, 5.0f * y, seed + 1u);
    const float bend_y = 0.045f * sm_noise_rough(3.0f * x, 5.0f * y, seed + 3u);
    const float width = anatomy->lobule_width, height = 0.34f * width;
    const sm_cell lobule = sm_cells((x + bend_x) / width, (y + bend_y - anatomy->tilt * x) / height, seed);
    // A ligament is visible only where it is perpendicular to the beam.
    const float slope_x = lobule.normal_x / width, slope_y = lobule.normal_y / height;
    const float steepness = sqrtf(slope_x * slope_x + slope_y * slope_y), facing = fabsf(slope_y) / steepness;
    const float shown = smooth_step(-0.3f, 0.6f, sm_noise_rough(5.0f * x, 9.0f * y, seed + 5u));
    const float ligament = bump(lobule.edge / steepness, 0.007f) * (0.15f + 0.85f * shown) * facing * facing * facing;
    const float fibre = bump(sm_noise(3.5f * x, 26.0f * (y - anatomy->tilt * x), seed + 7u), 0.12f) *
                        smooth_step(0.25f, 0.7f, sm_noise(6.0f * x, 12.0f * y, seed + 9u));
    return anatomy->fat_echo + 1.3f * lobule.value + 1.5f * sm_noise_rough(12.0f * x, 20.0f * y, seed + 11u) +
           anatomy->septa * (ligament + 0.6f * fibre);
}

static float gland_echo(const sm_anatomy *anatomy, float x, float y) {
    const uint32_t seed = anatomy->seed + 30u;
    const float level = y - anatomy->tilt * x + 0.03f * sm_noise_rough(3.0f * x, 4.0f * y, seed + 1u);
    const float streak =
        sm_noise_rough(5.0f * x, 24.0f * level, seed + 3u) + 0.7f * sm_noise_rough(11.0f * x, 50.0f * level, seed + 5u);
    const float island = sm_noise_rough(5.5f * x, 13.0f * level, seed + 7u) + 0.25f * streak;
    const float fat = smooth_step(0.62f - anatomy->islands, 0.9f - anatomy->islands, island);
    const float line = bump(sm_noise(4.0f * x, 30.0f * level, seed + 9u), 0.1f) *
                       smooth_step(0.1f, 0.7f, sm_noise(5.0f * x, 9.0f * level, seed + 11u));
    return anatomy->gland_echo + anatomy->streaks * streak + fat * (0.9f * anatomy->fat_echo) + 8.0f * line;
}

static float muscle_echo(const sm_anatomy *anatomy, float x, float y) {
    const uint32_t seed = anatomy->seed + 50u;
    const float level = y - anatomy->tilt * x + 0.012f * sm_noise(3.0f * x, 5.0f * y, seed + 1u);
    const float fibre = bump(sm_noise(1.8f * x, 40.0f * level, seed + 3u), 0.28f);
    const float shown = smooth_step(-0.3f, 0.6f, sm_noise_rough(4.0f * x, 14.0f * level, seed + 5u));
    return anatomy->muscle_echo + 11.0f * fibre * shown + 2.0f * sm_noise_rough(6.0f * x, 30.0f * level, seed + 7u);
}

/** Behind the pleura: fading reverberations. */
static float wall_echo(const sm_anatomy *anatomy, float below, float x) {
    return anatomy->muscle_echo - 7.0f - 16.0f * below +
           5.0f * sm_noise_rough(3.0f * x, 16.0f * below, anatomy->seed + 70u);
}

/** A fascia: a thin, interrupted bright line along a border. */
static float fascia(const sm_anatomy *anatomy, float distance, float x, float strength, uint32_t which) {
    const float shown = smooth_step(-0.5f, 0.6f, sm_noise_rough(4.0f * x, (float)which, anatomy->seed + 90u));
    return strength * (0.2f + 0.8f * shown) * bump(distance, 0.007f);
}

sm_tissue sm_anatomy_at(const sm_anatomy *anatomy, const sm_borders *borders, float x, float y) {
    const float ragged = 0.014f * sm_noise_rough(11.0f * x, 17.0f * y, anatomy->seed + 80u);
    const float depth = y + ragged;
    sm_tissue tissue = {0.0f, 0.0f};
    if (y < borders->skin) {
        tissue.echo = skin_echo(y / borders->skin, x, y, anatomy->seed + 5u);
        return tissue;
    }
    if (depth < borders->fat + 0.01f) {
        tissue.echo = fat_echo(anatomy, x, y);
        tissue.attenuation = -2.0f;
    }
    if (depth > borders->fat - 0.01f && depth < borders->gland + 0.01f) {
        const float share = smooth_step(borders->fat - 0.01f, borders->fat + 0.01f, depth);
        tissue.echo += share * (gland_echo(anatomy, x, y) - tissue.echo);
        tissue.attenuation = 6.0f;
    }
    if (depth > borders->gland - 0.01f && depth < borders->behind + 0.006f) {
        const float share = smooth_step(borders->gland - 0.01f, borders->gland + 0.01f, depth);
        tissue.echo += share * (fat_echo(anatomy, x, y) - tissue.echo);
        tissue.attenuation = 6.0f;
    }
    if (depth > borders->behind - 0.006f && depth < borders->muscle) {
        const float share = smooth_step(borders->behind - 0.006f, borders->behind + 0.006f, depth);
        tissue.echo += share * (muscle_echo(anatomy, x, y) - tissue.echo);
        tissue.attenuation = 10.0f;
    }
    if (depth >= borders->muscle) {
        tissue.echo = wall_echo(anatomy, depth - borders->muscle, x);
        tissue.attenuation = 16.0f;
    }
    tissue.echo += fascia(anatomy, depth - borders->fat, x, 9.0f, 1) +
                   fascia(anatomy, depth - borders->gland, x, 10.0f, 2) +
                   fascia(anatomy, depth - borders->behind, x, 14.0f, 3) +
                   fascia(anatomy, 0.6f * (depth - borders->muscle), x, 20.0f, 4);
    return tissue;
}
