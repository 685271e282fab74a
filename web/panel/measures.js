/** A lesion's measurements, in millimetres where the scale is known. */
import { formatNumber, formatProbability, t } from '../i18n/i18n.js';
import { isDrawn } from '../state/item.js';
import { certaintyOf, viewType } from './words.js';

/**
 * @typedef {import('../state/item.js').Lesion} Lesion
 * @typedef {import('../state/item.js').Scale} Scale
 */

/**
 * @param {number} pixels
 * @param {Scale | null} scale
 * @returns {string}
 */
export function lengthText(pixels, scale) {
    if (scale) return t('unit.mm', { value: formatNumber(pixels * scale.millimetres, 1) });
    return t('unit.px', { value: formatNumber(pixels, 1) });
}

/**
 * @param {number} pixels
 * @param {Scale | null} scale
 * @returns {string}
 */
export function areaText(pixels, scale) {
    if (scale) return t('unit.mm2', { value: formatNumber(pixels * scale.millimetres ** 2, 1) });
    return t('unit.px2', { value: formatNumber(pixels) });
}

/**
 * Whether the lesion is upright: its long axis is more than 45° from the skin line. ("Taller than wide" is one of
 * the signs that readers of breast ultrasound look for.)
 * @param {Lesion} lesion
 * @returns {boolean}
 */
export function tallerThanWide(lesion) {
    return Math.abs(lesion.orientation) > Math.PI / 4;
}

/**
 * @param {Lesion} lesion
 * @param {Scale | null} scale
 * @param {import('../state/item.js').FrameResult} [result] that holds it
 * @returns {{ name: string, value: string }[]} in the order of the table; "" where there is no value
 */
export function measuresOf(lesion, scale, result) {
    const degrees = formatNumber((Math.abs(lesion.orientation) * 180) / Math.PI);
    const certainty = formatNumber(lesion.expectedDice, 2);
    return [
        { name: t('measure.viewType'), value: result ? viewType(result, lesion) : '' },
        { name: t('measure.certainty'), value: t(`certainty.${certaintyOf(lesion)}`, { value: certainty }) },
        { name: t('measure.area'), value: areaText(lesion.area, scale) },
        { name: t('measure.long'), value: lengthText(lesion.longAxis, scale) },
        { name: t('measure.short'), value: lengthText(lesion.shortAxis, scale) },
        { name: t('measure.perimeter'), value: lengthText(lesion.perimeter, scale) },
        {
            name: t('measure.orientation'),
            value: t(tallerThanWide(lesion) ? 'measure.taller' : 'measure.wider', { degrees }),
        },
        { name: t('measure.circularity'), value: formatNumber(lesion.circularity, 2) },
        { name: t('measure.probability'), value: isDrawn(lesion) ? '' : formatNumber(lesion.meanProbability, 2) },
        // Outlines that were painted or moved by the threshold have neither.
        { name: t('measure.presence'), value: lesion.presence > 0 ? formatProbability(lesion.presence) : '' },
        { name: t('measure.margin'), value: lesion.margin > 0 ? lengthText(lesion.margin, scale) : '' },
    ];
}
