/**
 * DICOM files: ultrasound stills and cine loops, uncompressed, RLE or baseline JPEG. Other formats are refused with
 * their name; nothing is guessed. Patient data is not read.
 */
import { codeOf } from '../engine/problems.js';
import { decodeRle, paletteToRgb, toGrey, ybrToRgb } from './dicom-pixels.js';
import { loadDicomParser } from './dicom-library.js';
import { SourceError } from './source.js';
import { toImageData } from './still.js';

/**
 * @typedef {import('dicom-parser').DataSet} DataSet
 * @typedef {import('dicom-parser').Element} DicomElement
 * @typedef {import('./dicom-library.js').DicomParser} DicomParser
 * @typedef {import('./source.js').Box} Box
 * @typedef {import('./source.js').RawImage} RawImage
 * @typedef {import('./source.js').Source} Source
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').Scale} Scale
 */

const RLE = '1.2.840.10008.1.2.5';
const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const UNCOMPRESSED = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', BIG_ENDIAN];

const DEFLATED = '1.2.840.10008.1.2.1.99';

/** Names of common transfer syntaxes that are not supported, for the message. */
const FOREIGN = new Map([
    [DEFLATED, 'Deflated Explicit VR Little Endian'],
    ['1.2.840.10008.1.2.4.51', 'JPEG Extended (12 bit)'],
    ['1.2.840.10008.1.2.4.57', 'JPEG Lossless'],
    ['1.2.840.10008.1.2.4.70', 'JPEG Lossless SV1'],
    ['1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless'],
    ['1.2.840.10008.1.2.4.81', 'JPEG-LS Near-lossless'],
    ['1.2.840.10008.1.2.4.90', 'JPEG 2000 Lossless'],
    ['1.2.840.10008.1.2.4.91', 'JPEG 2000'],
    ['1.2.840.10008.1.2.4.100', 'MPEG2'],
    ['1.2.840.10008.1.2.4.101', 'MPEG2 High Level'],
    ['1.2.840.10008.1.2.4.102', 'MPEG-4 AVC/H.264'],
    ['1.2.840.10008.1.2.4.103', 'MPEG-4 AVC/H.264 BD'],
    ['1.2.840.10008.1.2.4.107', 'HEVC/H.265'],
    ['1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000'],
]);

const MOST_PIXELS = 64e6;

/**
 * How to decode the bytes of a frame.
 * @typedef {object} Format
 * @property {string} syntax transfer syntax UID
 * @property {number} width
 * @property {number} height
 * @property {number} samples per pixel
 * @property {number} bytesPerSample 1 or 2
 * @property {number} bitsStored
 * @property {boolean} signed
 * @property {boolean} planar all of one channel, then all of the next
 * @property {string} colour photometric interpretation
 * @property {number} frames
 */

/**
 * @param {Blob} file
 * @param {Engine} engine
 * @returns {Promise<Source>}
 */
export async function openDicom(file, engine) {
    const [parser, bytes] = await Promise.all([
        loadDicomParser(),
        file.arrayBuffer().then(
            buffer => new Uint8Array(buffer),
            () => Promise.reject(new SourceError('problem.unreadable')),
        ),
    ]);
    try {
        return sourceOf(parser, parse(parser, bytes), engine);
    } catch (error) {
        throw asSourceError(error);
    }
}

/**
 * @param {DicomParser} parser
 * @param {ReturnType<parse>} parsed
 * @param {Engine} engine
 * @returns {Source}
 */
function sourceOf(parser, { dataSet, truncated }, engine) {
    const syntax = dataSet.string('x00020010')?.trim() ?? '1.2.840.10008.1.2';
    refuseForeign(syntax);
    const pixels = dataSet.elements['x7fe00010'];
    if (!pixels && truncated) throw new SourceError('problem.dicom-damaged', truncated);
    if (!pixels) throw new SourceError('problem.dicom-no-pixels');
    const format = formatOf(dataSet, syntax);
    const frames = framesOf(parser, dataSet, pixels, format);
    /** The frame decoded last: the viewer and the network both use it. @type {{ frame: number, image: Promise<RawImage> } | null} */
    let last = null;
    const decode = async (/** @type {number} */ frame) => {
        try {
            return await decodeFrame(frames(frame), format, dataSet, engine);
        } catch (error) {
            throw asSourceError(error);
        }
    };
    const input = (/** @type {number} */ frame) => {
        if (last?.frame !== frame) last = { frame, image: decode(frame) };
        return last.image;
    };
    return {
        kind: 'dicom',
        frameCount: format.frames,
        framesPerSecond: rateOf(dataSet),
        scales: scalesOf(dataSet, format),
        areas: regionsOf(dataSet, format).map(({ box }) => box),
        input,
        picture: async frame => createImageBitmap(toImageData(await input(frame))),
        close() {},
    };
}

/**
 * dicom-parser throws errors and plain strings where a file ends too early or contradicts itself.
 * @param {unknown} error
 * @returns {unknown} a SourceError for those, any other error as it is
 */
function asSourceError(error) {
    const text = error instanceof Error ? error.message : String(error);
    const reason = text.replace(/^(dicomParser|\w+ByteArrayParser)\.\w+: /, '');
    return reason === text ? error : new SourceError('problem.dicom-damaged', reason);
}

/**
 * @param {DicomParser} parser
 * @param {Uint8Array} bytes
 * @returns {{ dataSet: DataSet, truncated: string }} what could be read, and why not all of it
 */
function parse(parser, bytes) {
    try {
        return { dataSet: parser.parseDicom(bytes), truncated: '' };
    } catch (error) {
        // The parser throws either an Error, or an object with the data set as far as it came.
        const { exception, dataSet, message } = /** @type {any} */ (error);
        const reason = String(exception?.message ?? exception ?? message ?? error).replace(/^dicomParser\.\w+: /, '');
        // The parser refuses this syntax itself, because it has no inflate library.
        if (reason.includes('deflate')) refuseForeign(DEFLATED);
        if (dataSet?.elements) return { dataSet, truncated: reason };
        throw new SourceError('problem.dicom-damaged', reason);
    }
}

/** @param {string} syntax */
function refuseForeign(syntax) {
    if (UNCOMPRESSED.includes(syntax) || syntax === RLE || syntax === JPEG_BASELINE) return;
    const name = FOREIGN.get(syntax);
    throw new SourceError('problem.dicom-syntax', name ? `${name} (${syntax})` : syntax);
}

/**
 * @param {DataSet} dataSet
 * @param {string} syntax
 * @returns {Format}
 */
function formatOf(dataSet, syntax) {
    const width = dataSet.uint16('x00280011') ?? 0;
    const height = dataSet.uint16('x00280010') ?? 0;
    const samples = dataSet.uint16('x00280002') ?? 1;
    const bits = dataSet.uint16('x00280100') ?? 8;
    const colour = dataSet.string('x00280004')?.trim() ?? 'MONOCHROME2';
    const frames = Math.max(1, Number.parseInt(dataSet.string('x00280008') ?? '1', 10) || 1);
    if (width === 0 || height === 0) throw new SourceError('problem.dicom-damaged', `${width} × ${height} pixels`);
    if (width * height > MOST_PIXELS) throw new SourceError('problem.image-too-large');
    if (bits !== 8 && bits !== 16) throw new SourceError('problem.dicom-kind', `${bits} bits`);
    const expected = /^(MONOCHROME[12]|PALETTE COLOR)$/.test(colour) ? 1 : /^(RGB|YBR_FULL|YBR_FULL_422)$/.test(colour) ? 3 : 0;
    if (expected !== samples || (samples === 3 && bits !== 8)) throw new SourceError('problem.dicom-kind', `${colour}, ${samples} × ${bits} bits`);
    const bitsStored = dataSet.uint16('x00280101') ?? bits;
    if (bits === 16 && (bitsStored === 0 || bitsStored > bits)) throw new SourceError('problem.dicom-kind', `${bitsStored} of ${bits} bits`);
    return {
        syntax,
        width,
        height,
        samples,
        bytesPerSample: bits / 8,
        bitsStored,
        signed: dataSet.uint16('x00280103') === 1,
        planar: dataSet.uint16('x00280006') === 1,
        colour,
        frames,
    };
}

/** @param {DataSet} dataSet */
function rateOf(dataSet) {
    const milliseconds = Number.parseFloat(dataSet.string('x00181063') ?? '');
    const rate = Number.parseFloat(dataSet.string('x00082144') ?? dataSet.string('x00180040') ?? '');
    const found = milliseconds > 0 ? 1000 / milliseconds : rate > 0 ? rate : 0;
    return Math.min(120, found);
}

/**
 * The ultrasound regions of the file. A region outside the image belongs to another size of it and is left out.
 * @param {DataSet} dataSet
 * @param {Format} format
 * @returns {{ region: DataSet, box: Box }[]}
 */
function regionsOf(dataSet, { width, height }) {
    const found = [];
    for (const { dataSet: region } of dataSet.elements['x00186011']?.items ?? []) {
        if (!region) continue;
        const [x = 0, y = 0, right = 0, bottom = 0] = ['x00186018', 'x0018601a', 'x0018601c', 'x0018601e'].map(tag => region.uint32(tag));
        if (right > width || bottom > height || right <= x || bottom <= y) continue;
        found.push({ region, box: { x, y, width: right - x, height: bottom - y } });
    }
    return found;
}

/**
 * Regions of two-dimensional tissue whose pixels are squares of known size.
 * @param {DataSet} dataSet
 * @param {Format} format
 * @returns {Scale[]}
 */
function scalesOf(dataSet, format) {
    const CENTIMETRES = 3;
    const TWO_DIMENSIONAL = 1;
    /** @type {Scale[]} */
    const scales = [];
    for (const { region, box } of regionsOf(dataSet, format)) {
        if (region.uint16('x00186012') !== TWO_DIMENSIONAL) continue;
        if (region.uint16('x00186024') !== CENTIMETRES || region.uint16('x00186026') !== CENTIMETRES) continue;
        const acrossX = Math.abs(region.double('x0018602c') ?? 0);
        const acrossY = Math.abs(region.double('x0018602e') ?? 0);
        if (!(acrossX > 0 && acrossX < Infinity) || Math.abs(acrossX - acrossY) > 0.001 * acrossX) continue;
        scales.push({ millimetres: acrossX * 10, origin: 'dicom', region: box });
    }
    return scales;
}

/**
 * @param {DicomParser} parser
 * @param {DataSet} dataSet
 * @param {DicomElement} pixels
 * @param {Format} format its number of frames is corrected to what is there
 * @returns {(frame: number) => Uint8Array} the bytes of a frame
 */
function framesOf(parser, dataSet, pixels, format) {
    const bytes = new Uint8Array(dataSet.byteArray);
    if (UNCOMPRESSED.includes(format.syntax)) {
        const subsampled = format.colour === 'YBR_FULL_422';
        // Two pixels share their colour.
        if (subsampled && format.width % 2 === 1) throw new SourceError('problem.dicom-kind', `${format.colour}, ${format.width} columns`);
        const size = format.width * format.height * format.bytesPerSample * (subsampled ? 2 : format.samples);
        const held = bytes.length - pixels.dataOffset;
        if (pixels.length > held || pixels.length < size * format.frames)
            throw new SourceError('problem.dicom-damaged', `${Math.min(held, pixels.length)} of ${Math.max(pixels.length, size * format.frames)} bytes of pixels`);
        return frame => bytes.subarray(pixels.dataOffset + frame * size, pixels.dataOffset + (frame + 1) * size);
    }
    const fragments = pixels.fragments ?? [];
    if (!pixels.encapsulatedPixelData || fragments.length === 0) throw new SourceError('problem.dicom-damaged', 'no fragments');
    if (fragments.some(({ position, length }) => position + length > bytes.length))
        throw new SourceError('problem.dicom-damaged', 'a fragment ends after the file');
    if (format.frames > fragments.length && format.frames > 1)
        throw new SourceError('problem.dicom-damaged', `${fragments.length} of ${format.frames} frames`);
    if (fragments.length === format.frames || (format.frames === 1 && !pixels.basicOffsetTable?.length))
        return frame =>
            format.frames === 1
                ? parser.readEncapsulatedPixelDataFromFragments(dataSet, pixels, 0, fragments.length)
                : parser.readEncapsulatedPixelDataFromFragments(dataSet, pixels, frame);
    const table = pixels.basicOffsetTable?.length ? pixels.basicOffsetTable : parser.createJPEGBasicOffsetTable(dataSet, pixels);
    return frame => parser.readEncapsulatedImageFrame(dataSet, pixels, frame, table);
}

/**
 * @param {Uint8Array} bytes of one frame
 * @param {Format} format
 * @param {DataSet} dataSet
 * @param {Engine} engine
 * @returns {Promise<RawImage>} grey or RGB
 */
async function decodeFrame(bytes, format, dataSet, engine) {
    const { width, height, samples, colour, syntax } = format;
    if (syntax === JPEG_BASELINE) {
        // The JPEG stream defines its own colour space, and its decoder converts to RGB.
        const image = await engine.pool.decode(bytes.slice()).catch(error => {
            throw codeOf(error) === 'image-format' ? new SourceError('problem.dicom-damaged', 'JPEG') : error;
        });
        if (image.width !== width || image.height !== height)
            throw new SourceError('problem.dicom-damaged', `${image.width} × ${image.height}, not ${width} × ${height}`);
        return image;
    }
    const isRle = syntax === RLE;
    const raw = isRle ? decodeRle(bytes, width * height, samples * format.bytesPerSample) : bytes;
    if (!raw) throw new SourceError('problem.dicom-damaged', 'RLE');
    if (samples === 1) {
        const values = valuesOf(raw, format, isRle);
        const data = colour === 'PALETTE COLOR' ? paletteToRgb(values, paletteOf(dataSet)) : toGrey(values, windowOf(dataSet, format, values));
        return { data, width, height };
    }
    // RLE always stores planes, whatever the planar configuration.
    return { data: interleave(raw, format, isRle), width, height };
}

/**
 * @param {Uint8Array} raw
 * @param {Format} format
 * @param {boolean} isRle RLE stores the high bytes first, in their own plane
 * @returns {Uint8Array | Uint16Array | Int16Array}
 */
function valuesOf(raw, { bytesPerSample, bitsStored, signed, syntax, width, height }, isRle) {
    if (bytesPerSample === 1) return raw;
    const count = width * height;
    const values = signed ? new Int16Array(count) : new Uint16Array(count);
    const unused = 16 - bitsStored;
    for (let index = 0; index < count; index++) {
        const first = raw[isRle ? index : 2 * index] ?? 0;
        const second = raw[isRle ? index + count : 2 * index + 1] ?? 0;
        const word = isRle || syntax === BIG_ENDIAN ? (first << 8) | second : first | (second << 8);
        // Bits above those stored may have any value, so they are shifted out; the shift back extends the sign.
        values[index] = signed ? ((word << (16 + unused)) >> (16 + unused)) : word & (0xffff >> unused);
    }
    return values;
}

/**
 * @param {Uint8Array} raw
 * @param {Format} format
 * @param {boolean} isRle
 * @returns {Uint8Array} RGB
 */
function interleave(raw, { width, height, planar, colour }, isRle) {
    const count = width * height;
    const output = new Uint8Array(count * 3);
    if (colour === 'YBR_FULL_422' && !isRle) {
        for (let pair = 0; pair < count / 2; pair++) {
            const [first = 0, second = 0, blue = 0, red = 0] = raw.subarray(pair * 4, pair * 4 + 4);
            output.set([first, blue, red, second, blue, red], pair * 6);
        }
    } else {
        const byPlane = planar || isRle;
        for (let index = 0; index < count; index++)
            for (let channel = 0; channel < 3; channel++)
                output[index * 3 + channel] = raw[byPlane ? channel * count + index : index * 3 + channel] ?? 0;
    }
    if (colour !== 'RGB') ybrToRgb(output);
    return output;
}

/**
 * @param {DataSet} dataSet
 * @returns {{ first: number, tables: [Uint8Array, Uint8Array, Uint8Array] }}
 */
function paletteOf(dataSet) {
    const first = dataSet.uint16('x00281101', 1) ?? 0;
    const size = dataSet.uint16('x00281101', 0) || 65536;
    const bits = dataSet.uint16('x00281101', 2) ?? 16;
    const tables = ['x00281201', 'x00281202', 'x00281203'].map(tag => {
        const found = dataSet.elements[tag];
        if (!found) throw new SourceError('problem.dicom-damaged', 'palette');
        const table = new Uint8Array(size);
        // Tables of 8 bits may be written as words, and then have two bytes per entry.
        const words = bits > 8 || found.length >= size * 2;
        for (let index = 0; index < size; index++)
            table[index] = words ? ((dataSet.uint16(tag, index) ?? 0) >> (bits > 8 ? 8 : 0)) : (dataSet.byteArray[found.dataOffset + index] ?? 0);
        return table;
    });
    return { first, tables: /** @type {[Uint8Array, Uint8Array, Uint8Array]} */ (tables) };
}

/**
 * The window of grey values: that of the file, else 0..255 for 8 bits, else the range of the values.
 * @param {DataSet} dataSet
 * @param {Format} format
 * @param {Uint8Array | Uint16Array | Int16Array} values
 * @returns {{ low: number, high: number, inverted: boolean }}
 */
function windowOf(dataSet, format, values) {
    const inverted = format.colour === 'MONOCHROME1';
    const numberOf = (/** @type {string} */ tag) => {
        const value = dataSet.floatString(tag);
        return value !== undefined && Number.isFinite(value) ? value : undefined;
    };
    const slope = numberOf('x00281053') || 1;
    const intercept = numberOf('x00281052') ?? 0;
    const centre = numberOf('x00281050');
    const width = numberOf('x00281051');
    if (centre !== undefined && width !== undefined && width > 1) {
        const low = centre - 0.5 - (width - 1) / 2;
        return { low: (low - intercept) / slope, high: (low + width - 1 - intercept) / slope, inverted };
    }
    if (format.bytesPerSample === 1) return { low: 0, high: 255, inverted };
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
        low = Math.min(low, value);
        high = Math.max(high, value);
    }
    return { low, high: Math.max(high, low + 1), inverted };
}
