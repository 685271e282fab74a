/** Who drew the outlines of an answer. */
import { ADD, ERASE } from '../edit/edits.js';

/** @typedef {import('../../wasm/dicom/segmentation.js').Origin} Origin */

/**
 * An outline is drawn when the reader painted all of it, and corrected when a part was painted, or erased beside it. Clicks and a
 * box change the network's answer, so that all of its outlines count as corrected.
 * @param {Uint8Array | Uint16Array} numbers [height][width], 0: background, 1: the first lesion, ...
 * @param {number} width
 * @param {number} lesions how many
 * @param {Uint8Array | null} layer what was painted (edit/edits.js); null: nothing
 * @param {boolean} isPrompted whether the network answered clicks or a box
 * @returns {Origin[]} by lesion
 */
export function originsOf(numbers, width, lesions, layer, isPrompted) {
    if (!layer) return Array.from({ length: lesions }, () => (isPrompted ? 'corrected' : 'network'));
    const height = numbers.length / width;
    const [sizes, added, erased] = [0, 1, 2].map(() => new Uint32Array(lesions + 1));
    /** @param {Uint32Array | undefined} counts @param {number | undefined} number */
    const count = (counts, number) => {
        if (counts && number) counts[number] = (counts[number] ?? 0) + 1;
    };
    for (let at = 0; at < numbers.length; at++) {
        count(sizes, numbers[at]);
        if (layer[at] === ADD) count(added, numbers[at]);
        if (layer[at] !== ERASE) continue;
        const [x, y] = [at % width, Math.floor(at / width)];
        for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++)
            for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) count(erased, numbers[row * width + column]);
    }
    return Array.from({ length: lesions }, (_, index) => {
        const painted = added?.[index + 1] ?? 0;
        if (painted > 0 && painted === sizes?.[index + 1]) return 'drawn';
        return isPrompted || painted > 0 || (erased?.[index + 1] ?? 0) > 0 ? 'corrected' : 'network';
    });
}
