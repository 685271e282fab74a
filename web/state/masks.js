/** Masks of the page: made from a probability map and the user's edits, measured, and kept as run lengths. */

/**
 * @typedef {import('../../wasm/sonomask.js').Lesion} Lesion
 * @typedef {import('../edit/edits.js').Edits} Edits
 * @typedef {import('../engine/engine.js').Engine} Engine
 */

/**
 * The network's mask at a threshold, with the user's edits on top, and its lesions.
 * @param {Engine} engine
 * @param {Float32Array} probability
 * @param {{ width: number, height: number }} size
 * @param {number} threshold
 * @param {Edits | null} edits
 * @returns {{ mask: Uint8Array, lesions: Lesion[] }}
 */
export function measureMap({ measurer, pool }, probability, { width, height }, threshold, edits) {
    let measured = measurer.measure(probability, width, height, { threshold, minimumArea: pool.info.minimumArea });
    if (edits?.any) {
        const edited = measured.mask.slice();
        edits.applyTo(edited);
        measured = measurer.measure(edited, width, height, { minimumArea: 0, probabilityMap: probability });
    }
    // The instance that measures has no weights, so it cannot apply the power that was fitted with them.
    const lesions = measured.lesions.map(lesion => ({ ...lesion, expectedDice: lesion.expectedDice ** pool.info.expectedDicePower }));
    return { mask: measured.mask, lesions };
}

/**
 * Run lengths of a mask: a lesion mask of 300,000 pixels becomes a few hundred numbers.
 * @param {Uint8Array} mask 0 or not 0
 * @returns {Uint32Array} lengths of the runs, alternating, beginning with 0-pixels
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
