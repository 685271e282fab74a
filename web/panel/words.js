/** The answer in words. */
import { regionOf } from '../export/regions.js';
import { formatPercent, formatProbability, t } from '../i18n/i18n.js';
import { isDrawn, scaleFor } from '../state/item.js';

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
const LIKELY = 0.5;

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
 * What the head line names: a type only when there is an outline and the type is not uncertain. An image that probably
 * holds a lesion, but has no outline, is not one without a lesion. "views": the views of the image have different types.
 * @param {FrameResult} result
 * @returns {'benign' | 'malignant' | 'none' | 'likely' | 'unsure' | 'views'}
 */
export function findingOf(result) {
    if (result.lesions.length === 0) return result.presence >= LIKELY && !result.edits?.any ? 'likely' : 'none';
    if (result.regions.some(({ type }) => type !== result.type)) return 'views';
    return confidenceOf(result) === 'undecided' || result.type === 'normal' ? 'unsure' : result.type;
}

/**
 * @param {FrameResult} result
 * @returns {TissueClass | null} the colour of the swatch beside the head line
 */
export function swatchOf(result) {
    const finding = findingOf(result);
    if (finding === 'none') return 'normal';
    return finding === 'benign' || finding === 'malignant' ? finding : null;
}

/**
 * @param {FrameResult} result
 * @returns {string}
 */
export function headline(result) {
    const types = CLASSES.filter(type => result.regions.some(region => region.type === type)).map(type => t(`class.${type}`));
    return t(`answer.${findingOf(result)}`, { types: types.reverse().join(' / ') });
}

/**
 * @param {Pick<FrameResult, 'type' | 'probabilities'>} answer
 * @returns {string}
 */
export function typeWords({ type, probabilities }) {
    return `${t(`class.${type}`)} ${formatProbability(probabilities[type])}`;
}

/**
 * @param {FrameResult} result
 * @returns {string[]} the answer of each view; empty for an image of one view
 */
export function viewLines(result) {
    if (result.regions.length < 2) return [];
    return result.regions.map(({ type, probabilities, presence }, index) => {
        const [lesions, possible] = [result.lesions, result.possible].map(all => all.filter(lesion => regionOf(result, lesion) === index));
        const view = { ...result, type, probabilities, presence, regions: [], lesions: lesions ?? [], possible: possible ?? [] };
        const finding = findingOf(view);
        const isType = finding === type || (finding === 'none' && type === 'normal');
        return t('answer.view', { number: index + 1, answer: isType ? typeWords(view) : `${headline(view)} (${typeWords(view)})` });
    });
}

/**
 * @param {FrameResult} result
 * @param {Lesion} lesion
 * @returns {string} the type of its view; "" in an image of one view, and for what was drawn beside the views
 */
export function viewType(result, lesion) {
    const region = result.regions.length > 1 ? result.regions[regionOf(result, lesion)] : undefined;
    return region ? typeWords(region) : '';
}

/**
 * @param {FrameResult} result
 * @param {number | null} ownThreshold that the user set for the image; null: the network's
 * @returns {string} one or two sentences
 */
export function explanation(result, ownThreshold) {
    const { operatingPoint } = result;
    const finding = findingOf(result);
    if (finding === 'likely')
        return t(result.possible.length > 0 ? 'answer.likelyPossible' : 'answer.likelyWords', { presence: formatProbability(result.presence) });
    if (finding === 'none' && result.edits?.any) return t('answer.corrected');
    // The answer of the image is that of the view with the greatest presence.
    if (finding === 'views') return t('answer.viewsWords', { number: result.regions.findIndex(({ presence }) => presence === result.presence) + 1 });
    // The bound was measured with the network's threshold on single images.
    const isMeasured = ownThreshold === null && !result.network.alone;
    if (finding === 'none' && operatingPoint && !isMeasured) return t('answer.likelyWords', { presence: formatProbability(result.presence) });
    if (operatingPoint && finding === 'none') {
        return t('answer.bound', {
            presence: formatProbability(result.presence),
            // Rounded up: it is a bound. The weights hold float32, which may be a little above the number that was written.
            missed: formatPercent(Math.ceil(operatingPoint.missedBound * 100 - 1e-4) / 100),
        });
    }
    const ranked = [...CLASSES].sort((a, b) => result.probabilities[b] - result.probabilities[a]);
    const [first, second] = /** @type {[TissueClass, TissueClass]} */ (ranked);
    return t(`answer.${confidenceOf(result)}`, {
        type: t(`type.${first}`),
        other: t(`type.${second}`),
        share: formatProbability(result.probabilities[first]),
    });
}

/**
 * Certainty of an outline in three levels: below an expected Dice of 0.7 most outlines need corrections; from 0.85 on they
 * are about as close to an expert's outline as that of a second expert. The network does not rate what the user drew.
 * @param {Lesion} lesion
 * @returns {'high' | 'medium' | 'low' | 'drawn'}
 */
export function certaintyOf(lesion) {
    if (isDrawn(lesion)) return 'drawn';
    if (lesion.expectedDice >= 0.85) return 'high';
    return lesion.expectedDice >= 0.7 ? 'medium' : 'low';
}

/**
 * The warning for an image that is out of distribution.
 * @param {Item} item
 * @returns {Key | null}
 */
export function doubtOf(item) {
    return item.result?.foreign ? 'warning.foreign' : null;
}

/**
 * The origin of the unit of the measurements.
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
 * Warnings about the image and its answer.
 * @param {FrameResult} result
 * @returns {string[]}
 */
export function warnings(result) {
    const found = [];
    for (const warning of result.warnings) found.push(t(`warning.${warning}`, { share: String(Math.ceil(100 * result.overlayShare)), views: result.regions.length }));
    if (result.foreign && !result.warnings.includes('photograph') && !result.warnings.includes('no-scan')) found.push(t('warning.foreign'));
    const { regions } = result;
    // One that is not like the others; the warning above is about the best of them.
    if (!result.foreign && regions.length > 1)
        for (const [index, region] of regions.entries()) if (!region.looksLikeUltrasound) found.push(t('warning.foreignRegion', { number: index + 1 }));
    if (result.lesions.some(lesion => certaintyOf(lesion) === 'low')) found.push(t('warning.unsureOutline'));
    if (result.possible.length > 0) found.push(t('warning.possible'));
    if (result.type === 'normal' && result.lesions.length > 0) found.push(t('warning.normalWithLesion'));
    if (confidenceOf(result) === 'undecided') found.push(t('warning.undecided'));
    return found;
}
