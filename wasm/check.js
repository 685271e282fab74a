/** Checks of parameters: wrong ones throw a SonomaskError with the code `argument`. */
import { SonomaskError, messageOf } from './error.js';

/**
 * @typedef {import('./sonomask.js').EncodedImage} EncodedImage
 * @typedef {import('./sonomask.js').RawImage} RawImage
 */

/**
 * @template {object} T
 * @param {T} options
 * @returns {T} the same, when it is an object and its signal, if any, an AbortSignal
 */
export function checkedOptions(options) {
    if (typeof options !== 'object' || options === null)
        throw new SonomaskError('argument', 'the options must be an object');
    const { signal } = /** @type {{ signal?: AbortSignal | null }} */ (options);
    if (signal !== undefined && signal !== null && typeof signal.addEventListener !== 'function')
        throw new SonomaskError('argument', 'signal must be an AbortSignal');
    return options;
}

/**
 * A share or threshold from the caller, or `fallback` when it is not given.
 * @param {number | undefined} value
 * @param {number} fallback
 * @param {string} name
 * @returns {number}
 */
export function share(value, fallback, name) {
    if (value === undefined) return fallback;
    if (typeof value !== 'number' || !(value >= 0 && value <= 1))
        throw new SonomaskError('argument', `${name} must be a number from 0 to 1`);
    return value;
}

const MOST_REGIONS = 16;

/**
 * The regions from the options, copied, so that a later change of the caller's has no effect.
 * @param {import('./sonomask.js').RefineOptions['regions']} regions
 * @returns {'auto' | 'whole' | import('./sonomask.js').Rectangle[]}
 */
export function checkedRegions(regions = 'auto') {
    if (regions === 'auto' || regions === 'whole') return regions;
    if (!Array.isArray(regions) || regions.length === 0 || regions.length > MOST_REGIONS)
        throw new SonomaskError('argument',
            `regions must be "auto", "whole" or an array of 1 to ${MOST_REGIONS} rectangles { x, y, width, height }`);
    return regions.map((region, index) => {
        const { x, y, width, height } = /** @type {import('./sonomask.js').Rectangle} */ (Object(region));
        for (const value of [x, y, width, height])
            if (!Number.isInteger(value) || Math.abs(value) > 0x7fffffff)
                throw new SonomaskError('argument',
                    `region ${index + 1}: x, y, width and height must be whole numbers of pixels`);
        return { x, y, width, height };
    });
}

/**
 * @param {import('./sonomask.js').RefineOptions['regions']} given
 * @returns {import('./core.js').Regions}
 */
export function regionSettings(given) {
    const regions = checkedRegions(given);
    if (typeof regions === 'string') return regions;
    return Int32Array.from(regions.flatMap(({ x, y, width, height }) => [x, y, width, height]));
}

const OPERATING_POINTS = [0.8, 0.9, 0.95];

/**
 * How the answer is made, from the options of `segment` or `refine`.
 * @param {import('./sonomask.js').RefineOptions} options
 * @returns {import('./core.js').AnswerSettings}
 */
export function answerSettings({ threshold, minimumArea, operatingPoint, regions, map = true }) {
    if (operatingPoint !== undefined && !OPERATING_POINTS.includes(operatingPoint))
        throw new SonomaskError('argument', `operatingPoint must be one of ${OPERATING_POINTS.join(', ')}`);
    return {
        threshold: share(threshold, -1, 'threshold'),
        minimumArea: share(minimumArea, -1, 'minimumArea'),
        operatingPoint: operatingPoint ?? 0,
        regions: regionSettings(regions),
        map,
    };
}

/**
 * @param {unknown} value
 * @returns {value is Uint8Array | Uint8ClampedArray}
 */
export function isBytes(value) {
    return value instanceof Uint8Array || value instanceof Uint8ClampedArray;
}

/**
 * Checks that `data` has a whole number of values for each of width x height pixels.
 * @param {{ length: number }} data
 * @param {number} width
 * @param {number} height
 * @param {number[]} allowed values per pixel
 * @returns {number} values per pixel
 */
export function valuesPerPixel(data, width, height, allowed) {
    if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1)
        throw new SonomaskError('argument', 'width and height must be whole numbers of at least 1');
    const values = data.length / (width * height);
    if (!allowed.includes(values))
        throw new SonomaskError('argument',
            `${data.length} values are not ${width} x ${height} pixels of ${allowed.join(' or ')}`);
    return values;
}

/**
 * @param {Uint8Array | ArrayBuffer} bytes
 * @returns {Uint8Array} the same memory; detached memory is refused
 */
export function viewOf(bytes) {
    try {
        // The only test for detached memory that every engine has.
        const whole = new Uint8Array(bytes instanceof ArrayBuffer ? bytes : bytes.buffer);
        return bytes instanceof ArrayBuffer ? whole : bytes;
    } catch (error) {
        throw new SonomaskError('argument', 'the bytes were transferred elsewhere: their buffer is detached', { cause: error });
    }
}

/**
 * @param {EncodedImage} input
 * @returns {Promise<Uint8Array>}
 */
export async function bytesOf(input) {
    if (input instanceof Uint8Array || input instanceof ArrayBuffer) return viewOf(input);
    if (typeof Blob === 'function' && input instanceof Blob) {
        try {
            return new Uint8Array(await input.arrayBuffer());
        } catch (error) {
            throw new SonomaskError('image-format', `the file cannot be read: ${messageOf(error)}`, { cause: error });
        }
    }
    throw new SonomaskError('argument',
        'expected an ArrayBuffer, a Uint8Array, a Blob, or { data, width, height }');
}

/**
 * @param {unknown} input
 * @returns {input is RawImage}
 */
export function isRawImage(input) {
    return typeof input === 'object' && input !== null && 'data' in input && 'width' in input && 'height' in input;
}
