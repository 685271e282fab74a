/** Changes of all outlines of a mask: grow, shrink, smooth, fill holes. Every function returns a new mask of 0 and 255. */
import { squaredDistances } from '../compare/metrics.js';
import { boundsOf, cut, grown, paste } from './region.js';

/** @typedef {'grow' | 'shrink' | 'smooth' | 'fill'} Shaping */

const PIXELS_PER_STEP = 400; // of the image's longer side: a step is one pixel for every 400

/**
 * @param {number} width
 * @param {number} height
 * @returns {number} pixels by which an outline grows or shrinks at a time
 */
export function stepOf(width, height) {
    return Math.max(1, Math.round(Math.max(width, height) / PIXELS_PER_STEP));
}

/**
 * The mean over a disc-like neighbourhood (three box filters) above one half. Corners become round, and single pixels go;
 * straight edges stay where they are.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @param {number} step
 * @returns {Uint8Array}
 */
function smooth(mask, width, height, step) {
    let values = Float32Array.from(mask, value => (value ? 1 : 0));
    for (let pass = 0; pass < 3; pass++) {
        values = boxFilter(values, width, height, step, 1, width);
        values = boxFilter(values, height, width, step, width, 1);
    }
    return mask.map((_, index) => (/** @type {number} */ (values[index]) > 0.5 ? 255 : 0));
}

/**
 * The running mean along one direction; beyond the ends the last value is repeated, so that an outline at the edge of the
 * image stays there.
 * @param {Float32Array} values
 * @param {number} length of a line
 * @param {number} lines
 * @param {number} radius
 * @param {number} step from one value of a line to the next
 * @param {number} stride from one line to the next
 * @returns {Float32Array<ArrayBuffer>}
 */
function boxFilter(values, length, lines, radius, step, stride) {
    const result = new Float32Array(values.length);
    for (let line = 0; line < lines; line++) {
        const at = (/** @type {number} */ place) =>
            /** @type {number} */ (values[line * stride + Math.min(length - 1, Math.max(0, place)) * step]);
        let sum = 0;
        for (let place = -radius; place <= radius; place++) sum += at(place);
        for (let place = 0; place < length; place++) {
            result[line * stride + place * step] = sum / (2 * radius + 1);
            sum += at(place + radius + 1) - at(place - radius);
        }
    }
    return result;
}

/**
 * Background that no 4-connected path joins to the edge of the image is a hole.
 * @param {Uint8Array} mask
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array}
 */
export function fillHoles(mask, width, height) {
    const outside = new Uint8Array(mask.length);
    /** @type {number[]} */
    const stack = [];
    const visit = (/** @type {number} */ index) => {
        if (mask[index] || outside[index]) return;
        outside[index] = 1;
        stack.push(index);
    };
    for (let x = 0; x < width; x++) {
        visit(x);
        visit((height - 1) * width + x);
    }
    for (let y = 0; y < height; y++) {
        visit(y * width);
        visit(y * width + width - 1);
    }
    while (stack.length > 0) {
        const index = /** @type {number} */ (stack.pop());
        const x = index % width;
        if (x > 0) visit(index - 1);
        if (x < width - 1) visit(index + 1);
        if (index >= width) visit(index - width);
        if (index < mask.length - width) visit(index + width);
    }
    return outside.map(value => (value ? 0 : 255));
}

/** @type {Record<Shaping, (mask: Uint8Array, width: number, height: number, step: number) => Uint8Array>} */
const FUNCTIONS = {
    grow(mask, width, height, step) {
        const distances = squaredDistances(mask, width, height);
        return mask.map((_, index) => (/** @type {number} */ (distances[index]) <= step * step ? 255 : 0));
    },
    shrink(mask, width, height, step) {
        const distances = squaredDistances(mask.map(value => (value ? 0 : 1)), width, height);
        return mask.map((_, index) => (/** @type {number} */ (distances[index]) > step * step ? 255 : 0));
    },
    smooth,
    fill: fillHoles,
};

/**
 * @param {Shaping} what
 * @param {Uint8Array} mask 0 or 255
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array}
 */
export function shape(what, mask, width, height) {
    const bounds = boundsOf(mask, width);
    if (!bounds) return mask.slice();
    const step = stepOf(width, height);
    // The margin also holds the background that the functions below look at.
    const region = grown(bounds, 4 * step + 2, width, height);
    const part = cut(mask, width, region);
    const made = FUNCTIONS[what](part, region.width, region.height, step);
    const result = mask.slice();
    paste(result, width, region, made);
    return result;
}
