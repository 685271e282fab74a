/**
 * The first inputs of the DICOM fuzzer: one small file for each way in which the reader finds and decodes pixels, and
 * those that the reader once failed on.
 */
import { dicom, encapsulated, regions, rle } from '../support/dicom.js';
import { jpeg, scan } from '../support/images.js';

const SIZE = { width: 16, height: 12 };
const PIXELS = SIZE.width * SIZE.height;
const IMPLICIT = '1.2.840.10008.1.2';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const RLE = '1.2.840.10008.1.2.5';
const JPEG = '1.2.840.10008.1.2.4.50';
const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.70';
const JPEG_LS = '1.2.840.10008.1.2.4.80';

/** Pictures of 16 x 12 pixels, compressed by dcmtk: lossless JPEG, lossless JPEG-LS, near-lossless JPEG-LS in colours. */
const LOSSLESS_PICTURE = Buffer.from('/9j/4AAQSkZJRgABAQAAAQABAAD/wwALCAAMABABAREA/8QAGgABAQADAQEAAAAAAAAAAAAAAAgFBgcDBP/aAAgBAQABAADDeW15/YMR8Tq4DLcC' +
    'Av8AAcCAL/AAC/wAAv8AAAC/wABf4AAv8AAX+AAL/AAF/gAC/wAf///Z', 'base64');
const LS_PICTURE = Buffer.from('/9j/9wALCAAMABABAREA/9oACAEBAAAAAAAAAcwwAe9esvIAWwQQQQQQABwAAAe4AAAV2AAEkgAAANd+AAAD8zmdm72nTp06dOmA///Z', 'base64');
const LS_COLOURS = Buffer.from('/9j/9wARCAAMABADAREAAhEAAxEA/9oADAMBAAIAAwACAgAAAAIwYQAaXwLWaIScWoiu+KHyE+TERERERERERESSDQAAgAAAYAAAgAAQDgACAxEBQAdS' +
    'HQ9hYNX8AAABxAAAEAAAAwXzCEP5hEd4iNIiNJJpJNJJpJNJJpKg/9k=', 'base64');

/** @typedef {import('../support/dicom.js').DicomField} DicomField */

/** @returns {Record<string, Buffer>} by file name */
export function dicomSeeds() {
    const grey = Buffer.from(scan(SIZE.width, SIZE.height));
    const words = Buffer.from(Uint16Array.from(grey, value => value * 16).buffer);
    const rgb = Buffer.from(scan(SIZE.width * 3, SIZE.height));
    const planes = [0, 1, 2].map(channel => Buffer.from(scan(SIZE.width, SIZE.height, channel + 1)));
    const picture = jpeg({ ...SIZE, value: x => 10 * x });
    const fragment = picture.length + (picture.length % 2) + 8;
    const table = Buffer.from(Uint16Array.from({ length: 256 }, (_, entry) => entry * 257).buffer);
    /** @type {DicomField[]} */
    const window = [[0x0028, 0x1050, 'DS', '2048'], [0x0028, 0x1051, 'DS', '4096'], [0x0028, 0x1052, 'DS', '-10'], [0x0028, 0x1053, 'DS', '2']];
    /** @type {DicomField[]} */
    const palette = [
        ...[0x1101, 0x1102, 0x1103].map(tag => /** @type {DicomField} */ ([0x0028, tag, 'US', [256, 0, 16]])),
        ...[0x1201, 0x1202, 0x1203].map(tag => /** @type {DicomField} */ ([0x0028, tag, 'OW', table])),
    ];
    /** @type {DicomField[]} */
    const cine = [[0x0008, 0x2144, 'IS', '20'], [0x0018, 0x1063, 'DS', '40'], regions({ box: [1, 1, 15, 11], centimetres: 0.01 })];
    return {
        'grey.dcm': dicom({ ...SIZE, pixels: grey, more: cine }),
        'inverted-implicit.dcm': dicom({ ...SIZE, syntax: IMPLICIT, colour: 'MONOCHROME1', pixels: grey }),
        'words.dcm': dicom({ ...SIZE, bits: 16, pixels: words, more: window }),
        'words-big-endian.dcm': dicom({ ...SIZE, syntax: BIG_ENDIAN, bits: 16, pixels: Buffer.from(words).swap16() }),
        'rgb.dcm': dicom({ ...SIZE, colour: 'RGB', samples: 3, pixels: rgb }),
        'ybr.dcm': dicom({ ...SIZE, colour: 'YBR_FULL', samples: 3, pixels: rgb }),
        'ybr422.dcm': dicom({ ...SIZE, colour: 'YBR_FULL_422', samples: 3, pixels: rgb.subarray(0, PIXELS * 2) }),
        'palette.dcm': dicom({ ...SIZE, colour: 'PALETTE COLOR', pixels: grey, more: palette }),
        'frames.dcm': dicom({ ...SIZE, frames: 3, pixels: Buffer.concat(planes), more: cine }),
        'rle.dcm': dicom({ ...SIZE, syntax: RLE, element: encapsulated([rle([grey])]) }),
        'rle-words.dcm': dicom({ ...SIZE, syntax: RLE, bits: 16, element: encapsulated([rle([grey, grey])]), more: window }),
        'rle-rgb.dcm': dicom({ ...SIZE, syntax: RLE, colour: 'RGB', samples: 3, element: encapsulated([rle(planes)]) }),
        'rle-frames.dcm': dicom({ ...SIZE, syntax: RLE, frames: 2, element: encapsulated([rle([grey]), rle([grey])]) }),
        'jpeg.dcm': dicom({ ...SIZE, syntax: JPEG, element: encapsulated([picture]) }),
        'jpeg-frames.dcm': dicom({ ...SIZE, syntax: JPEG, frames: 2, element: encapsulated([picture, picture], [0, fragment]) }),
        'jpeg-fragments.dcm': dicom({
            ...SIZE, syntax: JPEG, frames: 2,
            element: encapsulated([picture.subarray(0, 100), picture.subarray(100), picture]),
        }),
        'jpeg-lossless.dcm': dicom({ ...SIZE, syntax: JPEG_LOSSLESS, element: encapsulated([LOSSLESS_PICTURE]) }),
        'jpeg-ls.dcm': dicom({ ...SIZE, syntax: JPEG_LS, element: encapsulated([LS_PICTURE]) }),
        'jpeg-ls-colours.dcm': dicom({ ...SIZE, syntax: JPEG_LS, colour: 'RGB', samples: 3, element: encapsulated([LS_COLOURS]) }),
        'found-odd-ybr422.dcm': dicom({ width: 15, height: 11, colour: 'YBR_FULL_422', samples: 3, pixels: rgb.subarray(0, 15 * 11 * 2) }),
        'found-rle-bomb.dcm': dicom({ width: 6000, height: 6000, syntax: RLE, element: encapsulated([rle([grey])]) }),
        'words-bad-window.dcm': dicom({ ...SIZE, bits: 16, pixels: words, more: [[0x0028, 0x1050, 'DS', 'NaN'], [0x0028, 0x1051, 'DS', '9e999']] }),
        'found-infinite-spacing.dcm': dicom({ ...SIZE, pixels: grey, more: [regions({ box: [1, 1, 15, 11], centimetres: Infinity })] }),
    };
}
