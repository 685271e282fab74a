/** Checksums of image files: they find the image of a session, and copies of the same image. */

/** @typedef {import('../state/item.js').Item} Item */

const PAUSE_AFTER = 12; // milliseconds: the size of a file is read from the disk

/**
 * @param {Blob} file
 * @returns {Promise<string>} SHA-256, hexadecimal; "" where the browser cannot compute it or read the file
 */
export async function sha256Of(file) {
    if (!globalThis.crypto?.subtle) return '';
    try {
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
        return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
    } catch {
        return '';
    }
}

/**
 * @param {Item} item
 * @returns {Promise<string>} its checksum, computed once
 */
export async function checksumOf(item) {
    if (!item.sha256 && item.state !== 'missing') item.sha256 = await sha256Of(item.file);
    return item.sha256;
}

/**
 * Only files with as many bytes as another one are read.
 * @param {Item[]} items
 * @returns {Promise<Item[]>} those whose file has the same content as an earlier one
 */
export async function copiesIn(items) {
    /** @type {Map<number, Item[]>} */
    const bySize = new Map();
    let paused = performance.now();
    for (const item of items) {
        const { bytes } = item;
        const same = bySize.get(bytes);
        if (same) same.push(item);
        else bySize.set(bytes, [item]);
        if (performance.now() - paused < PAUSE_AFTER) continue;
        await new Promise(resolve => {
            setTimeout(resolve);
        });
        paused = performance.now();
    }
    const copies = [];
    for (const group of bySize.values()) {
        if (group.length < 2) continue;
        /** @type {Set<string>} */
        const seen = new Set();
        for (const item of group) {
            const sum = await checksumOf(item);
            if (sum && seen.has(sum)) copies.push(item);
            seen.add(sum);
        }
    }
    return copies;
}

/**
 * @param {Item[]} missing items of a session without their files
 * @param {File} file
 * @returns {Promise<{ item: Item | null, sha256: string, other: Item | null }>} `item`: the file is its image; `other`:
 *     the file has the name of that one, but another content
 */
export async function findMissing(missing, file) {
    const named = missing.find(({ name }) => name === file.name) ?? null;
    const sized = missing.filter(({ bytes }) => bytes === file.size);
    const sha256 = sized.length > 0 ? await sha256Of(file) : '';
    const item = sized.find(candidate => candidate.sha256 !== '' && candidate.sha256 === sha256);
    // Without checksums the name and the size decide.
    const found = item ?? (sha256 === '' && named && sized.includes(named) ? named : null);
    return { item: found, sha256, other: found ? null : named };
}
