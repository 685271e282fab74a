/** Masks of the page: made from the network's answer and the user's edits, measured, and kept as run lengths. */
import { splitMask } from '../edit/fill.js';
import { NO_PROMPTS } from '../edit/prompts.js';

/**
 * @typedef {import('../../wasm/sonomask.js').Lesion} Lesion
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('./item.js').FrameResult} FrameResult
 */

/**
 * Outlines that count as lesions, and those that do not.
 * @typedef {object} Masks
 * @property {Uint8Array} mask
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
    const masks = asAnswered ? answeredMasks(result) : masksAt(engine, probability, result, threshold);
    if (!edits?.painted) return masks;
    const mask = masks.mask.slice();
    edits.applyTo(mask);
    // A possible lesion that the user painted over is no longer one of them.
    const { rest } = masks.possibleMask ? splitMask(masks.possibleMask, width, height, mask) : { rest: null };
    return {
        mask,
        lesions: measureMask(engine, mask, probability, result),
        possibleMask: rest,
        possible: rest ? measureMask(engine, rest, probability, result) : [],
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
    if (!operatingPoint) return { mask, lesions: tempered(engine, lesions), possibleMask: null, possible: [] };
    const { touching, rest } = splitMask(mask, width, height, decodeRuns(network.runs, width * height));
    return {
        mask: touching,
        lesions: measureMask(engine, touching, probability, result),
        possibleMask: rest,
        possible: rest ? measureMask(engine, rest, probability, result) : [],
    };
}

/**
 * @param {Engine} engine
 * @param {Uint8Array} mask
 * @param {Float32Array} probabilityMap
 * @param {FrameResult} result
 * @returns {Lesion[]} outlines that the network rated keep their presence and margin
 */
function measureMask(engine, mask, probabilityMap, { width, height, network }) {
    const { lesions } = engine.measurer.measure(mask, width, height, { minimumArea: 0, probabilityMap });
    const rated = [...network.lesions, ...network.possible];
    return tempered(engine, lesions).map(lesion => rated.find(other => isSame(other, lesion)) ?? lesion);
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
    return a.area === b.area && a.perimeter === b.perimeter && a.centroid.x === b.centroid.x && a.centroid.y === b.centroid.y;
}

/**
 * Run lengths of a mask: a lesion mask of 300,000 pixels becomes a few hundred numbers.
 * @param {Uint8Array} mask 0 or 255
 * @returns {Uint32Array} lengths of the runs, alternating, beginning with 0-pixels
 */
export function encodeRuns(mask) {
    /** @type {number[]} */
    const runs = [];
    // indexOf is many times as fast as a loop, which the browser has not yet optimised at the first mask.
    for (let start = 0, value = 255; ; value = 255 - value) {
        const end = mask.indexOf(value, start);
        runs.push((end < 0 ? mask.length : end) - start);
        if (end < 0) return Uint32Array.from(runs);
        start = end;
    }
}

/**
 * @param {Uint32Array} runs
 * @param {number} length pixels of the mask
 * @returns {Uint8Array<ArrayBuffer>} 0 or 255
 */
export function decodeRuns(runs, length) {
    const mask = new Uint8Array(length);
    let at = 0;
    runs.forEach((run, index) => {
        if (index % 2 === 1) mask.fill(255, at, at + run);
        at += run;
    });
    return mask;
}
