/** Synthetic DICOM files with only the elements that a reader of images needs. */
import { scan } from './images.js';

/** @typedef {[group: number, element: number, vr: string, value: string | number | number[] | Buffer]} DicomField */

const LONG = new Set(['OB', 'OW', 'SQ', 'UN', 'UT']);

/**
 * How the data set is written: value representations named or not, low or high byte first. The file's head is always
 * 'explicit'.
 * @typedef {'explicit' | 'implicit' | 'big-endian'} Encoding
 */

/** @type {Record<string, Encoding>} */
const ENCODINGS = { '1.2.840.10008.1.2': 'implicit', '1.2.840.10008.1.2.2': 'big-endian' };

/**
 * @param {number[]} numbers
 * @param {number} size bytes per number; 8 is a double
 * @param {boolean} little
 * @returns {Buffer}
 */
function numbersOf(numbers, size, little) {
    const bytes = Buffer.alloc(size * numbers.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (const [index, number] of numbers.entries()) {
        if (size === 8) view.setFloat64(index * 8, number, little);
        else if (size === 4) view.setUint32(index * 4, number, little);
        else view.setUint16(index * 2, number, little);
    }
    return bytes;
}

/**
 * @param {string} vr
 * @param {DicomField[3]} value
 * @param {boolean} little
 * @returns {Buffer} of even length
 */
function encode(vr, value, little) {
    if (Buffer.isBuffer(value)) return value.length % 2 ? Buffer.concat([value, Buffer.alloc(1)]) : value;
    if (typeof value === 'string') return Buffer.from(value.length % 2 ? `${value}${vr === 'UI' ? '\0' : ' '}` : value);
    return numbersOf(Array.isArray(value) ? value : [value], { US: 2, UL: 4, FD: 8 }[vr] ?? 2, little);
}

/**
 * @param {DicomField} field
 * @param {number} [length] to claim instead of the true one
 * @param {Encoding} [encoding]
 * @returns {Buffer}
 */
export function dicomElement([group, element, vr, value], length, encoding = 'explicit') {
    const little = encoding !== 'big-endian';
    const data = encode(vr, value, little);
    const claimed = length ?? data.length;
    const tag = numbersOf([group, element], 2, little);
    if (encoding === 'implicit') return Buffer.concat([tag, numbersOf([claimed], 4, little), data]);
    const size = LONG.has(vr) ? [Buffer.alloc(2), numbersOf([claimed], 4, little)] : [numbersOf([claimed], 2, little)];
    return Buffer.concat([tag, Buffer.from(vr, 'latin1'), ...size, data]);
}

/**
 * @param {number} element 0xe000 (item) or 0xe0dd (end of the sequence)
 * @param {Buffer} data
 */
function item(element, data) {
    const even = data.length % 2 ? Buffer.concat([data, Buffer.alloc(1)]) : data;
    const head = Buffer.alloc(8);
    head.writeUInt16LE(0xfffe, 0);
    head.writeUInt16LE(element, 2);
    head.writeUInt32LE(even.length, 4);
    return Buffer.concat([head, even]);
}

/**
 * @param {Buffer[]} frames compressed, one fragment each
 * @param {number[]} [offsets] the basic offset table; empty when left out
 * @returns {Buffer} the pixel data element
 */
export function encapsulated(frames, offsets = []) {
    const parts = [item(0xe000, numbersOf(offsets, 4, true)), ...frames.map(frame => item(0xe000, frame)), item(0xe0dd, Buffer.alloc(0))];
    return dicomElement([0x7fe0, 0x0010, 'OB', Buffer.concat(parts)], 0xffffffff);
}

/**
 * @param {object} image
 * @param {number} image.width
 * @param {number} image.height
 * @param {string} [image.colour] photometric interpretation
 * @param {number} [image.samples]
 * @param {number} [image.bits] allocated and stored
 * @param {string} [image.syntax] transfer syntax UID; explicit little endian when left out
 * @param {number} [image.frames]
 * @param {DicomField[]} [image.more] further elements, in the order of their tags, after those of the picture
 * @param {Buffer} [image.pixels] uncompressed pixels
 * @param {Buffer} [image.element] the whole pixel data element instead
 * @returns {Buffer} the file
 */
export function dicom({ width, height, colour = 'MONOCHROME2', samples = 1, bits = 8, syntax = '1.2.840.10008.1.2.1', frames, more = [], pixels, element }) {
    /** @type {DicomField[]} */
    const fields = [
        [0x0010, 0x0010, 'PN', 'Doe^Jane'],
        ...more.filter(([group]) => group < 0x0028),
        [0x0028, 0x0002, 'US', samples],
        [0x0028, 0x0004, 'CS', colour],
        ...(samples > 1 ? [/** @type {DicomField} */ ([0x0028, 0x0006, 'US', 0])] : []),
        ...(frames ? [/** @type {DicomField} */ ([0x0028, 0x0008, 'IS', String(frames)])] : []),
        [0x0028, 0x0010, 'US', height],
        [0x0028, 0x0011, 'US', width],
        [0x0028, 0x0100, 'US', bits],
        [0x0028, 0x0101, 'US', bits],
        [0x0028, 0x0102, 'US', bits - 1],
        [0x0028, 0x0103, 'US', 0],
        ...more.filter(([group]) => group >= 0x0028),
    ];
    const encoding = ENCODINGS[syntax] ?? 'explicit';
    const meta = dicomElement([0x0002, 0x0010, 'UI', syntax]);
    const parts = [
        Buffer.alloc(128), Buffer.from('DICM'), dicomElement([0x0002, 0x0000, 'UL', meta.length]), meta,
        ...fields.map(field => dicomElement(field, undefined, encoding)),
    ];
    if (element) parts.push(element);
    else if (pixels) parts.push(dicomElement([0x7fe0, 0x0010, bits > 8 ? 'OW' : 'OB', pixels], undefined, encoding));
    return Buffer.concat(parts);
}

/**
 * A sequence of ultrasound regions with square pixels.
 * @param {...{ box: [number, number, number, number], centimetres: number, down?: number, format?: number, type?: number }} all
 *     box: left, top, right, bottom; centimetres of a pixel's side across, and down where that differs; the spatial format (1:
 *     two-dimensional) and the data type (1: tissue, 2: colour flow)
 * @returns {DicomField}
 */
export function regions(...all) {
    return [0x0018, 0x6011, 'SQ', Buffer.concat(all.map(regionItem))];
}

/** @param {Parameters<typeof regions>[number]} region */
function regionItem({ box, centimetres, down = centimetres, format = 1, type = 1 }) {
    const [left, top, right, bottom] = box;
    const fields = [
        dicomElement([0x0018, 0x6012, 'US', format]),
        dicomElement([0x0018, 0x6014, 'US', type]),
        dicomElement([0x0018, 0x6018, 'UL', left]),
        dicomElement([0x0018, 0x601a, 'UL', top]),
        dicomElement([0x0018, 0x601c, 'UL', right]),
        dicomElement([0x0018, 0x601e, 'UL', bottom]),
        dicomElement([0x0018, 0x6024, 'US', 3]),
        dicomElement([0x0018, 0x6026, 'US', 3]),
        dicomElement([0x0018, 0x602c, 'FD', centimetres]),
        dicomElement([0x0018, 0x602e, 'FD', down]),
    ];
    return item(0xe000, Buffer.concat(fields));
}

/**
 * RLE without any runs: as many literal bytes as fit, again and again.
 * @param {Buffer[]} planes
 * @returns {Buffer} one frame
 */
export function rle(planes) {
    const segments = planes.map(plane => {
        const parts = [];
        for (let at = 0; at < plane.length; at += 128) {
            const part = plane.subarray(at, at + 128);
            const same = part.every(value => value === part[0]);
            parts.push(same && part.length > 1 ? Buffer.from([257 - part.length, part[0] ?? 0]) : Buffer.concat([Buffer.from([part.length - 1]), part]));
        }
        const packed = Buffer.concat(parts);
        return packed.length % 2 ? Buffer.concat([packed, Buffer.from([128])]) : packed;
    });
    const header = Buffer.alloc(64);
    header.writeUInt32LE(planes.length, 0);
    let offset = 64;
    segments.forEach((segment, index) => {
        header.writeUInt32LE(offset, 4 + 4 * index);
        offset += segment.length;
    });
    return Buffer.concat([header, ...segments]);
}

/** @returns {Buffer} a small grey DICOM file */
export function sampleDicom() {
    const [width, height] = [160, 120];
    return dicom({ width, height, pixels: Buffer.from(scan(width, height)) });
}
