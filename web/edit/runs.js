/** Masks as run lengths: a lesion mask of 300,000 pixels becomes a few hundred numbers. */

/**
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
 * @param {number} [value] of the pixels of the mask
 * @returns {Uint8Array<ArrayBuffer>} 0 or the value
 */
export function decodeRuns(runs, length, value = 255) {
    const mask = new Uint8Array(length);
    let at = 0;
    runs.forEach((run, index) => {
        if (index % 2 === 1) mask.fill(value, at, at + run);
        at += run;
    });
    return mask;
}

/**
 * @param {Uint32Array} runs of a mask
 * @param {number} width of the mask
 * @returns {import('./region.js').Region | null} the smallest that holds all pixels of the mask; null: there is none
 */
export function boundsOfRuns(runs, width) {
    let [left, right, top, bottom, at] = [width, -1, 0, -1, 0];
    runs.forEach((run, index) => {
        const [start, end] = [at, at + run - 1];
        at += run;
        if (index % 2 === 0 || run === 0) return;
        if (bottom < 0) top = Math.floor(start / width);
        bottom = Math.floor(end / width);
        // A run that reaches the next row holds the last pixel of its row, and the first one of the next.
        const wraps = Math.floor(start / width) < bottom;
        left = Math.min(left, wraps ? 0 : start % width);
        right = Math.max(right, wraps ? width - 1 : end % width);
    });
    return bottom < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}
