/** Folders with a DICOMDIR: its images in its order. Programs, texts and the index itself are left out. */
import { isDirectoryName } from '../../wasm/dicom/directory-name.js';

/**
 * @typedef {import('./collect.js').Found} Found
 */

/**
 * @typedef {object} Arranged
 * @property {Found[]} found
 * @property {number} missing images of the index that are not among the files
 */

/**
 * @param {Found[]} found
 * @returns {Found | undefined} the index
 */
function directoryOf(found) {
    return found.find(({ file }) => isDirectoryName(file.name));
}

/**
 * @param {Found[]} found
 * @returns {boolean} whether they are a folder with an index. An index alone is opened like any file, which gives the reason.
 */
export function hasDirectory(found) {
    return found.length > 1 && directoryOf(found) !== undefined;
}

/** Discs write file names in capitals, and other systems change that. @param {string} path */
const folded = path => path.toLowerCase();

/**
 * @param {Found[]} all
 * @returns {Promise<Arranged>}
 */
export async function arranged(all) {
    const index = directoryOf(all);
    if (!index) return { found: all, missing: 0 };
    const { ask, newSource } = await import('./decoding.js');
    const base = index.path.slice(0, index.path.length - index.file.name.length);
    /** @type {string[]} */
    const wanted = await ask({ source: newSource(), kind: 'directory', file: index.file, frame: null });
    const byPath = new Map(all.map(one => [folded(one.path), one]));
    // An index without images says nothing of the files beside it.
    if (wanted.length === 0) return { found: all, missing: 0 };
    const images = wanted.map(path => byPath.get(folded(base + path)));
    const inside = images.filter(image => image !== undefined);
    const outside = all.filter(({ path }) => !path.startsWith(base));
    // Other folders may have an index of their own.
    const others = hasDirectory(outside) ? await arranged(outside) : { found: outside, missing: 0 };
    return { found: [...inside, ...others.found], missing: images.length - inside.length + others.missing };
}
