/**
 * DICOM Segmentation objects, also those of other programs, as masks of the images that they are of; and the judgement of the
 * reader in reports of report.js.
 */
import { ASSESSMENTS, CODES, OWN_SCHEME, WORDS } from './codes.js';
import { decodeText } from './character-sets.js';
import { damaged } from './error.js';
import { Header } from './header.js';
import { parse } from './parse.js';
import { reading } from './read.js';
import { masksOf } from './read-segmentation.js';
import { READER_WORDS, REPORT_CLASS } from './report.js';
import { SEGMENTATION_CLASS } from './segmentation.js';
import { BIG_ENDIAN } from './syntaxes.js';

/**
 * @typedef {import('./report.js').Judgement} Judgement
 * @typedef {import('./read-segmentation.js').ReadMask} ReadMask
 */

/**
 * @typedef {object} ReadDerived
 * @property {'SEG' | 'SR'} kind
 * @property {ReadMask[]} masks of a SEG: one per frame of the object
 * @property {{ source: string, judgement: Judgement } | null} judgement of an SR of this program, where a reader made one
 */

/** Segmentation Storage, and Label Map Segmentation Storage (Supplement 243). */
const SEGMENTATION_CLASSES = [SEGMENTATION_CLASS, '1.2.840.10008.5.1.4.1.1.66.7'];

/** @param {Header} header */
const classOf = header => header.text('x00080016') ?? header.text('x00020002') ?? '';

/** Types by their codes. @type {Record<string, NonNullable<Judgement['type']>>} */
const TYPES = { '30807003': 'benign', '21594007': 'malignant', '111286': 'normal' };

/** The kinds of the reader's words, by the codes of their names. */
const KINDS = new Map(READER_WORDS.map(kind => [String(CODES[kind][0]?.['CodeValue']), kind]));

/** Categories by scheme and code. */
const CATEGORIES = new Map(Object.entries(ASSESSMENTS).map(([category, [item]]) => [`${item?.['CodingSchemeDesignator']} ${item?.['CodeValue']}`, category]));

/**
 * @param {Header} value of the assessment
 * @param {string} given its code
 * @returns {string} "" for a code of another list
 */
function categoryOf(value, given) {
    const scheme = value.text('x00080102') ?? '';
    // Version 0.1.0 wrote codes of its own.
    if (scheme === OWN_SCHEME) return given.replace(/^BIRADS-/, '');
    return CATEGORIES.get(`${scheme} ${given}`) ?? '';
}

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
            else if (concept(item) === '111005') judgement.birads = value ? categoryOf(value, given) : '';
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
 * @throws {import('./error.js').FileError}
 */
export async function readDerived(bytes, libraries) {
    const { set, syntax, truncated } = await parse(bytes, await libraries.parser(), libraries.inflate);
    const header = new Header(set, syntax !== BIG_ENDIAN);
    const sopClass = reading(() => classOf(header));
    const isSegmentation = SEGMENTATION_CLASSES.includes(sopClass);
    if (!isSegmentation && sopClass !== REPORT_CLASS) return null;
    if (truncated) throw damaged(truncated);
    if (isSegmentation) return { kind: 'SEG', masks: await masksOf(header, set, syntax, libraries), judgement: null };
    return { kind: 'SR', masks: [], judgement: reading(() => judgementOf(header)) };
}
