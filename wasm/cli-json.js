/** One line of JSON per image, equal to the native command's byte for byte (native/json.c, predict_json.c), except times. */
import { descriptorsRecord } from './descriptors-record.js';

/**
 * @typedef {import('./sonomask.js').Lesion} Lesion
 * @typedef {import('./sonomask.js').Segmentation} Segmentation
 */

/** Significant digits. */
const DIGITS = 6;

/**
 * The digits and the exponent of a positive number, rounded as printf rounds: a number in the middle goes to the even digit.
 * @param {number} value
 * @returns {{ digits: string, exponent: number }}
 */
function roundedDigits(value) {
    // 100 digits: exact where a tie is possible, because such a number has few digits.
    const [exact = ''] = value.toExponential(100).split('e');
    const all = exact.replace('.', '');
    const isTie = /^50*$/.test(all.slice(DIGITS));
    if (isTie && Number(all[DIGITS - 1]) % 2 === 0)
        return { digits: all.slice(0, DIGITS), exponent: Number(value.toExponential(100).split('e')[1]) };
    const [mantissa = '', exponent] = value.toExponential(DIGITS - 1).split('e');
    return { digits: mantissa.replace('.', ''), exponent: Number(exponent) };
}

/**
 * @param {number} value
 * @returns {string} as printf("%.6g") writes it; "null" when it is not finite
 */
export function numberText(value) {
    if (!Number.isFinite(value)) return 'null';
    const sign = value < 0 || Object.is(value, -0) ? '-' : '';
    if (value === 0) return `${sign}0`;
    const { digits: padded, exponent } = roundedDigits(Math.abs(value));
    const digits = padded.replace(/0+$/, '');
    const point = (/** @type {string} */ whole, /** @type {string} */ rest) => sign + whole + (rest ? `.${rest}` : '');
    if (exponent < -4 || exponent >= DIGITS) {
        const power = String(Math.abs(exponent)).padStart(2, '0');
        return `${point(digits.slice(0, 1), digits.slice(1))}e${exponent < 0 ? '-' : '+'}${power}`;
    }
    if (exponent < 0) return point('0', '0'.repeat(-exponent - 1) + digits);
    return point(digits.slice(0, exponent + 1).padEnd(exponent + 1, '0'), digits.slice(exponent + 1));
}

/** @param {string} value */
function stringText(value) {
    return `"${value.replace(/["\\\p{Cc}]/gu, (letter) => {
        if (letter === '"' || letter === '\\') return `\\${letter}`;
        if (letter === '\n') return '\\n';
        if (letter === '\t') return '\\t';
        const code = letter.charCodeAt(0);
        return code > 0x7f ? letter : `\\u${code.toString(16).padStart(4, '0')}`;
    })}"`;
}

/** A whole number, which is never written with an exponent. */
class Integer {
    /** @param {number} value */
    constructor(value) {
        this.text = String(value);
    }
}

/**
 * @param {unknown} value
 * @returns {string}
 */
function textOf(value) {
    if (value instanceof Integer) return value.text;
    if (typeof value === 'number') return numberText(value);
    if (typeof value === 'string') return stringText(value);
    if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
    if (typeof value === 'object' && value !== null)
        return `{${Object.entries(value).map(([key, member]) => `${stringText(key)}:${textOf(member)}`).join(',')}}`;
    return String(value);
}

/**
 * @param {Lesion} lesion
 * @param {boolean} hasDecision
 * @param {number | null} millimetres side of a pixel, where the file has it
 */
function lesionRecord(lesion, hasDecision, millimetres) {
    const { x, y, width, height } = lesion.bbox;
    return {
        area_px: new Integer(lesion.area),
        bbox: [x, y, width, height].map((side) => new Integer(side)),
        centroid: [lesion.centroid.x, lesion.centroid.y],
        long_axis_px: lesion.longAxis,
        short_axis_px: lesion.shortAxis,
        mean_probability: lesion.meanProbability,
        expected_dice: lesion.expectedDice,
        presence: lesion.presence,
        // 0: presence was fitted without a margin. null promises nothing.
        margin_px: hasDecision && lesion.margin > 0 ? lesion.margin : null,
        region: new Integer(lesion.region),
        descriptors: lesion.descriptors && descriptorsRecord(lesion.descriptors, millimetres, value => value, value => new Integer(value)),
        ...(millimetres !== null && {
            millimetres_per_pixel: millimetres,
            area_mm2: lesion.area * millimetres ** 2,
            long_axis_mm: lesion.longAxis * millimetres,
            short_axis_mm: lesion.shortAxis * millimetres,
        }),
    };
}

/** @param {import('./sonomask.js').Region} region */
function regionRecord(region) {
    const { x, y, width, height, probabilities: { normal, benign, malignant } } = region;
    return {
        bbox: [x, y, width, height].map((side) => new Integer(side)),
        type: region.type,
        probabilities: { normal, benign, malignant },
        presence: region.presence,
        outlier_score: region.outlierScore,
        looks_like_ultrasound: region.looksLikeUltrasound,
    };
}

/**
 * What only some formats have.
 * @typedef {object} Source
 * @property {number} frame from 1 on
 * @property {number} frames
 * @property {(box: Lesion['bbox']) => number | null} scaleOf side of the pixels in a box, in millimetres
 */

/** @type {Source} */
const PLAIN = { frame: 1, frames: 1, scaleOf: () => null };

/**
 * @param {string} file
 * @param {Segmentation} result
 * @param {Source} [source]
 * @returns {string} one line, without its end
 */
export function jsonLine(file, result, { frame, frames, scaleOf } = PLAIN) {
    const { operatingPoint: point } = result;
    const { normal, benign, malignant } = result.probabilities;
    const recordOf = (/** @type {Lesion} */ lesion) => lesionRecord(lesion, point !== null, scaleOf(lesion.bbox));
    return textOf({
        file,
        ...(frames > 1 && { frame: new Integer(frame), frames: new Integer(frames) }),
        width: new Integer(result.width),
        height: new Integer(result.height),
        type: result.type,
        probabilities: { normal, benign, malignant },
        presence: result.presence,
        operating_point: point && { kept: point.kept, presence: point.presence, missed_bound: point.missedBound },
        lesions: result.lesions.map(recordOf),
        possible_lesions: result.possible.map(recordOf),
        expected_dice: result.expectedDice,
        outlier_score: result.outlierScore,
        looks_like_ultrasound: result.looksLikeUltrasound,
        refined: result.refined,
        regions: result.regions.map(regionRecord),
        warnings: result.warnings,
        overlay_share: result.overlayShare,
        milliseconds: result.milliseconds,
    });
}
