/**
 * DICOM files: stills and cine loops as grey or RGB pixels of 8 bits. What is not supported is refused with its name; nothing
 * is guessed. Patient data is not read.
 */
import { decodeFrame } from './decode.js';
import { damaged, FileError } from './error.js';
import { compressedFrames, plainFrames, wholeStream } from './fragments.js';
import { greyOf } from './grey.js';
import { Header } from './header.js';
import { otherKind } from './other-classes.js';
import { paletteOf } from './palette.js';
import { parse } from './parse.js';
import { picturesOf, regionsOf, scalesOf } from './regions.js';
import { BIG_ENDIAN, codingOf, nameOf } from './syntaxes.js';

/**
 * @typedef {import('dicom-parser').DataSet} DataSet
 * @typedef {import('./decode.js').Decoded} Decoded
 * @typedef {import('./jpeg2000.js').OpenJpeg} OpenJpeg
 * @typedef {import('./parse.js').DicomParser} DicomParser
 * @typedef {import('./regions.js').Region} Region
 * @typedef {import('./regions.js').Scale} Scale
 */

/**
 * What the reader uses of others; each is loaded when the first file needs it.
 * @typedef {object} Libraries
 * @property {() => Promise<DicomParser>} parser
 * @property {(bytes: Uint8Array, most: number) => Promise<Uint8Array>} inflate raw deflate; fails above `most` bytes
 * @property {() => Promise<OpenJpeg>} openJpeg
 * @property {() => void} dropOpenJpeg the next call of `openJpeg` makes a new instance
 */

/**
 * How the pixels are stored.
 * @typedef {object} Format
 * @property {import('./syntaxes.js').Coding} coding
 * @property {boolean} bigEndian
 * @property {number} width
 * @property {number} height
 * @property {number} samples per pixel
 * @property {number} bytesPerSample 1 or 2
 * @property {number} bits stored
 * @property {number} shift of the stored bits within the sample
 * @property {boolean} signed
 * @property {boolean} planar all of one channel, then all of the next
 * @property {string} colour photometric interpretation
 */

/**
 * @typedef {object} DicomFile
 * @property {number} width
 * @property {number} height
 * @property {number} frameCount
 * @property {number} framesPerSecond 0: unknown
 * @property {Region[]} regions
 * @property {import('./regions.js').Rectangle[]} pictures those of the regions that are pictures, see picturesOf
 * @property {Scale[]} scales
 * @property {Uint8Array | null} video a stream of MPEG instead of frames
 * @property {string} syntax transfer syntax, by name where it has one
 * @property {(frame: number) => Promise<Decoded>} frame
 */

const MOST_PIXELS = 64e6;
const MOST_RATE = 120;
const DIRECTORY = '1.2.840.10008.1.3.10';

/** @type {Record<string, number>} samples per pixel by photometric interpretation */
const SAMPLES = {
    MONOCHROME1: 1, MONOCHROME2: 1, 'PALETTE COLOR': 1,
    RGB: 3, YBR_FULL: 3, YBR_FULL_422: 3, YBR_PARTIAL_422: 3, YBR_PARTIAL_420: 3, YBR_ICT: 3, YBR_RCT: 3,
};

/**
 * @param {Uint8Array} bytes of a file; kept
 * @param {Libraries} libraries
 * @returns {Promise<DicomFile>}
 * @throws {FileError}
 */
export async function readDicom(bytes, libraries) {
    const { set, syntax, truncated } = await parse(bytes, await libraries.parser(), libraries.inflate);
    return reading(() => fileOf(set, syntax, truncated, libraries));
}

/**
 * dicom-parser throws where an element contradicts itself.
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
export function reading(work) {
    try {
        return work();
    } catch (error) {
        if (error instanceof FileError) throw error;
        const text = error instanceof Error ? error.message : String(error);
        const reason = text.replace(/^(dicomParser|\w+ByteArrayParser)\.\w+: /, '');
        throw reason === text ? error : damaged(reason);
    }
}

/**
 * @param {DataSet} set
 * @param {string} syntax
 * @param {string} truncated
 * @param {Libraries} libraries
 * @returns {DicomFile}
 */
function fileOf(set, syntax, truncated, libraries) {
    const header = new Header(set, syntax !== BIG_ENDIAN);
    if (set.elements['x00041220'] || header.text('x00020002') === DIRECTORY) throw new FileError('directory');
    const other = otherKind(header.text('x00080016') ?? header.text('x00020002') ?? '');
    if (other) throw new FileError('other-object', other);
    const coding = codingOf(syntax);
    if (!coding) throw new FileError('syntax', nameOf(syntax));
    const pixels = set.elements['x7fe00010'];
    if (!pixels && truncated) throw damaged(truncated);
    if (!pixels) throw new FileError('no-pixels');
    const frameCount = frameCountOf(header);
    const common = { frameCount, framesPerSecond: rateOf(header), syntax: nameOf(syntax) };
    if (coding === 'video') {
        const [width, height] = sizeOf(header);
        const size = { width, height };
        const regions = regionsOf(header, size);
        return {
            ...common, ...size, regions, pictures: picturesOf(regions), scales: scalesOf(header, size), video: wholeStream(set, pixels),
            frame: () => Promise.reject(new FileError('video', common.syntax)),
        };
    }
    const format = formatOf(header, coding, syntax === BIG_ENDIAN);
    const swapped = format.bigEndian && format.bytesPerSample === 1 && pixels.vr === 'OW';
    const bytesOf = coding === 'raw' ? plainFrames(set, pixels, frameBytes(format), frameCount, swapped) : compressedFrames(set, pixels, frameCount);
    /** Palettes and windows are read for the first frame, and then kept. @type {import('./decode.js').Shading | null} */
    let shading = null;
    const regions = regionsOf(header, format);
    return {
        ...common,
        width: format.width,
        height: format.height,
        regions,
        pictures: picturesOf(regions),
        scales: scalesOf(header, format),
        video: null,
        async frame(index) {
            const library = coding === 'jpeg-2000' ? await libraries.openJpeg() : null;
            shading ??= reading(() => shadingOf(header, format));
            try {
                return reading(() => decodeFrame(bytesOf(index), format, /** @type {NonNullable<typeof shading>} */ (shading), library));
            } catch (error) {
                if (!library) throw error;
                // After an error inside it, an instance may be in any state.
                libraries.dropOpenJpeg();
                throw error instanceof FileError ? error : damaged('JPEG 2000: it cannot be decoded');
            }
        },
    };
}

/**
 * @param {Header} header
 * @returns {number}
 */
function frameCountOf(header) {
    const text = header.text('x00280008');
    if (!text) return 1;
    const count = /^\+?\d+$/.test(text) ? Number(text) : NaN;
    if (!(count >= 1)) throw damaged(`${text} frames`);
    return count;
}

/**
 * @param {Header} header
 * @returns {[width: number, height: number]}
 */
function sizeOf(header) {
    const width = header.number('x00280011') ?? 0;
    const height = header.number('x00280010') ?? 0;
    if (width === 0 || height === 0) throw damaged(`${width} × ${height} pixels`);
    if (width * height > MOST_PIXELS) throw new FileError('too-large', `${width} × ${height} pixels`);
    return [width, height];
}

/**
 * @param {Header} header
 * @param {import('./syntaxes.js').Coding} coding
 * @param {boolean} bigEndian
 * @returns {Format}
 */
function formatOf(header, coding, bigEndian) {
    const [width, height] = sizeOf(header);
    const samples = header.number('x00280002') ?? 1;
    const allocated = header.number('x00280100') ?? 8;
    const bits = header.number('x00280101') || allocated;
    const colour = header.text('x00280004') ?? 'MONOCHROME2';
    const shift = (header.number('x00280102') ?? bits - 1) + 1 - bits;
    if (allocated !== 8 && allocated !== 16) throw new FileError('kind', `${allocated} bits`);
    if (SAMPLES[colour] !== samples) throw new FileError('kind', `${colour}, ${samples} × ${allocated} bits`);
    if (bits > allocated || shift < 0 || bits + shift > allocated) throw new FileError('kind', `${bits} of ${allocated} bits`);
    return {
        coding,
        bigEndian,
        width,
        height,
        samples,
        bytesPerSample: allocated / 8,
        bits,
        shift,
        signed: header.number('x00280103') === 1,
        planar: header.number('x00280006') === 1,
        colour,
    };
}

/**
 * @param {Format} format
 * @returns {number} of an uncompressed frame
 */
function frameBytes({ width, height, samples, bytesPerSample, colour }) {
    const paired = /^YBR_(FULL|PARTIAL)_422$/.test(colour);
    // Two pixels share their colour.
    if (paired && (width % 2 === 1 || bytesPerSample > 1)) throw new FileError('kind', `${colour}, ${width} columns of ${8 * bytesPerSample} bits`);
    if (colour === 'YBR_PARTIAL_420') throw new FileError('kind', `${colour} without compression`);
    return width * height * bytesPerSample * (paired ? 2 : samples);
}

/**
 * @param {Header} header
 * @param {Format} format
 * @returns {import('./decode.js').Shading}
 */
function shadingOf(header, format) {
    if (format.colour === 'PALETTE COLOR') return paletteOf(header, format);
    if (format.samples === 1) return greyOf(header, { ...format, inverted: format.colour === 'MONOCHROME1' });
    return samples => samples;
}

/** @param {Header} header */
function rateOf(header) {
    const milliseconds = header.decimal('x00181063') ?? 0;
    const rate = header.decimal('x00082144') ?? header.decimal('x00180040') ?? 0;
    const found = milliseconds > 0 ? 1000 / milliseconds : rate > 0 ? rate : 0;
    return Math.min(MOST_RATE, found);
}
