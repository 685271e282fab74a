/** Files from drops, pastes and pickers; folders are read recursively. */

/**
 * @typedef {object} Found
 * @property {File} file
 * @property {string} path
 * @property {Uint8Array} [head] its first bytes, where they are known
 * @property {boolean} [onlyHere] whether the picture is in no file: it is lost with the page
 */

/**
 * @param {Iterable<File>} files
 * @returns {Found[]}
 */
export function fromFiles(files) {
    return Array.from(files, file => ({ file, path: file.webkitRelativePath || file.name }));
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<Found[]>}
 */
async function fromEntry(entry) {
    const path = entry.fullPath.replace(/^\//, '');
    if (entry.isFile) {
        const handle = /** @type {FileSystemFileEntry} */ (entry);
        /** @type {File} */
        const file = await new Promise((resolve, reject) => {
            handle.file(resolve, reject);
        });
        return [{ file, path }];
    }
    const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
    /** @type {Found[]} */
    const found = [];
    // Each call returns some entries (at most 100 in Chromium); an empty list is the end.
    for (;;) {
        /** @type {FileSystemEntry[]} */
        const entries = await new Promise((resolve, reject) => {
            reader.readEntries(resolve, reject);
        });
        if (entries.length === 0) break;
        for (const child of entries) found.push(...(await fromEntry(child)));
    }
    return found;
}

/**
 * @param {DataTransfer} transfer call this within the event, after which the browser empties it
 * @returns {Promise<Found[]>}
 */
export async function fromTransfer(transfer) {
    const entries = Array.from(transfer.items, item => (item.kind === 'file' ? item.webkitGetAsEntry() : null));
    const files = fromFiles(transfer.files);
    if (!entries.some(entry => entry?.isDirectory)) return files;
    const found = [];
    for (const entry of entries) if (entry) found.push(...(await fromEntry(entry)));
    return found;
}

/**
 * Leaves out files of file managers, such as .DS_Store and Thumbs.db.
 * @param {Found[]} found
 * @returns {Found[]}
 */
export function withoutClutter(found) {
    return found.filter(({ file }) => !/^(\.|thumbs\.db$|desktop\.ini$)/i.test(file.name));
}
