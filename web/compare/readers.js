/** Two readers of the same images: overlap of their outlines, and agreement of their types. */

/**
 * @typedef {import('../../wasm/sonomask.js').TissueClass} TissueClass
 * @typedef {import('../state/item.js').Review} Review
 */

/**
 * What a reader left on one image.
 * @typedef {object} Reading
 * @property {string} name
 * @property {string} sha256 of the image file; "": unknown, and the name counts
 * @property {number} width
 * @property {number} height
 * @property {ArrayLike<number>} runs of the mask, see state/masks.js
 * @property {TissueClass | null} type null: not stated
 */

/**
 * @typedef {object} Agreement
 * @property {{ name: string, dice: number | null, iou: number | null, types: [TissueClass | null, TissueClass | null] }[]} images
 *     in both; overlap is null when neither outlined anything
 * @property {number} outlined images that at least one of them outlined
 * @property {number} dice mean over these
 * @property {number} iou
 * @property {number} one images that only one of them outlined
 * @property {number} typed images with a type of both
 * @property {number} agreed of these
 * @property {number | null} kappa Cohen's kappa of the types; null where chance alone explains everything or nothing is typed
 * @property {number} unmatched images of only one of them, or of another size
 */

/**
 * The reader's type; the network's where the reader accepted the answer without another one.
 * @param {Review} review
 * @param {TissueClass} network
 * @returns {TissueClass | null}
 */
export function typeOf(review, network) {
    return review.type ?? (review.state === 'accepted' ? network : null);
}

/** @param {ArrayLike<number>} runs */
function areaOf(runs) {
    let area = 0;
    for (let index = 1; index < runs.length; index += 2) area += runs[index] ?? 0;
    return area;
}

/**
 * @param {ArrayLike<number>} first
 * @param {ArrayLike<number>} second
 * @returns {number} pixels in both masks, without unpacking them
 */
export function sharedArea(first, second) {
    let shared = 0;
    let [i, j] = [0, 0];
    let [endFirst, endSecond] = [first[0] ?? 0, second[0] ?? 0];
    let at = 0;
    while (i < first.length && j < second.length) {
        const end = Math.min(endFirst, endSecond);
        if (i % 2 === 1 && j % 2 === 1) shared += end - at;
        at = end;
        // Both may end here.
        if (endFirst === end) endFirst += first[++i] ?? 0;
        if (endSecond === end) endSecond += second[++j] ?? 0;
    }
    return shared;
}

/**
 * Cohen's kappa: agreement beyond what the shares of the types give by chance.
 * @param {[TissueClass, TissueClass][]} pairs
 * @returns {number | null}
 */
export function kappaOf(pairs) {
    const count = pairs.length;
    if (count === 0) return null;
    const types = new Set(pairs.flat());
    const observed = pairs.filter(([a, b]) => a === b).length / count;
    let chance = 0;
    for (const type of types) chance += (pairs.filter(([a]) => a === type).length / count) * (pairs.filter(([, b]) => b === type).length / count);
    return chance === 1 ? null : (observed - chance) / (1 - chance);
}

/** @param {number[]} values */
function mean(values) {
    return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : 0;
}

/**
 * @param {Reading[]} first
 * @param {Reading[]} second
 * @returns {Agreement}
 */
export function compareReaders(first, second) {
    const left = [...second];
    /** @type {Agreement['images']} */
    const images = [];
    let one = 0;
    for (const reading of first) {
        const place = left.findIndex(other => (reading.sha256 && other.sha256 ? reading.sha256 === other.sha256 : reading.name === other.name));
        const other = left[place];
        if (!other || other.width !== reading.width || other.height !== reading.height) continue;
        left.splice(place, 1);
        const areas = [areaOf(reading.runs), areaOf(other.runs)];
        const sum = (areas[0] ?? 0) + (areas[1] ?? 0);
        const both = sharedArea(reading.runs, other.runs);
        if (sum > 0 && areas.includes(0)) one++;
        images.push({ name: reading.name, dice: sum > 0 ? (2 * both) / sum : null, iou: sum > 0 ? both / (sum - both) : null, types: [reading.type, other.type] });
    }
    const outlined = images.filter(({ dice }) => dice !== null);
    const typed = images.flatMap(({ types: [a, b] }) => (a && b ? [/** @type {[TissueClass, TissueClass]} */ ([a, b])] : []));
    return {
        images,
        outlined: outlined.length,
        dice: mean(outlined.map(({ dice }) => dice ?? 0)),
        iou: mean(outlined.map(({ iou }) => iou ?? 0)),
        one,
        typed: typed.length,
        agreed: typed.filter(([a, b]) => a === b).length,
        kappa: kappaOf(typed),
        unmatched: first.length - images.length + left.length,
    };
}
