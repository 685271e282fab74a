/**
 * DICOM Segmentation objects, also those of other programs, as masks of the images that they are of; and the judgement of the
 * reader in reports of report.js.
 */
import { CODES, OWN_SCHEME, WORDS } from './codes.js';
import { decodeText } from './character-sets.js';
import { FileError, damaged } from './error.js';
import { Header } from './header.js';
import { parse } from './parse.js';
import { reading } from './read.js';
import { READER_WORDS, REPORT_CLASS } from './report.js';
import { SEGMENTATION_CLASS } from './segmentation.js';
import { BIG_ENDIAN, codingOf, nameOf } from './syntaxes.js';

/** @typedef {import('./report.js').Judgement} Judgement */

/**
 * @typedef {object} ReadMask
 * @property {string} source SOP instance of the image
 * @property {number} frame of the image, from 0 on
 * @property {number} width
 * @property {number} height
 * @property {Uint8Array} mask all segments together, 0 or 255
 */

/**
 * @typedef {object} ReadDerived
 * @property {'SEG' | 'SR'} kind
 * @property {ReadMask[]} masks of a SEG: one per frame of an image
 * @property {{ source: string, judgement: Judgement } | null} judgement of an SR of this program, where a reader made one
 */

/** Of all frames together. */
const MOST_PIXELS = 512e6;

/** @param {Header} header */
const classOf = header => header.text('x00080016') ?? header.text('x00020002') ?? '';

/**
 * @param {Header} frame functional groups of a frame
 * @param {Header} shared
 * @returns {{ source: string, frame: number }[]} the frames that it is of; empty when it does not say
 */
function sourcesOf(frame, shared) {
    const derivation = frame.items('x00089124').length > 0 ? frame.items('x00089124') : shared.items('x00089124');
    return derivation.flatMap(each => each.items('x00082112')).flatMap(image =>
        // One frame of the object may be of several frames of the image.
        (image.text('x00081160', true) ?? '1').split('\\').map(number => ({ source: image.text('x00081155') ?? '', frame: Number(number) - 1 })));
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
 * @param {Header} header
 * @param {string} syntax
 * @returns {ReadMask[]}
 */
function masksOf(header, syntax) {
    if (codingOf(syntax) !== 'raw') throw new FileError('syntax', nameOf(syntax));
    const [width, height] = [header.number('x00280011') ?? 0, header.number('x00280010') ?? 0];
    const kind = header.text('x00620001') ?? '';
    const size = width * height;
    const count = Number(header.text('x00280008') ?? 1);
    const bits = header.number('x00280100') ?? 0;
    if (size === 0 || !(count >= 1) || !Number.isInteger(count)) throw damaged(`${width} × ${height} pixels, ${count} frames`);
    if (size * count > MOST_PIXELS) throw new FileError('too-large', `${width} × ${height} pixels, ${count} frames`);
    if (!((kind === 'BINARY' && bits === 1) || (kind === 'FRACTIONAL' && bits === 8))) throw new FileError('kind', `${kind}, ${bits} bits`);
    const pixels = header.bytes('x7fe00010');
    if (pixels.length < Math.ceil((size * count * bits) / 8)) throw damaged(`${pixels.length} bytes of pixels`);
    const least = (header.number('x0062000e') ?? 255) / 2;
    const groups = header.items('x52009230');
    const shared = header.items('x52009229')[0] ?? header;
    const single = onlySource(header);
    /** @type {Map<string, ReadMask>} */
    const masks = new Map();
    for (let index = 0; index < count; index++) {
        const group = groups[index];
        const named = group ? sourcesOf(group, shared) : [];
        // Some writers name no image per frame when there is only one.
        const of = named.length > 0 ? named : single === null ? [] : [{ source: single, frame: 0 }];
        for (const { source, frame } of of) {
            if (!(frame >= 0)) throw damaged('a frame number of its image');
            const key = `${source}/${frame}`;
            const read = masks.get(key) ?? { source, frame, width, height, mask: new Uint8Array(size) };
            masks.set(key, read);
            for (let at = 0, bit = index * size; at < size; at++, bit++) {
                const isInside = bits === 1 ? ((pixels[bit >> 3] ?? 0) >> (bit & 7)) & 1 : (pixels[bit] ?? 0) >= least && (pixels[bit] ?? 0) > 0;
                if (isInside) read.mask[at] = 255;
            }
        }
    }
    if (masks.size === 0) throw new FileError('no-segmentation', 'it does not name its image');
    return [...masks.values()];
}

/** Types by their codes. @type {Record<string, NonNullable<Judgement['type']>>} */
const TYPES = { '30807003': 'benign', '21594007': 'malignant', '111286': 'normal' };

/** The kinds of the reader's words, by the codes of their names. */
const KINDS = new Map(READER_WORDS.map(kind => [String(CODES[kind][0]?.['CodeValue']), kind]));

/**
 * @param {Header} header
 * @returns {ReadDerived['judgement']}
 */
function judgementOf(header) {
    const terms = (header.text('x00080005', true) ?? '').split('\\');
    const concept = (/** @type {Header} */ item) => item.item('x0040a043')?.text('x00080100') ?? '';
    const groups = header.items('x0040a730').filter(item => concept(item) === '126010').flatMap(item => item.items('x0040a730'));
    for (const group of groups) {
        const items = group.items('x0040a730');
        const isOfPerson = items.some(item => concept(item) === '121005' && item.item('x0040a168')?.text('x00080100') === '121006');
        if (!isOfPerson) continue;
        /** @type {Judgement} */
        const judgement = { type: null, birads: '', notes: '' };
        let source = '';
        for (const item of items) {
            const value = item.item('x0040a168');
            const given = value?.text('x00080100') ?? '';
            if (item.text('x0040a040') === 'IMAGE') source ||= item.item('x00081199')?.text('x00081155') ?? '';
            else if (concept(item) === '121073' || concept(item) === '121071') judgement.type = TYPES[given] ?? judgement.type;
            else if (concept(item) === '111005' && value?.text('x00080102') === OWN_SCHEME) judgement.birads = given.replace(/^BIRADS-/, '');
            else if (KINDS.has(concept(item))) {
                const kind = /** @type {typeof READER_WORDS[number]} */ (KINDS.get(concept(item)));
                const word = Object.entries(WORDS[kind]).find(([, [each]]) => each?.['CodeValue'] === given)?.[0];
                if (word) judgement.words = { ...judgement.words, [kind]: word };
            } else if (concept(item) === '121106') judgement.notes = decodeText(item.bytes('x0040a160'), terms);
        }
        return { source, judgement };
    }
    return null;
}

/**
 * @param {Uint8Array} bytes of a DICOM file
 * @param {import('./read.js').Libraries} libraries
 * @returns {Promise<ReadDerived | null>} null: it is neither a SEG nor a report
 * @throws {FileError}
 */
export async function readDerived(bytes, libraries) {
    const { set, syntax, truncated } = await parse(bytes, await libraries.parser(), libraries.inflate);
    return reading(() => {
        const header = new Header(set, syntax !== BIG_ENDIAN);
        const sopClass = classOf(header);
        if (sopClass !== SEGMENTATION_CLASS && sopClass !== REPORT_CLASS) return null;
        if (truncated) throw damaged(truncated);
        if (sopClass === SEGMENTATION_CLASS) return { kind: 'SEG', masks: masksOf(header, syntax), judgement: null };
        return { kind: 'SR', masks: [], judgement: judgementOf(header) };
    });
}
