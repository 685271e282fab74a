/** A client of DICOMweb (PS3.18): searches (QIDO-RS), reads files (WADO-RS) and stores them (STOW-RS), in browsers and Node. */
import { Archive, ArchiveError } from './archive.js';
import { FileError } from './error.js';
import { multipart, partsOf } from './multipart.js';

const SLOWEST_UPLOAD = 50; // bytes per millisecond

/** @typedef {Record<string, { vr?: string, Value?: any[] } | undefined>} JsonDataSet by tag, "0020000D" (PS3.18, F) */

/**
 * @param {JsonDataSet} set
 * @param {string} tag
 * @returns {string} its first value; "" without one
 */
export function textOf(set, tag) {
    const [value] = set[tag]?.Value ?? [];
    if (value === undefined || value === null) return '';
    return String(typeof value === 'object' ? (value.Alphabetic ?? value.Ideographic ?? value.Phonetic ?? '') : value).trim();
}

/**
 * @typedef {object} Stored
 * @property {string[]} stored SOP instances
 * @property {{ sopInstance: string, reason: number }[]} failed with the code of PS3.18, I.2.2
 */

export class DicomWeb {
    #archive;

    /**
     * @param {string} root address of the services
     * @param {ConstructorParameters<typeof Archive>[1]} [options]
     */
    constructor(root, options) {
        this.#archive = new Archive(root, options);
    }

    /**
     * @param {string} path of the kind of object, such as "studies"
     * @param {[name: string, value: string][]} query
     * @param {AbortSignal} [signal]
     * @returns {Promise<JsonDataSet[]>}
     */
    async search(path, query, signal) {
        const { body, type } = await this.#archive.request(`${path}?${new URLSearchParams(query)}`, { signal, headers: { Accept: 'application/dicom+json' } });
        if (body.length === 0) return [];
        try {
            const found = JSON.parse(new TextDecoder().decode(body));
            if (Array.isArray(found)) return found;
        } catch {
            // It is reported below.
        }
        throw new ArchiveError('answer', `a search gave ${type || 'no list'}`);
    }

    /**
     * Reads a file as the archive keeps it.
     * @param {{ study: string, series: string, sopInstance: string }} instance
     * @param {AbortSignal} [signal]
     * @returns {Promise<Uint8Array<ArrayBuffer>>}
     */
    async retrieve({ study, series, sopInstance }, signal) {
        const { body, type } = await this.#archive.request(`studies/${study}/series/${series}/instances/${sopInstance}`, {
            signal, headers: { Accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
        });
        try {
            const [file] = partsOf(body, type);
            if (file) return /** @type {Uint8Array<ArrayBuffer>} */ (file);
        } catch (error) {
            if (error instanceof FileError) throw new ArchiveError('answer', error.detail, { cause: error });
            throw error;
        }
        throw new ArchiveError('missing', 'an answer without a file');
    }

    /**
     * @param {Uint8Array<ArrayBuffer>[]} files DICOM files
     * @param {AbortSignal} [signal]
     * @returns {Promise<Stored>}
     * @throws {ArchiveError} none of them was stored
     */
    async store(files, signal) {
        const { body: sent, type } = multipart(files);
        const { status, body } = await this.#archive.request('studies', {
            method: 'POST', body: sent, signal, headers: { 'Content-Type': type, Accept: 'application/dicom+json' },
            patience: this.#archive.patience + sent.size / SLOWEST_UPLOAD,
        });
        /** @type {JsonDataSet} */
        let answer = {};
        try {
            if (body.length > 0) answer = JSON.parse(new TextDecoder().decode(body));
        } catch (error) {
            throw new ArchiveError('answer', 'storing gave no list', { cause: error });
        }
        const items = (/** @type {string} */ tag) => /** @type {JsonDataSet[]} */ (answer[tag]?.Value ?? []);
        const stored = items('00081199').map(item => textOf(item, '00081155'));
        const failed = items('00081198').map(item => ({ sopInstance: textOf(item, '00081155'), reason: Number(textOf(item, '00081197')) }));
        if (status === 409 && failed.length === 0) throw new ArchiveError('not-stored', 'HTTP 409');
        return { stored, failed };
    }
}
