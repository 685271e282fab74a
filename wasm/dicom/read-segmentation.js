/**
 * The masks of DICOM Segmentation objects, also of other programs: a bit per pixel, shares (from half of the maximum on) or
 * label maps, plain or compressed.
 */
import { decodeText } from './character-sets.js';
import { damaged, FileError } from './error.js';
import { reading } from './read.js';
import { framesOf, layoutOf } from './segmented-frames.js';

/** @typedef {import('./header.js').Header} Header */

/**
 * @typedef {object} ReadSegment
 * @property {number} number
 * @property {string} label ""
 * @property {Uint8Array} mask 0 or 255
 */

/**
 * A frame of the object.
 * @typedef {object} ReadMask
 * @property {string} source SOP instance of the image
 * @property {number | null} frame of the image, from 0 on; null: the file names none (frame-masks.js)
 * @property {string} place masks without a frame are in the order of these texts
 * @property {boolean} isLabelMap whether it may hold several segments
 * @property {boolean} isDerived whether the file names the image at the frame, and not only for the whole object
 * @property {number} width
 * @property {number} height
 * @property {ReadSegment[]} segments by their number; of a label map those that are in the frame
 */

/** Segment Number (0062,000B) as dicom-parser reads a tag as two words. */
const SEGMENT_NUMBER = [0x0062, 0x000b];
/** The code of a segment that is none: "Background" of label maps. */
const BACKGROUND = '125040';

/**
 * @param {Header} frame functional groups of a frame
 * @param {Header} shared
 * @returns {{ source: string, frame: number | null }[]} the frames that it is of; null: no number, which means all frames
 *     (PS3.3, 10.3); empty when it does not say
 */
function sourcesOf(frame, shared) {
    const derivation = frame.items('x00089124').length > 0 ? frame.items('x00089124') : shared.items('x00089124');
    return derivation.flatMap(each => each.items('x00082112')).flatMap(image => {
        const source = image.text('x00081155') ?? '';
        // One frame of the object may be of several frames of the image.
        const numbers = image.text('x00081160', true)?.split('\\') ?? [];
        /** @type {(number | null)[]} */
        const frames = numbers.length > 0 && numbers[0] !== '' ? numbers.map(number => Number(number) - 1) : [null];
        return frames.map(number => ({ source, frame: number }));
    });
}

/**
 * @param {Header} header
 * @returns {string | null} the instance that the whole object is of, where it is one only
 */
function onlySource(header) {
    const instances = header.items('x00081115').flatMap(series => series.items('x0008114a')).map(each => each.text('x00081155') ?? '');
    return instances.length === 1 ? (instances[0] ?? null) : null;
}

/**
 * The values of the dimensions of the object's frames, but for the segment.
 * @param {Header} header
 * @param {Header[]} groups functional groups of the frames
 * @returns {string[]} keys that sort in their order; "" without dimensions
 */
function placesOf(header, groups) {
    const isOfSegment = header.items('x00209222').map(each => SEGMENT_NUMBER.every((word, index) => each.number('x00209165', index) === word));
    return groups.map(group => {
        const values = (group.items('x00209111')[0]?.longs('x00209157') ?? []).filter((_, at) => isOfSegment[at] === false);
        return values.map(value => String(value).padStart(10, '0')).join('/');
    });
}

/**
 * @param {Header} header
 * @returns {Map<number, string>} labels of the segments by number, without the background
 */
function labelsOf(header) {
    const terms = (header.text('x00080005', true) ?? '').split('\\');
    const isBackground = (/** @type {Header} */ segment) => segment.item('x0062000f')?.text('x00080100') === BACKGROUND;
    return new Map(header.items('x00620002').filter(segment => !isBackground(segment))
        .map(segment => [segment.number('x00620004') ?? 0, decodeText(segment.bytes('x00620005'), terms).trim()]));
}

/**
 * @param {import('./decode.js').Samples} values of a frame
 * @param {Header} header
 * @param {import('./segmented-frames.js').Kind} kind
 * @param {number} segment that the frame is of, where it is of one
 * @param {Map<number, string>} labels
 * @returns {ReadSegment[]} the segments in the frame
 */
function segmentsIn(values, header, kind, segment, labels) {
    const made = (/** @type {number} */ number, /** @type {(value: number) => boolean} */ isInside) =>
        ({ number, label: labels.get(number) ?? '', mask: Uint8Array.from(values, value => (isInside(value) ? 255 : 0)) });
    if (kind === 'BINARY') return [made(segment, value => value > 0)];
    if (kind === 'FRACTIONAL') {
        const least = Math.max(1, (header.number('x0062000e') ?? 255) / 2);
        return [made(segment, value => value >= least)];
    }
    const padding = header.number('x00280120') ?? 0;
    const numbers = [...new Set(values)].filter(number => number !== 0 && number !== padding && (labels.has(number) || labels.size === 0));
    return numbers.sort((a, b) => a - b).map(number => made(number, value => value === number));
}

/**
 * @param {Header} header
 * @param {import('dicom-parser').DataSet} set
 * @param {string} syntax
 * @param {import('./read.js').Libraries} libraries
 * @returns {Promise<ReadMask[]>}
 * @throws {FileError}
 */
export async function masksOf(header, set, syntax, libraries) {
    const layout = reading(() => layoutOf(header));
    const { kind, width, height, count } = layout;
    const values = await framesOf(header, set, syntax, layout, libraries);
    return reading(() => {
        const groups = header.items('x52009230');
        const shared = header.items('x52009229')[0] ?? header;
        const places = placesOf(header, groups);
        const labels = labelsOf(header);
        const single = onlySource(header);
        /** @type {ReadMask[]} */
        const masks = [];
        for (let index = 0; index < count; index++) {
            const group = groups[index];
            const identity = group?.item('x0062000a') ?? shared.item('x0062000a');
            const segments = segmentsIn(values(index), header, kind, identity?.number('x0062000b') ?? 1, labels);
            const named = group ? sourcesOf(group, shared) : [];
            // Some writers name no image per frame when there is only one.
            const of = named.length > 0 ? named : single === null ? [] : [{ source: single, frame: null }];
            if (of.length === 0 && segments.some(({ mask }) => mask.includes(255))) throw new FileError('frames', `frame ${index + 1} does not name its image`);
            for (const { source, frame } of of) {
                if (frame !== null && !(frame >= 0)) throw damaged('a frame number of its image');
                masks.push({ source, frame, place: places[index] ?? '', isLabelMap: kind === 'LABELMAP', isDerived: named.length > 0, width, height, segments });
            }
        }
        if (masks.length === 0) throw new FileError('frames', 'it does not name its image');
        return masks;
    });
}
