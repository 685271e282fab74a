/** What pictures are called in exported files. */
import { kindOfFile } from '../input/open.js';

/** @typedef {import('../state/item.js').Item} Item */

/**
 * @typedef {object} ExportName
 * @property {string} stem for names of files, unique
 * @property {string} file the picture's own name, with its extension; of a DICOM file the stem, unless the user wants names
 * @property {boolean} hidden whether nothing that may name a patient may be written
 */

/** @param {string} name */
export function withoutExtension(name) {
    return name.replace(/\.[^.]+$/, '') || name;
}

/**
 * A name for every picture, once each: the file's own, numbered where two files share it. DICOM files are often named
 * after the patient, so theirs are replaced unless the user asks for them. That holds also for those that were never
 * read, or could not be: their first bytes tell what they are, and a file whose bytes tell nothing is treated like one.
 * @param {Item[]} items
 * @param {boolean} keepDicomNames
 * @returns {Promise<Map<Item, ExportName>>}
 */
export async function exportNames(items, keepDicomNames) {
    const unknown = items.filter(({ kind }) => kind === null);
    await Promise.all(
        unknown.map(async item => {
            item.kind = await kindOfFile(item.file).catch(() => null);
        }),
    );
    /** @type {Map<Item, ExportName>} */
    const names = new Map();
    /** @type {Set<string>} */
    const taken = new Set();
    let dicoms = 0;
    for (const item of items) {
        const hidden = (item.kind === 'dicom' || item.kind === null) && !keepDicomNames;
        const wanted = hidden ? `dicom-${++dicoms}` : withoutExtension(item.name);
        let stem = wanted;
        for (let number = 2; taken.has(stem.toLowerCase()); number++) stem = `${wanted} (${number})`;
        taken.add(stem.toLowerCase());
        names.set(item, { stem, file: hidden ? stem : item.name, hidden });
    }
    return names;
}

/**
 * @param {Item} item
 * @param {number} frame
 * @returns {string} what tells the files of one frame of a loop from those of another; "" for a single picture
 */
export function frameEnding(item, frame) {
    return item.frameCount > 1 ? `_frame${String(frame + 1).padStart(String(item.frameCount).length, '0')}` : '';
}
