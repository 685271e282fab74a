/** The frames of a DICOM Segmentation object, also of other programs: which image, which segment, and which pixels. */
import { decodeFrame } from './decode.js';
import { damaged, FileError } from './error.js';
import { compressedFrames, plainFrames } from './fragments.js';
import { BIG_ENDIAN, codingOf, DEFLATED_FRAMES, nameOf } from './syntaxes.js';

/**
 * @typedef {import('dicom-parser').DataSet} DataSet
 * @typedef {import('./decode.js').Samples} Samples
 * @typedef {import('./header.js').Header} Header
 * @typedef {import('./read.js').Libraries} Libraries
 */

/**
 * How the values of its pixels are to be taken: a bit per pixel, shares of a maximum, or numbers of segments.
 * @typedef {'BINARY' | 'FRACTIONAL' | 'LABELMAP'} Kind
 */

/**
 * @typedef {object} Layout
 * @property {Kind} kind
 * @property {number} width
 * @property {number} height
 * @property {number} count of the frames of the object
 * @property {number} bits per pixel
 */

/** Of all frames together. */
const MOST_PIXELS = 512e6;

/** @type {Record<Kind, number[]>} bits per pixel (PS3.3, C.8.20.2) */
const BITS = { BINARY: [1], FRACTIONAL: [8], LABELMAP: [8, 16] };

/**
 * @param {Header} header
 * @returns {Layout}
 * @throws {FileError}
 */
export function layoutOf(header) {
    const [width, height] = [header.number('x00280011') ?? 0, header.number('x00280010') ?? 0];
    const count = Number(header.text('x00280008') ?? 1);
    const bits = header.number('x00280100') ?? 0;
    const kind = /** @type {Kind} */ (header.text('x00620001') ?? '');
    if (width * height === 0 || !(count >= 1) || !Number.isInteger(count)) throw damaged(`${width} × ${height} pixels, ${count} frames`);
    if (width * height * count > MOST_PIXELS) throw new FileError('too-large', `${width} × ${height} pixels, ${count} frames`);
    if (!BITS[kind]?.includes(bits)) throw new FileError('kind', `${kind}, ${bits} bits`);
    return { kind, width, height, count, bits };
}

/**
 * @param {Uint8Array} bytes
 * @param {number} start bit of the first pixel
 * @param {number} size
 * @returns {Uint8Array} 0 or 1
 */
function unpacked(bytes, start, size) {
    const output = new Uint8Array(size);
    for (let at = 0, bit = start; at < size; at++, bit++) output[at] = ((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1;
    return output;
}

/**
 * @param {Uint8Array} bytes raw deflate, perhaps with a byte after it that makes the length even
 * @param {number} most bytes of the result
 * @param {Libraries} libraries
 * @returns {Promise<Uint8Array>}
 */
async function inflated(bytes, most, { inflate }) {
    try {
        // Some decoders refuse the last byte.
        return await inflate(bytes, most).catch(() => inflate(bytes.subarray(0, -1), most));
    } catch {
        throw damaged('its deflated data cannot be read');
    }
}

/**
 * @param {Header} header
 * @param {DataSet} set
 * @param {string} syntax
 * @param {Layout} layout
 * @param {Libraries} libraries
 * @returns {Promise<(index: number) => Samples>} the values of the pixels of a frame; for bits 0 or 1
 * @throws {FileError}
 */
export async function framesOf(header, set, syntax, { width, height, count, bits }, libraries) {
    const element = set.elements['x7fe00010'];
    if (!element) throw new FileError('no-pixels');
    const size = width * height;
    const bytesPerSample = bits > 8 ? 2 : 1;
    const coding = codingOf(syntax);
    const format = {
        coding, bigEndian: syntax === BIG_ENDIAN, width, height, samples: 1, bytesPerSample, bits, shift: 0, signed: false,
        planar: false, colour: 'MONOCHROME2',
    };
    const frameBytes = bits === 1 ? Math.ceil(size / 8) : size * bytesPerSample;
    /** @param {Uint8Array} bytes */
    const plain = bytes => {
        if (bytes.length < frameBytes) throw damaged(`${bytes.length} bytes of pixels`);
        return bits === 1 ? unpacked(bytes, 0, size) : samplesOf(bytes, { ...format, coding: /** @type {const} */ ('raw') }, null);
    };
    if (syntax === DEFLATED_FRAMES) {
        const bytesOf = compressedFrames(set, element, count);
        const frames = await Promise.all(Array.from({ length: count }, (_, index) => inflated(bytesOf(index), frameBytes, libraries)));
        return index => plain(/** @type {Uint8Array} */ (frames[index]));
    }
    if (coding === null || coding === 'video') throw new FileError('syntax', nameOf(syntax));
    if (coding === 'raw' && bits === 1 && !element.encapsulatedPixelData) {
        // Frames follow each other without a gap, also within a byte.
        const pixels = header.ordered('x7fe00010');
        if (pixels.length < Math.ceil((size * count) / 8)) throw damaged(`${pixels.length} bytes of pixels`);
        return index => unpacked(pixels, index * size, size);
    }
    if (coding === 'raw') {
        const bytesOf = plainFrames(set, element, frameBytes, count, syntax === BIG_ENDIAN && element.vr === 'OW' && bytesPerSample === 1);
        return index => plain(bytesOf(index));
    }
    const bytesOf = compressedFrames(set, element, count);
    const library = coding === 'jpeg-2000' ? await libraries.openJpeg() : null;
    return index => {
        try {
            return samplesOf(bytesOf(index), { ...format, coding }, library);
        } catch (error) {
            // After an error inside it, an instance may be in any state.
            if (library) libraries.dropOpenJpeg();
            throw error instanceof FileError ? error : damaged(`${nameOf(syntax)} cannot be decoded`);
        }
    };
}

/**
 * @param {Uint8Array} bytes
 * @param {import('./read.js').Format} format
 * @param {import('./jpeg2000.js').OpenJpeg | null} library
 * @returns {Samples}
 */
function samplesOf(bytes, format, library) {
    const decoded = decodeFrame(bytes, format, samples => samples, library);
    if ('encoded' in decoded) throw new FileError('kind', 'a progressive JPEG');
    return /** @type {Samples} */ (decoded.data);
}
