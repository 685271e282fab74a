/**
 * The batch as CSV: one line per lesion, or one line for an image without lesions or one that failed. Every analysed frame
 * of a cine loop counts as an image.
 */
import { answersOf, isDrawn, scaleFor } from '../state/item.js';

/**
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('./names.js').ExportName} ExportName
 * @typedef {(string | number | boolean | null | undefined)[][]} Rows
 */

const COLUMNS = [
    'file', 'frame', 'state', 'reason', 'width', 'height', 'type', 'p_normal', 'p_benign', 'p_malignant',
    'looks_like_ultrasound', 'threshold', 'edited',
    'lesion', 'area_px', 'long_axis_px', 'short_axis_px', 'perimeter_px', 'orientation_degrees', 'circularity',
    'mean_probability', 'expected_dice', 'mm_per_px', 'scale_from', 'area_mm2', 'long_axis_mm', 'short_axis_mm', 'perimeter_mm',
    'dice', 'iou', 'hd95_px',
];
const OF_LESION = COLUMNS.indexOf('dice') - COLUMNS.indexOf('lesion');

/**
 * A field by RFC 4180. Spreadsheets run texts that begin like a formula (equals, plus, minus or at sign), so these get
 * an apostrophe in front. Numbers stay as they are.
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
 * @param {Map<Item, ExportName>} names
 * @returns {string}
 */
export function toCsv(names) {
    const lines = [COLUMNS.join(',')];
    for (const [item, { file }] of names) for (const values of rowsOf(item, file)) lines.push(values.map(field).join(','));
    return `${lines.join('\r\n')}\r\n`;
}

/**
 * @param {Item} item
 * @param {string} name
 * @returns {Rows}
 */
function rowsOf(item, name) {
    const answers = answersOf(item);
    if (answers.length === 0) return [[name, '', item.state, item.problem?.detail || item.problem?.key.replace(/^problem\./, '')]];
    return answers.flatMap(({ frame, result }) => rowsOfAnswer(item, name, frame, result));
}

/**
 * @param {Item} item
 * @param {string} name
 * @param {number} frame
 * @param {FrameResult} result
 * @returns {Rows}
 */
function rowsOfAnswer(item, name, frame, result) {
    const { probabilities } = result;
    const scores = frame === item.frame ? item.truth?.scores : null;
    const compared = [scores?.dice, scores?.iou, scores?.hd95];
    const picture = [
        name, item.frameCount > 1 ? frame + 1 : '', item.state, '', result.width, result.height, result.type, probabilities.normal,
        probabilities.benign, probabilities.malignant, !result.foreign, result.threshold, result.edits?.any ?? false,
    ];
    if (result.lesions.length === 0) return [[...picture, 0, ...Array(OF_LESION - 1).fill(''), ...compared]];
    return result.lesions.map((lesion, index) => {
        const scale = scaleFor(item, lesion.bbox);
        const millimetres = scale?.millimetres;
        return [
            ...picture,
            index + 1,
            lesion.area,
            lesion.longAxis,
            lesion.shortAxis,
            lesion.perimeter,
            (lesion.orientation * 180) / Math.PI,
            lesion.circularity,
            isDrawn(lesion) ? '' : lesion.meanProbability,
            isDrawn(lesion) ? '' : lesion.expectedDice,
            // As text, because four decimals are too few for a pixel spacing.
            millimetres && millimetres.toPrecision(6),
            scale?.origin,
            millimetres && lesion.area * millimetres ** 2,
            millimetres && lesion.longAxis * millimetres,
            millimetres && lesion.shortAxis * millimetres,
            millimetres && lesion.perimeter * millimetres,
            ...compared,
        ];
    });
}
