/** The answer in plain, honest words. */
import { formatProbability, t } from '../i18n/i18n.js';

/**
 * @typedef {import('../state/item.js').FrameResult} FrameResult
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
 * Doubts that the answer itself raises.
 * @param {FrameResult} result
 * @param {Key | null} doubt about the picture
 * @returns {string[]}
 */
export function warnings(result, doubt) {
    const found = [];
    if (doubt) found.push(t(doubt));
    if (result.type === 'normal' && result.lesions.length > 0) found.push(t('warning.normalWithLesion'));
    if (result.type !== 'normal' && result.lesions.length === 0) found.push(t('warning.lesionWithoutMask'));
    if (confidenceOf(result) === 'undecided') found.push(t('warning.undecided'));
    return found;
}
