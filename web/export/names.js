/** Names of images in exported files. */
import { kindOfFile } from '../input/open.js';

/** @typedef {import('../state/item.js').Item} Item */

/**
 * @typedef {object} ExportName
 * @property {string} stem for names of files, unique
 * @property {string} file the image's own name with its extension; for a DICOM file the stem, unless the user keeps names
 * @property {string} image for files of annotations, which are read again: `file`, with its folders where several images share it
 * @property {boolean} hidden whether everything that may contain a patient's name is left out
 */

/** @param {string} name */
export function withoutExtension(name) {
    return name.replace(/\.[^.]+$/, '') || name;
}

/**
 * A unique name per image: the file's own, numbered where two files share it. DICOM files are often named after the
 * patient, so their names are replaced unless the user keeps them. Files that were not opened are recognised by their
 * first bytes; one that cannot be read is treated like a DICOM file.
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
        const file = hidden ? stem : item.name;
        names.set(item, { stem, file, image: file, hidden });
    }
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { file } of names.values()) counts.set(file.toLowerCase(), (counts.get(file.toLowerCase()) ?? 0) + 1);
    for (const [item, name] of names) if (!name.hidden && (counts.get(name.file.toLowerCase()) ?? 0) > 1) name.image = item.path;
    return names;
}

/**
 * @param {Item} item
 * @param {number} frame
 * @returns {string} the suffix for a frame of a loop; "" for a single image
 */
export function frameEnding(item, frame) {
    return item.frameCount > 1 ? `_frame${String(frame + 1).padStart(String(item.frameCount).length, '0')}` : '';
}
