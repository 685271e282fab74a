/** TIFF: grey, RGB and palette images of up to 16 bits, uncompressed, LZW or deflate. */
import { FileError } from './error.js';

/**
 * @typedef {object} TiffFile
 * @property {number} frameCount pages
 * @property {(page: number) => Promise<import('./decode.js').RawFrame>} frame
 */

/**
 * What is used of the package "tiff".
 * @typedef {object} Page
 * @property {number} width
 * @property {number} height
 * @property {number} type photometric interpretation
 * @property {number} samplesPerPixel
 * @property {number | number[]} bitsPerSample
 * @property {boolean} alpha
 * @property {[number, number, number][]} [palette] of 16 bits
 * @property {number} compression
 * @property {ArrayLike<number> & { BYTES_PER_ELEMENT: number }} data inverted where white is zero
 */

const PALETTE = 3;
const MOST_PAGES = 10_000;
const MOST_PIXELS = 64e6;
const TAG_WIDTH = 256;
const TAG_HEIGHT = 257;

/**
 * @param {Uint8Array} head of a file
 * @returns {boolean}
 */
export function isTiff([first, second, third, fourth]) {
    return (first === 0x49 && second === 0x49 && third === 42 && fourth === 0) || (first === 0x4d && second === 0x4d && third === 0 && fourth === 42);
}

/**
 * The sizes of the pages, so that nothing is allocated for one that is too large, and a file whose pages go in a circle ends.
 * @param {Uint8Array} bytes
 * @returns {number} the number of pages
 */
function countPages(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const little = bytes[0] === 0x49;
    const seen = new Set();
    try {
        for (let at = view.getUint32(4, little); at !== 0; ) {
            if (seen.has(at) || seen.size >= MOST_PAGES) throw new FileError('tiff', 'its pages have no end');
            seen.add(at);
            const entries = view.getUint16(at, little);
            let pixels = 1;
            for (let entry = 0; entry < entries; entry++) {
                const from = at + 2 + 12 * entry;
                const tag = view.getUint16(from, little);
                const wide = view.getUint16(from + 2, little) === 4;
                if (tag === TAG_WIDTH || tag === TAG_HEIGHT) pixels *= wide ? view.getUint32(from + 8, little) : view.getUint16(from + 8, little);
            }
            if (pixels > MOST_PIXELS) throw new FileError('too-large', `${pixels} pixels`);
            at = view.getUint32(at + 2 + 12 * entries, little);
        }
    } catch (error) {
        throw error instanceof RangeError ? new FileError('tiff', 'it ends too early') : error;
    }
    return seen.size;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<TiffFile>}
 * @throws {FileError}
 */
export async function readTiff(bytes) {
    const frameCount = countPages(bytes);
    if (frameCount === 0) throw new FileError('tiff', 'it has no page');
    const library = await import('../vendor/tiff.js').catch(error => {
        throw new FileError('library', String(error));
    });
    return {
        frameCount,
        async frame(page) {
            /** @type {Page} */
            let found;
            try {
                found = /** @type {Page[]} */ (/** @type {unknown} */ (library.decode(bytes, { pages: [page] })))[0] ?? raise('it has no such page');
            } catch (error) {
                throw new FileError('tiff', error instanceof Error ? error.message : String(error));
            }
            return toFrame(found);
        },
    };
}

/**
 * @param {string} detail
 * @returns {never}
 */
function raise(detail) {
    throw new FileError('tiff', detail);
}

/**
 * @param {Page} page
 * @returns {import('./decode.js').RawFrame} grey, RGB or RGBA
 */
function toFrame({ width, height, type, samplesPerPixel, bitsPerSample, data, palette }) {
    const count = width * height;
    if (data.length !== count * samplesPerPixel || (type === PALETTE && !palette)) throw new FileError('tiff', 'its data do not fit its size');
    const bits = Array.isArray(bitsPerSample) ? (bitsPerSample[0] ?? 8) : bitsPerSample;
    if (type === PALETTE && palette) {
        const output = new Uint8Array(3 * count);
        for (let index = 0; index < count; index++) {
            const colour = palette[/** @type {number} */ (data[index])] ?? [0, 0, 0];
            for (let channel = 0; channel < 3; channel++) output[3 * index + channel] = (colour[channel] ?? 0) >> 8;
        }
        return { data: output, width, height };
    }
    if (samplesPerPixel === 2 || samplesPerPixel > 4 || data.BYTES_PER_ELEMENT > 2) throw new FileError('tiff', `${samplesPerPixel} × ${bits} bits`);
    const shift = data.BYTES_PER_ELEMENT === 2 ? 8 : 0;
    const output = new Uint8Array(data.length);
    for (let index = 0; index < output.length; index++) output[index] = /** @type {number} */ (data[index]) >> shift;
    return { data: output, width, height };
}
