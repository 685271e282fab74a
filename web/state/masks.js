/** Masks of the page: made from the network's answer and the user's edits, and measured. */
import { splitMask } from '../edit/fill.js';
import { NO_PROMPTS } from '../edit/prompts.js';
import { boundsOf, cut, grown } from '../edit/region.js';
import { applyRemoval } from '../edit/removal.js';
import { boundsOfRuns, decodeRuns, encodeRuns } from '../edit/runs.js';

export { boundsOfRuns, decodeRuns, encodeRuns } from '../edit/runs.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Lesion} Lesion
 * @typedef {import('../../wasm/sonomask.js').Contour} Contour
 * @typedef {import('../../wasm/sonomask.js').Point} Point
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../edit/region.js').Region} Region
 * @typedef {import('./item.js').FrameResult} FrameResult
 */

/** Of the bounding box of a mask, added on every side: the core reads this much around an outline (expected_dice.h). */
const SURROUNDINGS = { share: 0.5, pixels: 8 };
const SAME = 0.01; // pixels between the centroids of one outline that was measured twice

/**
 * Outlines that count as lesions, and those that do not.
 * @typedef {object} Masks
 * @property {Uint8Array} mask
 * @property {Uint32Array} runs of the mask
 * @property {Lesion[]} lesions
 * @property {Uint8Array | null} possibleMask null: there is none
 * @property {Lesion[]} possible
 */

/**
 * The mask at a threshold, with the user's edits on top.
 * @param {Engine} engine
 * @param {Float32Array} probability
 * @param {FrameResult} result
 * @param {number} threshold
 * @returns {Masks}
 */
export function measureResult(engine, probability, result, threshold) {
    const { width, height, network, edits } = result;
    const asAnswered = network.threshold === threshold || network.prompts !== NO_PROMPTS;
    const answered = asAnswered ? answeredMasks(result) : masksAt(engine, probability, result, threshold);
    const masks = edits?.removal ? withoutRemoved(engine, probability, result, answered, edits.removal) : answered;
    if (!edits?.painted) return masks;
    const { mask } = masks; // nobody else holds it
    edits.applyTo(mask);
    // A possible lesion that the user painted over is no longer one of them.
    const { rest } = masks.possibleMask ? splitMask(masks.possibleMask, width, height, mask) : { rest: null };
    // What the network answered says nothing of an outline that the user drew: only its shape is measured, which reads a small
    // part of a large image.
    const untouched = [...masks.lesions, ...masks.possible, ...network.lesions, ...network.possible];
    const measured = (/** @type {Uint8Array} */ outlines, /** @type {Region | null} */ bounds) =>
        measureMask(engine, outlines, null, result, bounds).map(lesion => untouched.find(other => isSame(other, lesion)) ?? lesion);
    const runs = encodeRuns(mask);
    return {
        mask,
        runs,
        lesions: measured(mask, boundsOfRuns(runs, width)),
        possibleMask: rest,
        possible: rest ? measured(rest, boundsOf(rest, width)) : [],
    };
}

/**
 * @param {Engine} engine
 * @param {Float32Array} probability
 * @param {FrameResult} result
 * @param {Masks} masks
 * @param {import('../edit/removal.js').Removal} removal
 * @returns {Masks}
 */
function withoutRemoved(engine, probability, result, masks, removal) {
    const { width, height } = result;
    const mask = applyRemoval(masks.mask, width, height, removal);
    const left = masks.possibleMask && applyRemoval(masks.possibleMask, width, height, removal);
    const possibleMask = left?.includes(255) ? left : null;
    return {
        mask,
        runs: mask === masks.mask ? masks.runs : encodeRuns(mask),
        lesions: mask === masks.mask ? masks.lesions : measureMask(engine, mask, probability, result),
        possibleMask,
        possible: possibleMask ? measureMask(engine, possibleMask, probability, result) : [],
    };
}

/**
 * @param {FrameResult} result
 * @returns {Masks} as the network answered
 */
function answeredMasks({ width, height, network }) {
    const { runs, possibleRuns, lesions, possible } = network;
    return {
        mask: decodeRuns(runs, width * height),
        runs,
        lesions,
        possibleMask: possibleRuns && decodeRuns(possibleRuns, width * height),
        possible,
    };
}

/**
 * Another threshold moves the outlines, but the network has not rated them: those that touch a lesion of its answer count.
 * @param {Engine} engine
 * @param {Float32Array} probability
 * @param {FrameResult} result
 * @param {number} threshold
 * @returns {Masks}
 */
function masksAt(engine, probability, result, threshold) {
    const { width, height, network, operatingPoint } = result;
    const { minimumArea } = engine.pool.info;
    const { mask, lesions } = engine.measurer.measure(probability, width, height, { threshold, minimumArea });
    if (!operatingPoint) return { mask, runs: encodeRuns(mask), lesions: tempered(engine, lesions), possibleMask: null, possible: [] };
    const { touching, rest } = splitMask(mask, width, height, decodeRuns(network.runs, width * height));
    return {
        mask: touching,
        runs: encodeRuns(touching),
        lesions: measureMask(engine, touching, probability, result),
        possibleMask: rest,
        possible: rest ? measureMask(engine, rest, probability, result) : [],
    };
}

/**
 * Measures the part of the image that holds the outlines, which takes a fraction of the time of the whole.
 * @param {Engine} engine
 * @param {Uint8Array} mask
 * @param {Float32Array | null} probability null: outlines that the network has not rated get no rating
 * @param {Pick<FrameResult, 'width' | 'height' | 'network'>} result
 * @param {Region | null} [bounds] of the mask
 * @returns {Lesion[]} outlines that the network rated keep their presence and margin
 */
export function measureMask(engine, mask, probability, { width, height, network }, bounds = boundsOf(mask, width)) {
    if (!bounds) return [];
    const around = probability ? Math.max(SURROUNDINGS.pixels, Math.ceil(Math.max(bounds.width, bounds.height) * SURROUNDINGS.share)) + 1 : 1;
    const region = grown(bounds, around, width, height);
    const options = { minimumArea: 0, ...(probability ? { probabilityMap: cut(probability, width, region) } : {}) };
    const { lesions } = engine.measurer.measure(cut(mask, width, region), region.width, region.height, options);
    const rated = [...network.lesions, ...network.possible];
    return tempered(engine, lesions)
        .map(lesion => moved(lesion, region.left, region.top))
        .map(lesion => rated.find(other => isSame(other, lesion)) ?? lesion);
}

/**
 * @param {Lesion} lesion
 * @param {number} dx
 * @param {number} dy
 * @returns {Lesion}
 */
function moved(lesion, dx, dy) {
    const shift = (/** @type {Point} */ { x, y }) => ({ x: x + dx, y: y + dy });
    const { bbox, centroid, longAxisEnds, shortAxisEnds } = lesion;
    return {
        ...lesion,
        bbox: { ...bbox, ...shift(bbox) },
        centroid: shift(centroid),
        longAxisEnds: [shift(longAxisEnds[0]), shift(longAxisEnds[1])],
        shortAxisEnds: [shift(shortAxisEnds[0]), shift(shortAxisEnds[1])],
    };
}

/**
 * @param {Engine} engine
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @param {Region | null} [bounds] of the mask
 * @returns {Contour[]}
 */
export function contoursOf(engine, mask, width, height, bounds = boundsOf(mask, width)) {
    if (!bounds) return [];
    const region = grown(bounds, 1, width, height);
    const contours = engine.measurer.contours(cut(mask, width, region), region.width, region.height);
    for (const { points } of contours) {
        for (let index = 0; index < points.length; index += 2) {
            points[index] = /** @type {number} */ (points[index]) + region.left;
            points[index + 1] = /** @type {number} */ (points[index + 1]) + region.top;
        }
    }
    return contours;
}

/**
 * The instance that measures has no weights, so it cannot apply the power that was fitted with them.
 * @param {Engine} engine
 * @param {Lesion[]} lesions
 * @returns {Lesion[]}
 */
function tempered({ pool }, lesions) {
    return lesions.map(lesion => ({ ...lesion, expectedDice: lesion.expectedDice ** pool.info.expectedDicePower }));
}

/**
 * @param {Lesion} a
 * @param {Lesion} b
 */
function isSame(a, b) {
    return a.area === b.area && Math.abs(a.centroid.x - b.centroid.x) < SAME && Math.abs(a.centroid.y - b.centroid.y) < SAME;
}
