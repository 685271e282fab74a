/** Grey values of DICOM as 8 bits: the modality's units, then the window or table of the file (PS3.3, C.11). */
import { damaged } from './error.js';

/**
 * @typedef {import('./header.js').Header} Header
 * @typedef {Uint8Array | Uint16Array} Samples
 */

/**
 * @typedef {object} Stored
 * @property {number} bits
 * @property {boolean} signed
 * @property {boolean} inverted the lowest value is white
 */

/**
 * A table of the file: the first value that it maps, and its entries.
 * @param {Header} holder
 * @returns {{ map: (value: number) => number, most: number }}
 */
function tableOf(holder) {
    const size = holder.number('x00283002', 0) || 65536;
    const first = holder.signedNumber('x00283002', 1);
    const bits = holder.number('x00283002', 2) ?? 16;
    const words = bits <= 8 && holder.bytes('x00283006').length < 2 * size ? [...holder.bytes('x00283006')] : holder.words('x00283006');
    if (words.length < size || bits < 1 || bits > 16) throw damaged('table of grey values');
    return { map: value => words[Math.min(size - 1, Math.max(0, Math.round(value) - first))] ?? 0, most: 2 ** bits - 1 };
}

/**
 * @param {Header} header
 * @returns {(stored: number) => number} in the modality's units
 */
function modalityOf(header) {
    const table = header.item('x00283000');
    if (table) return tableOf(table).map;
    const slope = header.decimal('x00281053') || 1;
    const intercept = header.decimal('x00281052') ?? 0;
    return stored => stored * slope + intercept;
}

/**
 * @param {Header} header
 * @returns {((value: number) => number) | null} 0..255; null: the file has neither a table nor a window
 */
function windowOf(header) {
    const item = header.item('x00283010');
    if (item) {
        const { map, most } = tableOf(item);
        return value => (map(value) * 255) / most;
    }
    const centre = header.decimal('x00281050');
    const width = header.decimal('x00281051');
    if (centre === undefined || width === undefined || !(width > 0)) return null;
    const kind = header.text('x00281056');
    if (kind === 'SIGMOID') return value => 255 / (1 + Math.exp((-4 * (value - centre)) / width));
    if (kind === 'LINEAR_EXACT') return value => 255 * ((value - centre) / width + 0.5);
    if (width < 1) return null;
    if (width === 1) return value => (value <= centre - 0.5 ? 0 : 255);
    return value => 255 * ((value - (centre - 0.5)) / (width - 1) + 0.5);
}

/**
 * The grey values of a file's pixels: by its window or table. Without one, those of up to 8 bits as they are, others from
 * the lowest to the highest value of the frame.
 * @param {Header} header
 * @param {Stored} stored
 * @returns {(samples: Samples) => Uint8ClampedArray}
 */
export function greyOf(header, { bits, signed, inverted }) {
    const count = 2 ** bits;
    const mask = count - 1;
    const half = count / 2;
    const modality = modalityOf(header);
    const window = windowOf(header);
    const valueOf = (/** @type {number} */ stored) => modality(signed && stored >= half ? stored - count : stored);
    /** @param {(value: number) => number} shade 0..255 */
    const tableFor = shade => {
        const table = new Uint8ClampedArray(count);
        for (let stored = 0; stored < count; stored++) {
            const grey = shade(valueOf(stored));
            table[stored] = inverted ? 255 - grey : grey;
        }
        return table;
    };
    const between = (/** @type {number} */ low, /** @type {number} */ high) =>
        tableFor(value => ((value - low) * 255) / Math.max(high - low, Number.MIN_VALUE));
    const range = (/** @type {number[]} */ ends) => between(Math.min(...ends), Math.max(...ends));
    /** @type {Uint8ClampedArray | null} */
    let fixed = null;
    if (window) fixed = tableFor(window);
    else if (bits <= 8) fixed = range(signed ? [valueOf(half), valueOf(half - 1)] : [valueOf(0), valueOf(mask)]);
    return samples => {
        const table = fixed ?? range(endsOf(samples, mask, signed ? half : 0).map(valueOf));
        const output = new Uint8ClampedArray(samples.length);
        for (let index = 0; index < samples.length; index++)
            output[index] = /** @type {number} */ (table[/** @type {number} */ (samples[index]) & mask]);
        return output;
    };
}

/**
 * @param {Samples} samples
 * @param {number} mask of the stored bits
 * @param {number} sign the sign bit; 0: none
 * @returns {number[]} the lowest and the highest value, as stored
 */
function endsOf(samples, mask, sign) {
    let low = Infinity;
    let high = -Infinity;
    for (let index = 0; index < samples.length; index++) {
        // With the sign bit turned, the order is that of the values.
        const value = (/** @type {number} */ (samples[index]) & mask) ^ sign;
        if (value < low) low = value;
        if (value > high) high = value;
    }
    return [low ^ sign, high ^ sign];
}
