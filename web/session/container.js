/** The session file: a ZIP archive with session.json and, on request, the images, which are stored uncompressed. */
import { itemOf, headOf, SessionError } from './format.js';

/** @typedef {import('./format.js').SavedSession} SavedSession */

export const SESSION_NAME = 'session.json';
const MOST_JSON = 512e6; // bytes
const MOST_ARCHIVE = 2 ** 32 - 2 ** 20; // bytes; larger archives need an extension of the format
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LONGEST_END = 65557; // bytes of the end record with the longest comment
const STORED = 0;
const DEFLATED = 8;

/**
 * @typedef {object} Entry
 * @property {number} method
 * @property {number} packed bytes
 * @property {number} size bytes
 * @property {number} at offset of its header
 */

/**
 * @param {Blob} file
 * @returns {Promise<Map<string, Entry>>} by name
 */
async function entriesOf(file) {
    const tail = new DataView(await file.slice(Math.max(0, file.size - LONGEST_END)).arrayBuffer());
    let end = tail.byteLength - 22;
    while (end >= 0 && tail.getUint32(end, true) !== END) end--;
    if (end < 0) throw new SessionError('session.truncated');
    const count = tail.getUint16(end + 10, true);
    const length = tail.getUint32(end + 12, true);
    const start = tail.getUint32(end + 16, true);
    if (start + length > file.size) throw new SessionError('session.truncated');
    const table = new DataView(await file.slice(start, start + length).arrayBuffer());
    /** @type {Map<string, Entry>} */
    const entries = new Map();
    const decoder = new TextDecoder();
    for (let index = 0, at = 0; index < count; index++) {
        if (at + 46 > table.byteLength || table.getUint32(at, true) !== ENTRY) throw new SessionError('session.truncated');
        const nameLength = table.getUint16(at + 28, true);
        if (at + 46 + nameLength > table.byteLength) throw new SessionError('session.truncated');
        const name = decoder.decode(new Uint8Array(table.buffer, at + 46, nameLength));
        entries.set(name, {
            method: table.getUint16(at + 10, true),
            packed: table.getUint32(at + 20, true),
            size: table.getUint32(at + 24, true),
            at: table.getUint32(at + 42, true),
        });
        at += 46 + nameLength + table.getUint16(at + 30, true) + table.getUint16(at + 32, true);
    }
    return entries;
}

/**
 * @param {Blob} file
 * @param {Entry} entry
 * @returns {Promise<Blob>} its bytes as they are in the archive; not read yet
 */
async function packedPart(file, { at, packed }) {
    const header = new DataView(await file.slice(at, at + 30).arrayBuffer());
    if (header.byteLength < 30) throw new SessionError('session.truncated');
    const start = at + 30 + header.getUint16(26, true) + header.getUint16(28, true);
    if (start + packed > file.size) throw new SessionError('session.truncated');
    return file.slice(start, start + packed);
}

/**
 * @param {Blob} file
 * @param {Entry} entry
 * @returns {Promise<string>}
 */
async function textOf(file, entry) {
    if (entry.size > MOST_JSON) throw new SessionError('session.damaged', SESSION_NAME);
    const part = await packedPart(file, entry);
    if (entry.method === STORED) return part.text();
    if (entry.method !== DEFLATED) throw new SessionError('session.damaged', SESSION_NAME);
    const reader = part.stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const parts = [];
    let length = 0;
    // The archive's own length may be wrong, so reading stops at it.
    for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        length += value.length;
        if (length > entry.size) throw new SessionError('session.damaged', SESSION_NAME);
        parts.push(value);
    }
    return new Blob(parts).text();
}

/**
 * @param {Blob} file
 * @returns {Promise<SavedSession & { images: Map<string, Blob> }>} images by their name in the archive
 * @throws {SessionError}
 */
export async function readSession(file) {
    const entries = await entriesOf(file);
    const head = entries.get(SESSION_NAME);
    if (!head) throw new SessionError('session.other');
    /** @type {any} */
    let json;
    try {
        json = JSON.parse(await textOf(file, head));
    } catch (error) {
        throw error instanceof SessionError ? error : new SessionError('session.damaged', SESSION_NAME);
    }
    const facts = headOf(json);
    if (!Array.isArray(json.items)) throw new SessionError('session.damaged', 'session.items');
    const items = json.items.map((/** @type {unknown} */ item, /** @type {number} */ index) => itemOf(item, `session.items[${index}]`));
    /** @type {Map<string, Blob>} */
    const images = new Map();
    for (const { image } of items) {
        const entry = entries.get(image);
        if (image && entry?.method === STORED) images.set(image, await packedPart(file, entry));
    }
    return { ...facts, items, images };
}

/**
 * @param {object} json the session
 * @param {[string, Blob][]} images by their name in the archive
 * @param {(done: number, total: number) => void} onProgress
 * @returns {Promise<Blob>}
 */
export async function writeSession(json, images, onProgress) {
    // @ts-ignore: the server finds it in node_modules
    const { Zip, ZipDeflate, ZipPassThrough, strToU8 } = /** @type {typeof import('fflate')} */ (await import('../vendor/fflate.js'));
    if (images.reduce((sum, [, { size }]) => sum + size, 0) > MOST_ARCHIVE) throw new SessionError('session.large');
    /** @type {BlobPart[]} */
    let parts = [];
    /** @type {Error | null} */
    let fault = null;
    const zip = new Zip((error, part) => {
        if (error) fault = error;
        else parts.push(/** @type {Uint8Array<ArrayBuffer>} */ (part));
    });
    const head = new ZipDeflate(SESSION_NAME);
    zip.add(head);
    head.push(strToU8(JSON.stringify(json)), true);
    for (const [done, [name, file]] of images.entries()) {
        onProgress(done, images.length);
        const entry = new ZipPassThrough(name);
        zip.add(entry);
        entry.push(new Uint8Array(await file.arrayBuffer()), true);
        // A blob is kept outside the memory of the page.
        parts = [new Blob(parts)];
    }
    zip.end();
    if (fault) throw fault;
    return new Blob(parts, { type: 'application/zip' });
}
