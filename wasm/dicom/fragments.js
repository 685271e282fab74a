/** The bytes of each frame: uncompressed, or in fragments with and without a table of offsets. */
import { damaged } from './error.js';

/**
 * @typedef {import('dicom-parser').DataSet} DataSet
 * @typedef {import('dicom-parser').Element} DicomElement
 * @typedef {{ start: number, end: number }} Part of the file
 */

/**
 * @param {Uint8Array} bytes of the file
 * @param {DicomElement} element with the pixels
 * @returns {Part[]} the fragments
 */
function fragmentsOf(bytes, element) {
    const fragments = element.fragments ?? [];
    if (!element.encapsulatedPixelData || fragments.length === 0) throw damaged('no fragments');
    return fragments.map(({ position, length }) => {
        if (position + length > bytes.length) throw damaged('a fragment ends after the file');
        return { start: position, end: position + length };
    });
}

/**
 * Groups by a table of offsets of the frames' first fragments.
 * @param {Part[]} fragments
 * @param {readonly number[]} table offsets from the first fragment's item, in the order of the frames
 * @param {number} frames
 * @returns {Part[][] | null} null when the table is wrong or missing
 */
function byTable(fragments, table, frames) {
    const [first] = fragments;
    if (table.length !== frames || !first) return null;
    const ITEM_BYTES = 8;
    const origin = first.start - ITEM_BYTES;
    const starts = table.map(offset => fragments.findIndex(({ start }) => start - ITEM_BYTES - origin === offset));
    if (starts[0] !== 0 || starts.some((start, index) => start <= (starts[index - 1] ?? -1))) return null;
    return starts.map((start, index) => fragments.slice(start, starts[index + 1]));
}

/**
 * Groups by the fragments that begin like an image of JPEG, JPEG-LS or JPEG 2000.
 * @param {Uint8Array} bytes
 * @param {Part[]} fragments
 * @returns {Part[][]}
 */
function byStart(bytes, fragments) {
    /** @type {Part[][]} */
    const groups = [];
    for (const fragment of fragments) {
        const [first, second] = [bytes[fragment.start], bytes[fragment.start + 1]];
        const isStart = first === 0xff && (second === 0xd8 || second === 0x4f);
        if (isStart || groups.length === 0) groups.push([fragment]);
        else groups.at(-1)?.push(fragment);
    }
    return groups;
}

/**
 * @param {Uint8Array} bytes
 * @param {Part[]} parts
 * @returns {Uint8Array}
 */
function joined(bytes, parts) {
    const [only, ...others] = parts.map(({ start, end }) => bytes.subarray(start, end));
    if (only && others.length === 0) return only;
    const all = only ? [only, ...others] : [];
    const whole = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of all) {
        whole.set(part, at);
        at += part.length;
    }
    return whole;
}

/**
 * @param {DataSet} set
 * @param {DicomElement} element with the pixels
 * @param {number} frames
 * @returns {(frame: number) => Uint8Array} the bytes of a compressed frame
 * @throws {import('./error.js').FileError} when the fragments cannot be divided into so many frames
 */
export function compressedFrames(set, element, frames) {
    const bytes = /** @type {Uint8Array} */ (set.byteArray);
    const fragments = fragmentsOf(bytes, element);
    /** @type {Part[][]} */
    let groups;
    if (frames === 1) groups = [fragments];
    else if (fragments.length === frames) groups = fragments.map(fragment => [fragment]);
    else groups = byTable(fragments, element.basicOffsetTable ?? [], frames) ?? byStart(bytes, fragments);
    if (groups.length !== frames) throw damaged(`${groups.length} of ${frames} frames`);
    return frame => joined(bytes, groups[frame] ?? []);
}

/**
 * @param {DataSet} set
 * @param {DicomElement} element with the pixels
 * @returns {Uint8Array} all fragments: the stream of a video
 */
export function wholeStream(set, element) {
    const bytes = /** @type {Uint8Array} */ (set.byteArray);
    return joined(bytes, fragmentsOf(bytes, element));
}

/**
 * @param {DataSet} set
 * @param {DicomElement} element with the pixels
 * @param {number} size bytes of a frame
 * @param {number} frames
 * @param {boolean} swapped whether bytes are written as words with the high byte first
 * @returns {(frame: number) => Uint8Array} the bytes of an uncompressed frame
 */
export function plainFrames(set, element, size, frames, swapped) {
    const bytes = /** @type {Uint8Array} */ (set.byteArray);
    if (element.encapsulatedPixelData) {
        const frameOf = compressedFrames(set, element, frames);
        return frame => {
            const part = frameOf(frame);
            if (part.length < size) throw damaged(`${part.length} of ${size} bytes of pixels`);
            return part.subarray(0, size);
        };
    }
    const held = bytes.length - element.dataOffset;
    if (element.length > held || element.length < size * frames)
        throw damaged(`${Math.min(held, element.length)} of ${Math.max(element.length, size * frames)} bytes of pixels`);
    if (!swapped) return frame => bytes.subarray(element.dataOffset + frame * size, element.dataOffset + (frame + 1) * size);
    return frame => Uint8Array.from({ length: size }, (_, index) => bytes[element.dataOffset + ((frame * size + index) ^ 1)] ?? 0);
}
