/** Area and axes of the largest lesion over the frames of a loop. Numbers only. */
import { scaleFor } from '../state/item.js';

/**
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/item.js').Lesion} Lesion
 */

/**
 * @typedef {object} Moment
 * @property {number} frame
 * @property {'open' | 'damaged' | 'none' | 'lesion'} state open: not segmented; none: no lesion
 * @property {Lesion | null} lesion the largest
 * @property {number} area in the unit of the loop
 * @property {number} long
 * @property {number} short
 */

/**
 * @param {Item} item
 * @returns {{ moments: Moment[], millimetres: number | null, largest: Moment | null }} one moment per frame; millimetres
 *     per pixel where one scale holds for all lesions, and the values are in millimetres then, else in pixels
 */
export function timelineOf(item) {
    /** @type {(Lesion | null)[]} */
    const lesions = [];
    /** @type {Set<number | null>} */
    const scales = new Set();
    for (let frame = 0; frame < item.frameCount; frame++) {
        const found = item.results.get(frame)?.lesions ?? [];
        const lesion = found.reduce((/** @type {Lesion | null} */ best, each) => (!best || each.area > best.area ? each : best), null);
        lesions.push(lesion);
        if (lesion) scales.add(scaleFor(item, lesion.bbox)?.millimetres ?? null);
    }
    const [only = null] = scales;
    const millimetres = scales.size === 1 ? only : null;
    const unit = millimetres ?? 1;
    const moments = lesions.map((lesion, frame) => ({
        frame,
        state: /** @type {Moment['state']} */ (lesion ? 'lesion' : item.results.has(frame) ? 'none' : item.frameProblems.has(frame) ? 'damaged' : 'open'),
        lesion,
        area: (lesion?.area ?? 0) * unit ** 2,
        long: (lesion?.longAxis ?? 0) * unit,
        short: (lesion?.shortAxis ?? 0) * unit,
    }));
    const largest = moments.reduce((/** @type {Moment | null} */ best, each) => (each.lesion && each.area > (best?.area ?? 0) ? each : best), null);
    return { moments, millimetres, largest };
}

/**
 * A line through the values; frames without an answer interrupt it.
 * @param {Moment[]} moments
 * @param {(moment: Moment) => number} value
 * @param {number} most the value at the upper edge
 * @param {number} height of the plot; its width is one per frame
 * @returns {string} path data of SVG
 */
export function pathOfValues(moments, value, most, height) {
    let path = '';
    let drawing = false;
    for (const moment of moments) {
        const known = moment.state === 'lesion' || moment.state === 'none';
        if (known) {
            const y = height - (most > 0 ? value(moment) / most : 0) * height;
            // A frame between two without answers would be a line of no length.
            path += `${drawing ? 'L' : 'M'}${moment.frame} ${y.toFixed(2)}h.01`;
        }
        drawing = known;
    }
    return path;
}

/**
 * @param {Iterable<number>} frames counted from 0
 * @returns {string} counted from 1, neighbours joined: "3, 7-9"
 */
export function rangesOf(frames) {
    const sorted = [...frames].sort((a, b) => a - b);
    /** @type {[number, number][]} */
    const ranges = [];
    for (const frame of sorted) {
        const last = ranges.at(-1);
        if (last && frame === last[1] + 1) last[1] = frame;
        else ranges.push([frame, frame]);
    }
    return ranges.map(([first, last]) => (first === last ? `${first + 1}` : `${first + 1}-${last + 1}`)).join(', ');
}
