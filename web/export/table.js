/**
 * The batch as CSV: one line per lesion, or one line for an image without lesions or one that failed. Every analysed frame
 * of a cine loop counts as an image.
 */
import { millimetresOf } from '../compare/summary.js';
import { answersOf, isDrawn, scaleFor, scoresOf } from '../state/item.js';
import { framesOf } from './loops.js';
import { judgementOf } from './provenance.js';
import { regionOf } from './regions.js';

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
    'dice', 'iou', 'hd95_px', 'ground_truth', 'hd95_mm', 'review', 'reader_type', 'birads', 'notes', 'reader', 'image_sha256', 'operating_point',
    'software', 'network', 'weights_date', 'weights_sha256', 'date', 'frames', 'frames_answered',
    'region', 'region_x', 'region_y', 'region_width', 'region_height', 'regions_from',
    'shape', 'orientation', 'margin', 'margin_signs', 'echo', 'posterior', 'halo', 'lesion_width_px', 'lesion_height_px', 'depth_px', 'height_ratio',
    'lesion_width_mm', 'lesion_height_mm', 'depth_mm', 'reader_shape', 'reader_orientation', 'reader_margin', 'reader_echo', 'reader_posterior',
];
const OF_WORDS = COLUMNS.indexOf('reader_shape') - COLUMNS.indexOf('shape');
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
 * @param {import('./provenance.js').Provenance} provenance
 * @returns {string}
 */
export function toCsv(names, provenance) {
    const lines = [COLUMNS.join(',')];
    for (const [item, { file }] of names) for (const values of rowsOf(item, file, provenance)) lines.push(values.map(field).join(','));
    return `${lines.join('\r\n')}\r\n`;
}

/**
 * @param {Item} item
 * @param {string} name
 * @param {import('./provenance.js').Provenance} provenance
 * @returns {Rows}
 */
function rowsOf(item, name, provenance) {
    const answers = answersOf(item);
    if (answers.length === 0) return [[name, '', item.state, item.problem?.detail || item.problem?.key.replace(/^problem\./, '')]];
    const damaged = [...item.frameProblems].map(([frame, problem]) => [name, frame + 1, 'failed', problem.detail || problem.key.replace(/^problem\./, '')]);
    return [...answers.flatMap(({ frame, result }) => rowsOfAnswer(item, name, frame, result, provenance)), ...damaged];
}

/**
 * @param {Item} item
 * @param {string} name
 * @param {number} frame
 * @param {FrameResult} result
 * @param {import('./provenance.js').Provenance} provenance
 * @returns {Rows}
 */
function rowsOfAnswer(item, name, frame, result, provenance) {
    const scores = scoresOf(item, frame);
    const overlap = scores?.normal ? [] : [scores?.dice, scores?.iou, scores?.hd95];
    const { review, reader_type: type, birads, notes, image_sha256: sum, operating_point: point } = judgementOf(item, result);
    const { reader, software, network, weights_date: made, weights_sha256: weights, date } = provenance;
    const scale = scores && !scores.normal && scores.hd95 !== null ? millimetresOf(item) : null;
    const loop = framesOf(item);
    const compared = [
        overlap[0], overlap[1], overlap[2], scores && (scores.normal ? 'normal' : 'lesion'), scale !== null && scores?.hd95 ? scores.hd95 * scale : '',
        review, type, birads, notes, reader, sum, point, software, network, made, weights, date,
        loop['frames'], loop['frames_answered'],
    ];
    const picture = ({ type: found, probabilities } = /** @type {Pick<FrameResult, 'type' | 'probabilities'>} */ (result)) => [
        name, item.frameCount > 1 ? frame + 1 : '', item.state, '', result.width, result.height, found, probabilities.normal,
        probabilities.benign, probabilities.malignant, !result.foreign, result.threshold, result.edits?.any ?? false,
    ];
    if (result.lesions.length === 0) return [[...picture(), 0, ...Array(OF_LESION - 1).fill(''), ...compared, ...regionCells(result, result.regions.length === 1 ? 0 : -1), ...Array(OF_WORDS).fill(''), ...readerCells(item)]];
    return result.lesions.map((lesion, index) => {
        const lesionScale = scaleFor(item, lesion.bbox);
        const millimetres = lesionScale?.millimetres;
        return [
            ...picture(result.regions[regionOf(result, lesion)]), // the answer of its own view
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
            lesionScale?.origin,
            millimetres && lesion.area * millimetres ** 2,
            millimetres && lesion.longAxis * millimetres,
            millimetres && lesion.shortAxis * millimetres,
            millimetres && lesion.perimeter * millimetres,
            ...compared,
            ...regionCells(result, regionOf(result, lesion)),
            ...wordCells(lesion, millimetres),
            ...readerCells(item),
        ];
    });
}

/**
 * @param {FrameResult} result
 * @param {number} index -1: none
 * @returns {Rows[number]} the number of the region, from 1 on, and its place
 */
function regionCells({ regions, regionsFrom }, index) {
    const region = regions[index];
    if (!region) return ['', '', '', '', '', regions.length > 0 ? regionsFrom : ''];
    return [index + 1, region.x, region.y, region.width, region.height, regionsFrom];
}

/**
 * @param {import('../state/item.js').Lesion} lesion
 * @param {number | undefined} millimetres of a pixel
 * @returns {Rows[number]} what is computed of the outline
 */
function wordCells({ descriptors }, millimetres) {
    if (!descriptors) return Array(OF_WORDS).fill('');
    const { shape, orientation, margin, marginSigns, echo, posterior, halo, width, height, depth, heightRatio } = descriptors;
    return [
        shape, orientation, margin, marginSigns.join('; '), echo, posterior, halo, width, height, depth, heightRatio,
        ...[width, height, depth].map(length => millimetres && length * millimetres),
    ];
}

/**
 * @param {Item} item
 * @returns {Rows[number]} the reader's own words
 */
function readerCells({ review: { words = {} } }) {
    return [words.shape, words.orientation, words.margins, words.echo, words.posterior];
}
