/** What the steps of sm_prompt_mask share. Internal. */
#ifndef SONOMASK_PROMPT_WORK_H
#define SONOMASK_PROMPT_WORK_H

#include "pixel_prompts.h"

/** No outline is made of pixels of less than threshold / SM_LOWEST_SHARE: such values hold no information on the shape.
 */
#define SM_LOWEST_SHARE 8

/** What is known of one connected outline. */
typedef struct sm_outline_facts {
    int area, area_in_box; /* pixels */
    bool inside, outside;  /* it holds such a click */
    bool inside_in_box;    /* it holds a click inside that is in the box */
} sm_outline_facts;

typedef struct sm_prompt_work {
    const sm_pixel_prompts *prompts;
    const float *probability;
    float threshold;
    size_t pixels;            /* of the image */
    int useful_area;          /* pixels: an outline with a click inside should have at least as many */
    int disc_radius;          /* pixels: of the disc around a click */
    const uint8_t *automatic; /* [pixels], 0 or 255: the mask without prompts; may be NULL without clicks outside */
    uint8_t *mask;
    bool labelled;   /* `labels` and `facts` are those of `mask` */
    int32_t *labels; /* [pixels] */
    int outline_count;
    sm_outline_facts *facts; /* [outline_count + 1], by label */
    int32_t *queue;          /* [pixels]: of a breadth-first search, or labels of a part of the image */
    uint8_t *marks;          /* [pixels]: each step gives them a meaning of its own, and leaves them 0 */
    uint8_t *removed;        /* [pixels]: 1 where a click outside has removed an outline, also one of `automatic` */
} sm_prompt_work;

/** Labels the outlines of `mask` and gathers their facts, unless that is done. Errors: SM_ERROR_MEMORY. */
sm_status sm_prompt_label(sm_prompt_work *work, sm_error *error);

/** Whether any of `count` pixels is in the mask. */
bool sm_prompt_any_in_mask(const sm_prompt_work *work, const size_t *pixels, int count);

/** The label of the largest outline in the box, or 0. The outlines must be labelled. */
int32_t sm_prompt_largest_in_box(const sm_prompt_work *work);

/** Separates the box from its surroundings and makes sure that it holds an outline. Errors: SM_ERROR_MEMORY. */
sm_status sm_prompt_fill_box(sm_prompt_work *work, sm_error *error);

/** When later steps have emptied the box: the ellipse in it, without the pixels of clicks outside. */
void sm_prompt_refill_box(sm_prompt_work *work);

/** Removes the outlines with clicks outside, and what is left of those of the automatic mask, but not outlines with a
 * click inside and not the largest one in the box. Errors: SM_ERROR_MEMORY. */
sm_status sm_prompt_remove_rejected(sm_prompt_work *work, sm_error *error);

/** Makes sure that each click inside lies in an outline of useful size. Errors: SM_ERROR_MEMORY. */
sm_status sm_prompt_grow(sm_prompt_work *work, sm_error *error);

/** Takes the remaining clicks outside out of the mask. Errors: SM_ERROR_MEMORY. */
sm_status sm_prompt_cut(sm_prompt_work *work, sm_error *error);

#endif
