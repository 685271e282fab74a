/** From a probability map to a mask with its measurements: the network's at a threshold, then what somebody painted. */

/**
 * @typedef {import('../../wasm/sonomask.js').Lesion} Lesion
 * @typedef {import('../edit/edits.js').Edits} Edits
 * @typedef {import('../engine/engine.js').Engine} Engine
 */

/**
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
    // The instance that measures here has no weights, and so does not know how honest their expectation is.
    const lesions = measured.lesions.map(lesion => ({ ...lesion, expectedDice: lesion.expectedDice ** pool.info.expectedDicePower }));
    return { mask: measured.mask, lesions };
}
