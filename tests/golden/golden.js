/** The golden answers and the comparison with them. The format is described in update.js. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { ROOT } from '../node/support/project.js';

/** @typedef {ReturnType<typeof import('./arithmetic.js').answer> & { outlier_score: number }} Answer */
/** @typedef {Omit<Answer, 'mask'> & { mask?: Uint8Array | undefined }} GivenAnswer */

/**
 * @typedef {object} Golden
 * @property {string} weights_sha256
 * @property {import('./arithmetic.js').Settings} settings
 * @property {{ probability: number, pixels: number, mask_share: number }} tolerances
 * @property {Record<string, Answer>} answers by image file, relative to the repository
 */

export const ANSWERS = path.join(ROOT, 'tests/golden/answers.json');

/** @returns {Golden} */
export function readGolden() {
    return JSON.parse(readFileSync(ANSWERS, 'utf8'));
}

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
 * @returns {string[]} every difference beyond the tolerances; none: the answer is right
 */
export function differences(golden, file, given) {
    const expected = golden.answers[file];
    if (!expected) return [`${file}: not among the golden answers`];
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
    compare('expected_dice', given.expected_dice, expected.expected_dice, probability);
    compare('outlier_score', given.outlier_score, expected.outlier_score, probability);
    compare('number of lesions', given.lesions.length, expected.lesions.length, 0);
    const area = Math.ceil(share * expected.width * expected.height);
    for (const [index, lesion] of expected.lesions.entries()) {
        const other = given.lesions[index];
        const name = `lesion ${index + 1}`;
        compare(`${name} area_px`, other?.area_px, lesion.area_px, area);
        for (const part of [0, 1, 2, 3]) compare(`${name} bbox[${part}]`, other?.bbox[part], lesion.bbox[part], pixels);
        for (const part of [0, 1])
            compare(`${name} centroid[${part}]`, other?.centroid[part], lesion.centroid[part], pixels);
        compare(`${name} long_axis_px`, other?.long_axis_px, lesion.long_axis_px, pixels);
        compare(`${name} short_axis_px`, other?.short_axis_px, lesion.short_axis_px, pixels);
        compare(`${name} mean_probability`, other?.mean_probability, lesion.mean_probability, probability);
        compare(`${name} expected_dice`, other?.expected_dice, lesion.expected_dice, probability);
    }
    if (given.mask) compare('number of differing mask pixels', differingPixels(given.mask, expected.mask), 0, area);
    return found;
}
