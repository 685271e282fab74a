/** The masks of a Segmentation object, by the frames of their image. */
import { FileError } from './error.js';

/**
 * @typedef {import('./read-segmentation.js').ReadMask} ReadMask
 * @typedef {import('./read-segmentation.js').ReadSegment} ReadSegment
 */

/**
 * The mask of a frame of an image.
 * @typedef {object} FrameMask
 * @property {number} width
 * @property {number} height
 * @property {Uint8Array} mask all segments together, 0 or 255
 * @property {ReadSegment[]} segments by their number
 */

/**
 * @param {Uint8Array} mask changed
 * @param {Uint8Array} more
 */
function unite(mask, more) {
    for (let at = 0; at < mask.length; at++) if (more[at] !== 0) mask[at] = 255;
}

/**
 * @param {{ mask: Uint8Array, segments: ReadSegment[] }} united changed
 * @param {ReadSegment[]} segments
 */
function add(united, segments) {
    for (const segment of segments) {
        const same = united.segments.find(({ number }) => number === segment.number);
        if (same) unite(same.mask, segment.mask);
        else united.segments.push({ ...segment, mask: segment.mask.slice() });
        unite(united.mask, segment.mask);
    }
    united.segments.sort((a, b) => a.number - b.number);
}

/**
 * The masks of an image by its frames. A mask without a number of a frame is of the only frame. For a loop, either each segment
 * has as many masks as there are frames, and their order is that of the frames; or each has one, at which the file names the
 * image, which means all frames (PS3.3, 10.3). Nothing else is guessed: files leave out empty masks, and count the others.
 * @param {ReadMask[]} masks of one image
 * @param {number} frameCount of the image
 * @returns {Map<number, FrameMask>} by frame, from 0 on
 * @throws {FileError} `frames`: it does not say, or the image does not have the frame
 */
export function byFrame(masks, frameCount) {
    /** @type {Map<number, FrameMask>} */
    const found = new Map();
    const give = (/** @type {number} */ frame, /** @type {ReadMask} */ { width, height, segments }) => {
        const united = found.get(frame) ?? { width, height, mask: new Uint8Array(width * height), segments: [] };
        found.set(frame, united);
        add(united, segments);
    };
    /** Those without a frame, by their segments. @type {Map<string, ReadMask[]>} */
    const open = new Map();
    for (const read of masks) {
        const { frame } = read;
        if (frame !== null && frame >= frameCount) throw new FileError('frames', `one is of frame ${frame + 1}, and the image has ${frameCount}`);
        if (frame !== null || frameCount === 1) {
            give(frame ?? 0, read);
            continue;
        }
        const segment = read.isLabelMap ? '' : String(read.segments[0]?.number);
        open.set(segment, [...(open.get(segment) ?? []), read]);
    }
    for (const each of open.values()) {
        const [first] = each;
        const inOrder = [...each].sort((a, b) => (a.place < b.place ? -1 : Number(a.place > b.place)));
        if (each.length === frameCount) for (const [frame, read] of inOrder.entries()) give(frame, read);
        else if (each.length === 1 && first?.isDerived) for (let frame = 0; frame < frameCount; frame++) give(frame, first);
        else throw new FileError('frames', `there are ${each.length} masks for ${frameCount} frames, without their numbers`);
    }
    return found;
}

/**
 * The united mask, in which segments that touch stay parts of their own: of two segments without a common pixel, the pixels of
 * one that touch the other are left out, a line of one pixel. Segments that overlap stay together.
 * @param {FrameMask} read
 * @returns {Uint8Array} [height][width], 0 or 255; `read.mask` itself when nothing touches
 */
export function apart({ width, height, mask, segments }) {
    if (segments.length < 2) return mask;
    const group = segments.map((_, index) => index);
    const rootOf = (/** @type {number} */ index) => {
        let root = index;
        while (group[root] !== root) root = /** @type {number} */ (group[root]);
        return root;
    };
    /** The segment of each pixel, from 1 on. */
    const owner = new Uint16Array(width * height);
    for (const [index, segment] of segments.entries())
        for (let at = 0; at < owner.length; at++) {
            if (segment.mask[at] === 0) continue;
            const other = /** @type {number} */ (owner[at]);
            if (other === 0) owner[at] = index + 1;
            else group[rootOf(index)] = rootOf(other - 1);
        }
    const roots = group.map((_, index) => rootOf(index) + 1);
    /** @type {Uint8Array | null} */
    let output = null;
    for (let y = 0, at = 0; y < height; y++)
        for (let x = 0; x < width; x++, at++) {
            const own = owner[at];
            if (!own) continue;
            const isOther = (/** @type {number} */ beside) => owner[beside] !== 0 && roots[/** @type {number} */ (owner[beside]) - 1] !== roots[own - 1];
            const touches = (x > 0 && isOther(at - 1)) || (y > 0 && ((x > 0 && isOther(at - width - 1)) || isOther(at - width) || (x < width - 1 && isOther(at - width + 1))));
            if (!touches) continue;
            output ??= mask.slice();
            output[at] = 0;
            owner[at] = 0;
        }
    return output ?? mask;
}
