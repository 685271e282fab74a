/** Palettes, plain and segmented (PS3.3, C.7.9). */
import { damaged } from './error.js';

/** @typedef {import('./header.js').Header} Header */

const COLOURS = ['1', '2', '3'];

/** @param {number} value half a number goes to the even one, as in the tools of others */
function rounded(value) {
    const up = Math.round(value);
    return up - value === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

/**
 * @param {number[]} data of a segmented table
 * @param {number} size entries of the whole table
 * @param {boolean} wide entries of 16 bits
 * @returns {number[]}
 */
function unsegmented(data, size, wide) {
    /** @type {number[]} */
    const output = [];
    const expand = (/** @type {number} */ from, /** @type {number} */ segments, /** @type {boolean} */ nested) => {
        let at = from;
        for (let done = 0; done < segments && at < data.length && output.length < size; done++) {
            const kind = data[at] ?? 0;
            const length = data[at + 1] ?? 0;
            if (kind === 0) {
                output.push(...data.slice(at + 2, at + 2 + length));
                at += 2 + length;
            } else if (kind === 1) {
                const start = output.at(-1);
                const end = data[at + 2];
                if (start === undefined || end === undefined || length === 0) throw damaged('palette');
                for (let step = 1; step <= length; step++) output.push(rounded(start + ((end - start) * step) / length));
                at += 3;
            } else if (kind === 2 && !nested) {
                // The offset has 32 bits, the lower ones first.
                const [first = 0, second = 0, third = 0, fourth = 0] = data.slice(at + 2, at + 6);
                expand(wide ? first + second * 65536 : first + second * 256 + third * 65536 + fourth * 2 ** 24, length, true);
                at += wide ? 4 : 6;
            } else {
                throw damaged('palette');
            }
        }
    };
    expand(0, Infinity, false);
    if (output.length < size) throw damaged('palette');
    return output.slice(0, size);
}

/**
 * @param {Header} header
 * @param {string} colour 1, 2 or 3
 * @returns {{ first: number, wide: boolean, values: number[] }} `wide`: entries of 16 bits
 */
function tableOf(header, colour) {
    const descriptor = `x0028110${colour}`;
    const size = header.number(descriptor, 0) || 65536;
    const bits = header.number(descriptor, 2) ?? 16;
    const first = header.number(descriptor, 1) ?? 0;
    const plain = `x0028120${colour}`;
    const segmented = `x0028122${colour}`;
    if (header.has(segmented)) {
        const wide = bits > 8;
        return { first, wide, values: unsegmented(wide ? header.words(segmented) : bytesOf(header, segmented, 0), size, wide) };
    }
    if (!header.has(plain)) throw damaged('palette');
    // Tables of 8 bits may be written as words, and then have two bytes per entry.
    const values = bits > 8 ? header.words(plain) : bytesOf(header, plain, size);
    if (values.length < size) throw damaged('palette');
    return { first, wide: bits > 8, values };
}

/**
 * @param {Header} header
 * @param {string} tag
 * @param {number} size entries, 0: unknown
 * @returns {number[]}
 */
function bytesOf(header, tag, size) {
    const bytes = header.bytes(tag);
    if (size > 0 && bytes.length >= 2 * size) return header.words(tag).map(word => word & 0xff);
    return [...header.ordered(tag)];
}

/**
 * The colours of a file's pixels.
 * @param {Header} header
 * @param {{ bits: number, signed: boolean }} stored
 * @returns {(samples: Uint8Array | Uint16Array) => Uint8Array} RGB; values outside the palette take its first or last colour
 */
export function paletteOf(header, { bits, signed }) {
    const tables = COLOURS.map(colour => tableOf(header, colour));
    // Some encoders put 8 bits into entries that are said to have 16.
    const isHigh = tables.some(({ wide, values }) => wide && values.some(value => value > 255));
    const colours = new Uint8Array(3 * 2 ** bits);
    for (const [channel, { first: start, values }] of tables.entries()) {
        const first = signed ? (start << 16) >> 16 : start;
        for (let stored = 0; stored < 2 ** bits; stored++) {
            const value = signed && stored >= 2 ** (bits - 1) ? stored - 2 ** bits : stored;
            const entry = values[Math.min(values.length - 1, Math.max(0, value - first))] ?? 0;
            colours[3 * stored + channel] = isHigh ? entry >> 8 : entry;
        }
    }
    const mask = 2 ** bits - 1;
    return samples => {
        const output = new Uint8Array(3 * samples.length);
        for (let index = 0; index < samples.length; index++) {
            const from = 3 * (/** @type {number} */ (samples[index]) & mask);
            output[3 * index] = /** @type {number} */ (colours[from]);
            output[3 * index + 1] = /** @type {number} */ (colours[from + 1]);
            output[3 * index + 2] = /** @type {number} */ (colours[from + 2]);
        }
        return output;
    };
}
