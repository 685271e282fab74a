/** Names of exported files. */

/** @typedef {import('../state/item.js').Item} Item */

/** @param {string} name */
export function withoutExtension(name) {
    return name.replace(/\.[^.]+$/, '') || name;
}

/**
 * A name for every picture, once each: the file's own, numbered where two files share it. DICOM files are often named
 * after the patient, so theirs are replaced unless the user asks for them.
 * @param {Item[]} items
 * @param {boolean} keepDicomNames
 * @returns {Map<Item, string>} without extension
 */
export function exportNames(items, keepDicomNames) {
    /** @type {Map<Item, string>} */
    const names = new Map();
    /** @type {Set<string>} */
    const taken = new Set();
    let dicoms = 0;
    for (const item of items) {
        const dicom = item.source?.kind === 'dicom' && !keepDicomNames;
        const wanted = dicom ? `dicom-${++dicoms}` : withoutExtension(item.name);
        let name = wanted;
        for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted} (${number})`;
        taken.add(name.toLowerCase());
        names.set(item, name);
    }
    return names;
}
