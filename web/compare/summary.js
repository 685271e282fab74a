/** What a batch scores against its ground truth: images with lesions and normal images apart. */
import { scaleFor, scoresOf } from '../state/item.js';

/** @typedef {import('../state/item.js').Item} Item */

/**
 * Frames of a loop that have a mask of their own count as images.
 * @typedef {object} Summary
 * @property {{ count: number, dice: number, iou: number, missed: number, found: number, hd95: number | null, measured: number, hd95Mm: number | null }} lesion
 *     images whose ground truth holds a lesion. `missed`: images where no outline touches it; `hd95`: mean over the `found`
 *     other ones, pixels; `hd95Mm`: over the `measured` ones of them with a scale
 * @property {{ count: number, outlined: number }} normal images whose ground truth is empty, and those with an outline all the same
 * @property {number} inverted masks among them that were read as dark on white
 * @property {number} left images with a mask that was not compared
 */

/** @param {number[]} values */
function mean(values) {
    return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

/**
 * @param {Item} item
 * @returns {number | null} millimetres per pixel where the lesions are
 */
export function millimetresOf(item) {
    const { result } = item;
    if (!result) return null;
    const box = result.lesions[0]?.bbox ?? { x: 0, y: 0, width: result.width, height: result.height };
    return scaleFor(item, box)?.millimetres ?? null;
}

/**
 * @param {Item[]} items
 * @returns {Summary | null} null when nothing has a mask
 */
export function summaryOf(items) {
    const compared = items.flatMap(item => {
        if (!item.truth) return [];
        const frames = item.truth.frames ? [...item.truth.frames.keys()] : [item.frame];
        return frames.flatMap(frame => {
            const scores = scoresOf(item, frame);
            return scores ? [{ item, scores }] : [];
        });
    });
    const left = items.filter(({ truth }) => truth?.problem).length;
    if (compared.length === 0 && left === 0) return null;
    const lesions = compared.filter(({ scores }) => !scores.normal);
    const found = lesions.filter(({ scores }) => scores.dice > 0);
    const millimetres = found.flatMap(({ item, scores: { hd95 } }) => {
        const scale = millimetresOf(item);
        return scale !== null && hd95 !== null ? [hd95 * scale] : [];
    });
    const normal = compared.filter(({ scores }) => scores.normal);
    return {
        lesion: {
            count: lesions.length,
            dice: mean(lesions.map(({ scores }) => scores.dice)) ?? 0,
            iou: mean(lesions.map(({ scores }) => scores.iou)) ?? 0,
            missed: lesions.length - found.length,
            found: found.length,
            hd95: mean(found.flatMap(({ scores }) => scores.hd95 ?? [])),
            measured: millimetres.length,
            hd95Mm: mean(millimetres),
        },
        normal: { count: normal.length, outlined: normal.filter(({ scores }) => scores.outlined).length },
        inverted: compared.filter(({ item }) => item.truth?.inverted).length,
        left,
    };
}
