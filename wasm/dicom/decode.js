/** One frame: from its bytes in the file to grey or RGB pixels of 8 bits. */
import { interleaved, jpegYccToRgb, toBytes, unpaired, ybrToRgb } from './colour.js';
import { damaged } from './error.js';
import { decodeJpeg } from './jpeg.js';
import { enlarged } from './jpeg-blocks.js';
import { decodeJpegLs } from './jpeg-ls.js';
import { decodeJpeg2000 } from './jpeg2000.js';
import { decodeRle } from './rle.js';

/**
 * @typedef {import('./read.js').Format} Format
 * @typedef {Uint8Array | Uint16Array} Samples
 */

/** Grey or RGB, or a JPEG file that any decoder can read. @typedef {RawFrame | { encoded: Uint8Array }} Decoded */

/**
 * @typedef {object} RawFrame
 * @property {Uint8Array | Uint8ClampedArray} data
 * @property {number} width
 * @property {number} height
 */

/**
 * Stored values of one sample per pixel to grey or RGB.
 * @typedef {(samples: Samples) => Samples | Uint8ClampedArray} Shading
 */

/**
 * Samples interleaved by pixel.
 * @typedef {object} Stored
 * @property {Samples} samples
 * @property {number} bits of which each sample has so many
 * @property {string} colour photometric interpretation
 */

/**
 * @param {Uint8Array} bytes of the frame
 * @param {Format} format
 * @param {Shading} shading
 * @param {import('./jpeg2000.js').OpenJpeg | null} library for JPEG 2000
 * @returns {Decoded}
 */
export function decodeFrame(bytes, format, shading, library) {
    const { width, height, samples: channels } = format;
    const size = { width, height };
    const stored = storedOf(bytes, format, library);
    if (!stored) return { encoded: bytes };
    if (channels === 1) return { data: /** @type {Uint8Array | Uint8ClampedArray} */ (shading(stored.samples)), ...size };
    const data = toBytes(stored.samples, stored.bits);
    if (stored.colour === 'JPEG') jpegYccToRgb(data);
    else if (stored.colour.startsWith('YBR_PARTIAL')) ybrToRgb(data, true);
    else if (stored.colour.startsWith('YBR')) ybrToRgb(data);
    return { data, ...size };
}

/**
 * @param {Uint8Array} bytes
 * @param {Format} format
 * @param {import('./jpeg2000.js').OpenJpeg | null} library
 * @returns {Stored | null} null: a progressive JPEG
 */
function storedOf(bytes, format, library) {
    const { coding, width, height, samples: components, bits, colour } = format;
    const expected = { width, height, components };
    switch (coding) {
        case 'rle': {
            const planes = decodeRle(bytes, width * height, components * format.bytesPerSample);
            if (!planes) throw damaged('RLE');
            const samples = format.bytesPerSample === 1 ? planes : highBytesFirst(planes, width * height);
            return { samples: placed(components > 1 ? interleaved(samples, components) : samples, format), bits, colour };
        }
        case 'jpeg':
            return jpegSamples(bytes, format);
        case 'jpeg-ls': {
            const decoded = decodeJpegLs(bytes, expected);
            return { samples: fitting(decoded.samples, decoded.bits, format), bits, colour };
        }
        case 'jpeg-2000': {
            if (!library) throw damaged('JPEG 2000');
            const decoded = decodeJpeg2000(bytes, expected, library);
            // The decoder turns the transformed colours back.
            return { samples: fitting(decoded.samples, decoded.bits, format), bits, colour: /^YBR_(ICT|RCT)$/.test(colour) ? 'RGB' : colour };
        }
        default:
            return { samples: rawSamples(bytes, format), bits, colour };
    }
}

/**
 * A code stream may have more bits than the header says. Lossy samples may then be beyond the header's range.
 * @param {Samples} samples
 * @param {number} bits of the code stream
 * @param {Format} format
 * @returns {Samples}
 */
function fitting(samples, bits, { shift, bits: stored, bytesPerSample, signed }) {
    if (bits > 8 * bytesPerSample) throw damaged(`${bits} bits in the code stream, ${stored} in the header`);
    if (bits <= stored) return samples;
    if (shift > 0) return samples.map(value => value >> shift);
    const least = signed ? -(2 ** (stored - 1)) : 0;
    const most = signed ? 2 ** (stored - 1) - 1 : 2 ** stored - 1;
    const sign = 32 - bits;
    return samples.map(value => Math.max(least, Math.min(most, signed ? (value << sign) >> sign : value)));
}

/**
 * @template {Samples} T
 * @param {T} samples
 * @param {Format} format
 * @returns {T} with the stored bits at the right
 */
function placed(samples, { shift }) {
    return shift === 0 ? samples : /** @type {T} */ (samples.map(value => value >> shift));
}

/**
 * Planes of bytes of RLE to words: the high bytes of a channel come first.
 * @param {Uint8Array} planes
 * @param {number} count pixels
 * @returns {Uint16Array} a plane per channel
 */
function highBytesFirst(planes, count) {
    const words = new Uint16Array(planes.length / 2);
    for (let index = 0; index < words.length; index++) {
        const at = Math.floor(index / count) * 2 * count + (index % count);
        words[index] = (/** @type {number} */ (planes[at]) << 8) | /** @type {number} */ (planes[at + count]);
    }
    return words;
}

/**
 * @param {Uint8Array} bytes
 * @param {Format} format
 * @returns {Samples}
 */
function rawSamples(bytes, format) {
    const { bytesPerSample, bigEndian, planar, samples: channels, colour } = format;
    if (/^YBR_(FULL|PARTIAL)_422$/.test(colour)) return unpaired(bytes);
    /** @type {Samples} */
    let samples = bytes;
    if (bytesPerSample === 2) {
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        samples = new Uint16Array(bytes.length >> 1);
        for (let index = 0; index < samples.length; index++) samples[index] = view.getUint16(2 * index, !bigEndian);
    }
    if (channels > 1 && planar) samples = interleaved(samples, channels);
    // Changed in place later, so the file's own bytes are copied.
    return placed(samples === bytes && channels > 1 ? bytes.slice() : samples, format);
}

/**
 * @param {Uint8Array} bytes
 * @param {Format} format
 * @returns {Stored | null}
 */
function jpegSamples(bytes, format) {
    const { width, height, samples: channels, colour } = format;
    const decoded = decodeJpeg(bytes, { width, height });
    if (!decoded) return null;
    const { frame, colour: ownColour } = decoded;
    const { components, precision, lossless } = frame;
    if (components.length !== channels) throw damaged(`JPEG: ${components.length} components`);
    const output = precision > 8 ? new Uint16Array(width * height * channels) : new Uint8Array(width * height * channels);
    const row = precision > 8 ? new Uint16Array(width + 1) : new Uint8Array(width + 1);
    for (const [channel, component] of components.entries()) {
        const write = enlarged(component, frame);
        for (let y = 0; y < height; y++) {
            write(y, row);
            for (let x = 0; x < width; x++) output[(y * width + x) * channels + channel] = /** @type {number} */ (row[x]);
        }
    }
    const samples = fitting(output, precision, format);
    if (channels === 1) return { samples, bits: format.bits, colour };
    if (lossless) return { samples, bits: format.bits, colour: colour.startsWith('YBR') ? 'JPEG' : colour };
    // What the JPEG file says of its colours is more often true than the header.
    const isYcc = ownColour === null ? colour !== 'RGB' : ownColour === 'ycc';
    return { samples, bits: precision, colour: isYcc ? 'JPEG' : 'RGB' };
}
