/** Files out of drops, pastes and pickers; folders are walked. */

/** @typedef {{ file: File, path: string }} Found */

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
    // A reader gives its entries in portions, at most a hundred at a time in Chromium, until it gives none.
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
 * @param {DataTransfer} transfer must be asked at once: it is emptied when the event is over
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
 * Leaves out what file managers put into folders and nobody means.
 * @param {Found[]} found
 * @returns {Found[]}
 */
export function withoutClutter(found) {
    return found.filter(({ file }) => !/^(\.|thumbs\.db$|desktop\.ini$)/i.test(file.name));
}
