/** JPEG 2000 by OpenJPEG. The code stream is compared with the DICOM header before the decoder allocates anything. */
import { damaged, FileError } from './error.js';

/**
 * What is used of @cornerstonejs/codec-openjpeg.
 * @typedef {object} OpenJpeg
 * @property {new () => OpenJpegDecoder} J2KDecoder
 */

/**
 * @typedef {object} OpenJpegDecoder
 * @property {(length: number) => Uint8Array} getEncodedBuffer
 * @property {() => void} decode
 * @property {() => Uint8Array} getDecodedBuffer
 * @property {() => { width: number, height: number, bitsPerSample: number, componentCount: number, isSigned: boolean }} getFrameInfo
 * @property {() => void} delete
 */

const START = 0xff4f;
const SIZE = 0xff51;
const TILE_PART = 0xff90;
const END = 0xffd9;

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array} the code stream, without the boxes of a JP2 file around it
 */
function codeStreamOf(bytes) {
    const [first, second, third, fourth] = [0xff, 0x4f, 0xff, 0x51];
    for (let at = 0; at + 4 <= Math.min(bytes.length, 4096); at++)
        if (bytes[at] === first && bytes[at + 1] === second && bytes[at + 2] === third && bytes[at + 3] === fourth) return bytes.subarray(at);
    throw damaged('JPEG 2000: no start');
}

/**
 * The decoder fills up what is missing without saying so.
 * @param {Uint8Array} bytes a code stream
 * @param {{ width: number, height: number, components: number }} expected
 */
function check(bytes, { width, height, components }) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const word = (/** @type {number} */ at) => (at + 2 <= bytes.length ? view.getUint16(at) : -1);
    const long = (/** @type {number} */ at) => (at + 4 <= bytes.length ? view.getUint32(at) : -1);
    if (word(0) !== START || word(2) !== SIZE) throw damaged('JPEG 2000: no start');
    const [right, bottom, left, top] = [8, 12, 16, 20].map(long);
    const [ownWidth, ownHeight] = [Number(right) - Number(left), Number(bottom) - Number(top)];
    if (ownWidth !== width || ownHeight !== height) throw damaged(`JPEG 2000: ${ownWidth} × ${ownHeight}, not ${width} × ${height}`);
    if (word(40) !== components) throw damaged(`JPEG 2000: ${word(40)} components`);
    for (let index = 0; index < components; index++) {
        const at = 42 + 3 * index;
        if (((bytes[at] ?? 0) & 0x7f) > 15) throw new FileError('kind', 'JPEG 2000 with more than 16 bits');
        if (bytes[at + 1] !== 1 || bytes[at + 2] !== 1) throw new FileError('kind', 'JPEG 2000 with reduced colours');
    }
    const [tileWidth, tileHeight] = [long(24), long(28)];
    if (tileWidth < 1 || tileHeight < 1) throw damaged('JPEG 2000: tiles without a size');
    // Each tile needs twelve bytes at least.
    if (Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight) > bytes.length / 12) throw damaged('JPEG 2000: too many tiles');
    let at = 2;
    while (word(at) !== TILE_PART) {
        const length = word(at + 2);
        if (length < 2) throw damaged('JPEG 2000: the data ends too early');
        at += 2 + length;
    }
    while (word(at) === TILE_PART) {
        const length = long(at + 6);
        if (length === 0) return; // it reaches to the end
        if (length < 14 || at + length > bytes.length) throw damaged('JPEG 2000: the data ends too early');
        at += length;
    }
    // Some encoders leave out the end marker.
    if (at < bytes.length - 1 && word(at) !== END) throw damaged('JPEG 2000: a part of the image is missing');
}

/**
 * @param {Uint8Array} bytes
 * @param {{ width: number, height: number, components: number }} expected by the DICOM header
 * @param {OpenJpeg} library
 * @returns {{ bits: number, samples: Uint8Array | Uint16Array }} interleaved by pixel; negative samples as in 16 bits
 * @throws {FileError} after any other error the library must not be used again
 */
export function decodeJpeg2000(bytes, expected, library) {
    const stream = codeStreamOf(bytes);
    check(stream, expected);
    const decoder = new library.J2KDecoder();
    decoder.getEncodedBuffer(stream.length).set(stream);
    decoder.decode();
    const { width, height, bitsPerSample, componentCount } = decoder.getFrameInfo();
    const { components } = expected;
    const decoded = decoder.getDecodedBuffer();
    const count = width * height * componentCount;
    if (width !== expected.width || height !== expected.height || componentCount !== components || decoded.length < count * (bitsPerSample > 8 ? 2 : 1))
        throw damaged('JPEG 2000: it cannot be decoded');
    // A copy: the memory of the library is used again.
    const own = decoded.slice();
    decoder.delete();
    return { bits: bitsPerSample, samples: bitsPerSample > 8 ? new Uint16Array(own.buffer, 0, count) : own.subarray(0, count) };
}
