/** Paints overlays into pixels of the image's size. */
import { BOTH, FILL, ONLY_OURS, ONLY_TRUTH, RAMP } from './colours.js';

/**
 * @param {Uint8ClampedArray} pixels RGBA
 * @param {number} index of the pixel
 * @param {readonly [number, number, number]} colour
 */
function put(pixels, index, [red, green, blue]) {
    pixels[index * 4] = red;
    pixels[index * 4 + 1] = green;
    pixels[index * 4 + 2] = blue;
    pixels[index * 4 + 3] = 255;
}

/**
 * @param {Uint8Array} mask 0 or 255
 * @param {ImageData} layer cleared and painted
 */
export function paintFill(mask, layer) {
    const words = new Uint32Array(layer.data.buffer);
    const [red, green, blue] = FILL;
    // RGBA in memory order on little-endian machines, which all browsers run on.
    const colour = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    words.fill(0);
    // By runs: much faster than by pixels before the browser has optimised the loop, as at the first mask.
    for (let start = mask.indexOf(255); start >= 0; ) {
        const end = mask.indexOf(0, start);
        words.fill(colour, start, end < 0 ? mask.length : end);
        start = end < 0 ? -1 : mask.indexOf(255, end);
    }
}

/**
 * @param {Float32Array} probability
 * @param {'probability' | 'uncertainty'} kind uncertainty is 4 p (1 - p): 1 where the network is undecided
 * @param {ImageData} layer
 */
export function paintMap(probability, kind, layer) {
    const { data } = layer;
    for (let index = 0; index < probability.length; index++) {
        const p = /** @type {number} */ (probability[index]);
        const value = kind === 'uncertainty' ? 4 * p * (1 - p) : p;
        const step = Math.round(value * 255) * 3;
        data[index * 4] = /** @type {number} */ (RAMP[step]);
        data[index * 4 + 1] = /** @type {number} */ (RAMP[step + 1]);
        data[index * 4 + 2] = /** @type {number} */ (RAMP[step + 2]);
        // Low values are transparent, so that a heat map does not hide the image.
        data[index * 4 + 3] = Math.min(255, value * 640);
    }
}

/**
 * @param {Uint8Array} mask
 * @param {Uint8Array} truth
 * @param {ImageData} layer
 */
export function paintDifference(mask, truth, layer) {
    layer.data.fill(0);
    for (let index = 0; index < mask.length; index++) {
        if (mask[index] && truth[index]) put(layer.data, index, BOTH);
        else if (mask[index]) put(layer.data, index, ONLY_OURS);
        else if (truth[index]) put(layer.data, index, ONLY_TRUTH);
    }
}

/**
 * Maps grey levels so that `low` becomes black and `high` white.
 * @param {ImageData} image read
 * @param {{ low: number, high: number }} window 0..255
 * @param {ImageData} output written
 */
export function applyWindow(image, { low, high }, output) {
    const table = new Uint8ClampedArray(256);
    for (let level = 0; level < 256; level++) table[level] = ((level - low) / Math.max(1, high - low)) * 255;
    const from = image.data;
    const to = output.data;
    for (let index = 0; index < from.length; index += 4) {
        to[index] = /** @type {number} */ (table[/** @type {number} */ (from[index])]);
        to[index + 1] = /** @type {number} */ (table[/** @type {number} */ (from[index + 1])]);
        to[index + 2] = /** @type {number} */ (table[/** @type {number} */ (from[index + 2])]);
        to[index + 3] = /** @type {number} */ (from[index + 3]);
    }
}

/**
 * @param {import('../../wasm/sonomask.js').Contour[]} contours
 * @returns {Path2D} in pixels of the image
 */
export function pathOf(contours) {
    const path = new Path2D();
    for (const { points } of contours) {
        for (let index = 0; index < points.length; index += 2) {
            const x = /** @type {number} */ (points[index]);
            const y = /** @type {number} */ (points[index + 1]);
            if (index === 0) path.moveTo(x, y);
            else path.lineTo(x, y);
        }
        path.closePath();
    }
    return path;
}
