#include "prompt_simulation.h"

#include <stdlib.h>

#include "../data/random.h"
#include "click_choice.h"

enum { CLICKS_MAX = 6, LEAST_ERROR = 12 /* pixels */ };

/* Shares of the kinds among the images with prompts; the rest gets one click inside. */
static const float box_share = 0.2f, several_share = 0.35f;
/* Of the batches, those in which clicks follow the network's errors: they need a second forward pass. */
static const float corrected_share = 0.35f;
static const float click_jitter = 1.0f; /* standard deviation, pixels: a click near the edge may miss the lesion */
static const float box_jitter = 0.06f;  /* of the box's sides */

typedef struct image_plan {
    sm_square_click clicks[CLICKS_MAX];
    bool corrected; /* a click on an error is to follow */
    sm_random random;
} image_plan;

struct sm_prompt_simulation {
    int size, batch, first;
    float share;
    sm_click_canvas canvas;
    image_plan *plans;          /* [batch] */
    sm_square_prompts *prompts; /* [batch] */
};

sm_status sm_prompt_simulation_create(int size, int batch, float share, sm_prompt_simulation **simulation,
                                      sm_error *error) {
    *simulation = NULL;
    sm_prompt_simulation *made = calloc(1, sizeof *made);
    if (!made) return sm_fail(error, SM_ERROR_MEMORY, "no memory to simulate clicks");
    made->size = size;
    made->batch = batch;
    made->share = share;
    made->plans = calloc((size_t)batch, sizeof *made->plans);
    made->prompts = calloc((size_t)batch, sizeof *made->prompts);
    sm_status status = made->plans && made->prompts ? sm_click_canvas_create(size, &made->canvas, error)
                                                    : sm_fail(error, SM_ERROR_MEMORY, "no memory to simulate clicks");
    if (status == SM_OK)
        *simulation = made;
    else
        sm_prompt_simulation_free(made);
    return status;
}

void sm_prompt_simulation_free(sm_prompt_simulation *simulation) {
    if (!simulation) return;
    sm_click_canvas_free(&simulation->canvas);
    free(simulation->plans);
    free(simulation->prompts);
    free(simulation);
}

static void add_click(sm_prompt_simulation *simulation, int image, float x, float y, bool inside) {
    sm_square_prompts *prompts = &simulation->prompts[image];
    image_plan *plan = &simulation->plans[image];
    if (prompts->click_count == CLICKS_MAX) return;
    const float last = (float)simulation->size - 0.5f;
    x += click_jitter * sm_random_normal(&plan->random), y += click_jitter * sm_random_normal(&plan->random);
    x = x < 0.5f ? 0.5f : x > last ? last : x;
    y = y < 0.5f ? 0.5f : y > last ? last : y;
    plan->clicks[prompts->click_count++] = (sm_square_click){.x = x, .y = y, .inside = inside};
}

static float jittered(float edge, float length, sm_random *random) {
    return edge + length * sm_random_range(random, -box_jitter, box_jitter);
}

/** A box around the component of the lesion that holds (x, y). */
static sm_status add_box(sm_prompt_simulation *simulation, int image, float x, float y, sm_error *error) {
    int box[4];
    const sm_status status = sm_click_component_box(&simulation->canvas, x, y, box, error);
    if (status != SM_OK) return status;
    sm_square_prompts *prompts = &simulation->prompts[image];
    sm_random *random = &simulation->plans[image].random;
    const float width = (float)(box[2] - box[0]), height = (float)(box[3] - box[1]);
    prompts->has_box = true;
    prompts->left = jittered((float)box[0], width, random);
    prompts->right = jittered((float)box[2], width, random);
    prompts->top = jittered((float)box[1], height, random);
    prompts->bottom = jittered((float)box[3], height, random);
    return SM_OK;
}

/** One to three clicks without regard to the answer: inside on the lesion, or outside within a lesion's size of it. */
static void add_random_clicks(sm_prompt_simulation *simulation, int image) {
    sm_random *random = &simulation->plans[image].random;
    const int count = sm_random_below(random, 3);
    for (int k = 0; k < count; k++) {
        float x, y;
        if (!sm_click_on_any(&simulation->canvas, random, &x, &y)) return;
        const bool inside = sm_random_uniform(random) < 0.5f;
        if (!inside) {
            const float reach = 0.25f * (float)simulation->size;
            x += reach * sm_random_range(random, -1, 1), y += reach * sm_random_range(random, -1, 1);
            const int column = (int)x, row = (int)y;
            if (x < 0 || y < 0 || column >= simulation->size || row >= simulation->size) continue;
            if (simulation->canvas.set[row * simulation->size + column]) continue;
        }
        add_click(simulation, image, x, y, inside);
    }
}

static sm_status plan_image(sm_prompt_simulation *simulation, const sm_batch *batch, int image, bool correcting,
                            sm_error *error) {
    image_plan *plan = &simulation->plans[image];
    sm_random *random = &plan->random;
    const size_t pixels = (size_t)simulation->size * (size_t)simulation->size;
    const float *mask = batch->masks + (size_t)image * pixels;
    for (size_t i = 0; i < pixels; i++) simulation->canvas.set[i] = mask[i] >= 0.5f;
    const float kind = sm_random_uniform(random);
    float x, y;
    if (!sm_click_on_any(&simulation->canvas, random, &x, &y)) {
        plan->corrected = correcting; /* nothing to click on but a false outline */
        return SM_OK;
    }
    if (kind < box_share) {
        plan->corrected = correcting && sm_random_uniform(random) < 0.3f;
        return add_box(simulation, image, x, y, error);
    }
    /* Sometimes the first click already corrects the answer without prompts, for example a false outline. */
    plan->corrected = correcting && sm_random_uniform(random) < 0.7f;
    if (plan->corrected && sm_random_uniform(random) < 0.15f) return SM_OK;
    add_click(simulation, image, x, y, true);
    if (kind < box_share + several_share) add_random_clicks(simulation, image);
    return SM_OK;
}

void sm_prompt_simulation_place(sm_prompt_simulation *simulation, int first) { simulation->first = first; }

sm_status sm_prompt_simulation_begin(sm_prompt_simulation *simulation, sm_batch *batch, uint64_t seed,
                                     bool *needs_answer, sm_error *error) {
    sm_random of_batch = sm_random_make(sm_random_derive(seed, 0));
    const bool correcting = sm_random_uniform(&of_batch) < corrected_share;
    *needs_answer = false;
    batch->prompts = simulation->prompts;
    for (int i = 0; i < simulation->batch; i++) {
        image_plan *plan = &simulation->plans[i];
        plan->random = sm_random_make(sm_random_derive(seed, (uint64_t)simulation->first + (uint64_t)i + 1));
        plan->corrected = false;
        simulation->prompts[i] = (sm_square_prompts){.clicks = plan->clicks};
        const bool outlined = !batch->mask_weights || batch->mask_weights[i] > 0;
        if (sm_random_uniform(&plan->random) >= simulation->share || !outlined) continue;
        const sm_status status = plan_image(simulation, batch, i, correcting, error);
        if (status != SM_OK) return status;
        *needs_answer = *needs_answer || plan->corrected;
    }
    return SM_OK;
}

sm_status sm_prompt_simulation_correct(sm_prompt_simulation *simulation, const sm_batch *batch, const float *logits,
                                       sm_error *error) {
    const size_t pixels = (size_t)simulation->size * (size_t)simulation->size;
    for (int i = 0; i < simulation->batch; i++) {
        if (!simulation->plans[i].corrected) continue;
        sm_square_click click = {0};
        bool found;
        const sm_status status =
            sm_click_on_error(&simulation->canvas, logits + (size_t)i * pixels, batch->masks + (size_t)i * pixels,
                              LEAST_ERROR, &simulation->plans[i].random, &click, &found, error);
        if (status != SM_OK) return status;
        if (found) add_click(simulation, i, click.x, click.y, click.inside);
    }
    return SM_OK;
}
