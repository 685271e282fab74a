/** The batch as CSV: one line a lesion, and one for a picture without any or one that failed. */
import { scaleFor } from '../state/item.js';

/** @typedef {import('../state/item.js').Item} Item */

const COLUMNS = [
    'file', 'state', 'reason', 'width', 'height', 'type', 'p_normal', 'p_benign', 'p_malignant',
    'looks_like_ultrasound', 'threshold', 'edited',
    'lesion', 'area_px', 'long_axis_px', 'short_axis_px', 'perimeter_px', 'orientation_degrees', 'circularity',
    'mean_probability', 'expected_dice', 'mm_per_px', 'area_mm2', 'long_axis_mm', 'short_axis_mm', 'dice', 'iou', 'hd95_px',
];

/**
 * A field as RFC 4180 wants it. Spreadsheets run what begins with a sign of a formula (equals, plus, minus, at), so a
 * text that does is quoted with an apostrophe; numbers stay as they are.
 * @param {string | number | boolean | null | undefined} value
 * @returns {string}
 */
export function field(value) {
    if (value === null || value === undefined) return '';
    if (typeof value === 'number') return Number.isFinite(value) ? String(Number(value.toFixed(4))) : '';
    const text = String(value);
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * @param {Map<Item, string>} names
 * @returns {string}
 */
export function toCsv(names) {
    const lines = [COLUMNS.join(',')];
    for (const [item, name] of names) for (const values of rowsOf(item, name)) lines.push(values.map(field).join(','));
    return `${lines.join('\r\n')}\r\n`;
}

/**
 * @param {Item} item
 * @param {string} name
 * @returns {(string | number | boolean | null | undefined)[][]}
 */
function rowsOf(item, name) {
    const { result } = item;
    const reason = item.problem?.detail ?? '';
    if (!result || item.state !== 'done') return [[name, item.state, reason]];
    const { probabilities } = result;
    const edited = result.edits?.any ?? false;
    const scores = item.truth?.scores;
    const compared = [scores?.dice, scores?.iou, scores?.hd95];
    const picture = [
        name, item.state, reason, result.width, result.height, result.type, probabilities.normal, probabilities.benign,
        probabilities.malignant, !result.foreign, result.threshold, edited,
    ];
    if (result.lesions.length === 0) return [[...picture, 0, ...Array(12).fill(''), ...compared]];
    return result.lesions.map((lesion, index) => {
        const millimetres = scaleFor(item, lesion.bbox)?.millimetres;
        return [
            ...picture,
            index + 1,
            lesion.area,
            lesion.longAxis,
            lesion.shortAxis,
            lesion.perimeter,
            (lesion.orientation * 180) / Math.PI,
            lesion.circularity,
            lesion.meanProbability,
            lesion.expectedDice,
            millimetres,
            millimetres && lesion.area * millimetres ** 2,
            millimetres && lesion.longAxis * millimetres,
            millimetres && lesion.shortAxis * millimetres,
            ...compared,
        ];
    });
}
