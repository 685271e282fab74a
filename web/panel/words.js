/** The answer in plain, honest words. */
import { formatProbability, t } from '../i18n/i18n.js';
import { scaleFor } from '../state/item.js';

/**
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/item.js').Lesion} Lesion
 * @typedef {import('../state/item.js').TissueClass} TissueClass
 * @typedef {import('../i18n/i18n.js').Key} Key
 */

export const CLASSES = /** @type {const} */ (['normal', 'benign', 'malignant']);

const FAIRLY_SURE = 0.85;
const LEANING = 0.6;

/**
 * @param {FrameResult} result
 * @returns {'sure' | 'leaning' | 'undecided'}
 */
export function confidenceOf(result) {
    const best = result.probabilities[result.type];
    if (best >= FAIRLY_SURE) return 'sure';
    return best >= LEANING ? 'leaning' : 'undecided';
}

/**
 * @param {FrameResult} result
 * @returns {string}
 */
export function headline(result) {
    return t(`answer.${result.type}`);
}

/**
 * @param {FrameResult} result
 * @returns {string} one or two sentences
 */
export function explanation(result) {
    const ranked = [...CLASSES].sort((a, b) => result.probabilities[b] - result.probabilities[a]);
    const [first, second] = /** @type {[TissueClass, TissueClass]} */ (ranked);
    return t(`answer.${confidenceOf(result)}`, {
        type: t(`type.${first}`),
        other: t(`type.${second}`),
        share: formatProbability(result.probabilities[first]),
    });
}

/**
 * How sure the network is of an outline, in three words: below 0.7 an outline needs correcting more often than not, and
 * from 0.85 it is about as close to an expert's as a second expert's would be.
 * @param {Lesion} lesion
 * @returns {'high' | 'medium' | 'low'}
 */
export function certaintyOf(lesion) {
    if (lesion.expectedDice >= 0.85) return 'high';
    return lesion.expectedDice >= 0.7 ? 'medium' : 'low';
}

/**
 * Whether this is a picture for the network at all.
 * @param {Item} item
 * @returns {Key | null}
 */
export function doubtOf(item) {
    return item.result?.foreign ? 'warning.foreign' : null;
}

/**
 * Where the measurements' unit comes from.
 * @param {Item} item
 * @param {Lesion[]} lesions at least one
 * @returns {string}
 */
export function scaleNote(item, lesions) {
    const scales = lesions.map(lesion => scaleFor(item, lesion.bbox));
    const origin = scales.find(scale => scale)?.origin;
    if (!origin) return t(item.scales.length > 0 ? 'lesions.scale.outside' : 'lesions.scale.none');
    return t(`lesions.scale.${scales.includes(null) ? 'mixed' : origin}`);
}

/**
 * Doubts about the picture, and those that the answer itself raises.
 * @param {FrameResult} result
 * @returns {string[]}
 */
export function warnings(result) {
    const found = [];
    if (result.foreign) found.push(t('warning.foreign'));
    if (result.lesions.some(lesion => certaintyOf(lesion) === 'low')) found.push(t('warning.unsureOutline'));
    if (result.type === 'normal' && result.lesions.length > 0) found.push(t('warning.normalWithLesion'));
    if (result.type !== 'normal' && result.lesions.length === 0) found.push(t('warning.lesionWithoutMask'));
    if (confidenceOf(result) === 'undecided') found.push(t('warning.undecided'));
    return found;
}
