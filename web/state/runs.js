/** Masks as run lengths: a lesion mask of 300,000 pixels becomes a few hundred numbers. */

/**
 * @param {Uint8Array} mask 0 or not 0
 * @returns {Uint32Array} lengths of the runs in turn, beginning with 0-pixels
 */
export function encodeRuns(mask) {
    /** @type {number[]} */
    const runs = [];
    let inside = false;
    let start = 0;
    for (let index = 0; index < mask.length; index++) {
        if (mask[index] !== 0 === inside) continue;
        runs.push(index - start);
        start = index;
        inside = !inside;
    }
    runs.push(mask.length - start);
    return Uint32Array.from(runs);
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
