/** The golden answers and the comparison with them. The format is described in update.js. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { jsonLine } from '../../wasm/cli-json.js';
import { ROOT } from '../node/support/project.js';

/** Descriptors of outlines, as a JSON line of `sonomask predict` has them. @typedef {Record<string, any>[]} Described */
/** @typedef {ReturnType<typeof import('./arithmetic.js').answer>} Computed */
/** @typedef {Computed & { outlier_score: number, descriptors: Described, possible_descriptors: Described }} Answer */
/** @typedef {Omit<Answer, 'mask'> & { mask?: Uint8Array | undefined }} GivenAnswer */

/** @typedef {Answer & { clicks: import('../../wasm/sonomask.js').Click[] }} Correction */

/**
 * @typedef {object} Golden
 * @property {string} weights_sha256
 * @property {import('./arithmetic.js').Settings} settings
 * @property {{ probability: number, pixels: number, mask_share: number }} tolerances
 * @property {Record<string, Answer>} answers by image file, relative to the repository
 * @property {Record<string, Correction>} corrections the answers after clicks
 */

export const ANSWERS = path.join(ROOT, 'tests/golden/answers.json');

/** @returns {Golden} */
export function readGolden() {
    return JSON.parse(readFileSync(ANSWERS, 'utf8'));
}

/** @param {import('../../wasm/sonomask.js').Lesion} lesion */
const asLesion = (lesion) => ({
    area_px: lesion.area,
    bbox: [lesion.bbox.x, lesion.bbox.y, lesion.bbox.width, lesion.bbox.height],
    centroid: [lesion.centroid.x, lesion.centroid.y],
    long_axis_px: lesion.longAxis,
    short_axis_px: lesion.shortAxis,
    mean_probability: lesion.meanProbability,
    expected_dice: lesion.expectedDice,
    presence: lesion.presence,
    margin_px: lesion.margin,
});

/** Of the numbers of descriptors, absolute below 1 and relative above; outlines may differ by a few pixels. */
const DESCRIPTOR_TOLERANCE = 0.02;

/**
 * @param {{ lesions: any[], possible_lesions: any[] }} line a JSON line of `sonomask predict`
 * @returns {{ descriptors: Described, possible_descriptors: Described }}
 */
export const described = ({ lesions, possible_lesions: possible }) => ({
    descriptors: lesions.map(({ descriptors }) => descriptors),
    possible_descriptors: possible.map(({ descriptors }) => descriptors),
});

/**
 * An answer of the JavaScript package, with the names of a JSON line of `sonomask predict`.
 * @param {import('../../wasm/sonomask.js').Segmentation} result
 */
export const asAnswer = (result) => ({
    ...described(JSON.parse(jsonLine('', { ...result, milliseconds: 0 }))),
    width: result.width,
    height: result.height,
    type: result.type,
    probabilities: result.probabilities,
    presence: result.presence,
    expected_dice: result.expectedDice,
    outlier_score: result.outlierScore,
    mask: result.mask,
    lesions: result.lesions.map(asLesion),
    possible_lesions: result.possible.map(asLesion),
});

/**
 * @param {Uint8Array} mask
 * @param {number[]} expected runs of mask pixels
 * @returns {number} how many pixels differ
 */
function differingPixels(mask, expected) {
    const other = new Uint8Array(mask.length);
    for (let run = 0; run < expected.length; run += 2)
        other.fill(255, expected[run], (expected[run] ?? 0) + (expected[run + 1] ?? 0));
    return mask.reduce((count, value, at) => (value === other[at] ? count : count + 1), 0);
}

/**
 * @param {Golden} golden
 * @param {string} file one of its images
 * @param {GivenAnswer} given the fields of a JSON line of `sonomask predict`, and the mask if it is there
 * @param {'answers' | 'corrections'} [part]
 * @returns {string[]} every difference beyond the tolerances; none: the answer is right
 */
export function differences(golden, file, given, part = 'answers') {
    const expected = golden[part][file];
    if (!expected) return [`${file}: not among the golden ${part}`];
    /** @type {string[]} */
    const found = [];
    /** @param {string} what @param {unknown} value @param {unknown} wanted @param {number} tolerance */
    const compare = (what, value, wanted, tolerance) => {
        if (typeof wanted === 'number' ? !(Math.abs(Number(value) - wanted) <= tolerance) : value !== wanted)
            found.push(`${file}: ${what} is ${value} instead of ${wanted}`);
    };
    const { probability, pixels, mask_share: share } = golden.tolerances;
    compare('width', given.width, expected.width, 0);
    compare('height', given.height, expected.height, 0);
    compare('type', given.type, expected.type, 0);
    for (const [name, value] of Object.entries(expected.probabilities))
        compare(`probability of ${name}`, given.probabilities[name], value, probability);
    compare('presence', given.presence, expected.presence, probability);
    compare('expected_dice', given.expected_dice, expected.expected_dice, probability);
    compare('outlier_score', given.outlier_score, expected.outlier_score, probability);
    const area = Math.ceil(share * expected.width * expected.height);
    for (const list of /** @type {const} */ (['lesions', 'possible_lesions'])) {
        compare(`number of ${list}`, given[list].length, expected[list].length, 0);
        for (const [index, lesion] of expected[list].entries()) {
            const other = given[list][index];
            const name = `${list}[${index}]`;
            compare(`${name} area_px`, other?.area_px, lesion.area_px, area);
            for (const side of [0, 1, 2, 3])
                compare(`${name} bbox[${side}]`, other?.bbox[side], lesion.bbox[side], pixels);
            for (const axis of [0, 1])
                compare(`${name} centroid[${axis}]`, other?.centroid[axis], lesion.centroid[axis], pixels);
            for (const key of /** @type {const} */ (['long_axis_px', 'short_axis_px', 'margin_px']))
                compare(`${name} ${key}`, other?.[key], lesion[key], pixels);
            for (const key of /** @type {const} */ (['mean_probability', 'expected_dice', 'presence']))
                compare(`${name} ${key}`, other?.[key], lesion[key], probability);
        }
    }
    for (const list of /** @type {const} */ (['descriptors', 'possible_descriptors']))
        for (const [index, record] of expected[list].entries())
            for (const [key, value] of Object.entries(record)) {
                const wanted = typeof value === 'object' ? String(value) : value;
                const other = given[list][index]?.[key];
                compare(`${list}[${index}] ${key}`, typeof other === 'object' ? String(other) : other, wanted,
                    DESCRIPTOR_TOLERANCE * Math.max(1, Number(value) || 0));
            }
    if (given.mask) compare('number of differing mask pixels', differingPixels(given.mask, expected.mask), 0, area);
    return found;
}
