/** The part of Orthanc's REST interface that the hook uses. */
import { Archive, ArchiveError } from '../dicom/archive.js';
import { DicomWeb } from '../dicom/dicomweb.js';

/** The number of the user-defined metadata "sonomask" (orthanc.json). */
const MARK = 4216;
/** The high byte of the failure reasons "out of resources", 0xA7xx. */
const OUT_OF_RESOURCES = 0xa7;

/** @typedef {{ sequence: number, instance: string | null }} Change the instance is null for changes of other kinds */

const decoder = new TextDecoder();

export class Orthanc {
    #archive;
    #web;

    /**
     * @param {string} address of the server
     * @param {{ user?: string, password?: string }} credentials
     */
    constructor(address, { user, password }) {
        const headers = /** @type {Record<string, string>} */ (user === undefined ? {}
            : { Authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` });
        const root = address.replace(/\/+$/, '');
        this.#archive = new Archive(root, { headers });
        this.#web = new DicomWeb(`${root}/dicom-web`, { headers });
    }

    /**
     * @param {string} path
     * @param {AbortSignal} [signal]
     * @returns {Promise<string>}
     */
    async #text(path, signal) {
        return decoder.decode((await this.#archive.request(path, { signal })).body).trim();
    }

    /**
     * @param {string} query
     * @param {AbortSignal} [signal]
     * @returns {Promise<{ changes: Change[], last: number, isAll: boolean }>} last: the sequence number to go on from
     */
    async #log(query, signal) {
        const { Changes, Last, Done } = JSON.parse(await this.#text(`changes?${query}`, signal));
        return {
            changes: Changes.map((/** @type {any} */ { Seq, ChangeType, ID }) => ({ sequence: Seq, instance: ChangeType === 'NewInstance' ? ID : null })),
            last: Last,
            isAll: Done,
        };
    }

    /**
     * @param {number} since sequence number of the last change that is known
     * @param {number} most how many
     * @param {AbortSignal} [signal]
     */
    changes(since, most, signal) {
        return this.#log(`since=${since}&limit=${most}`, signal);
    }

    /**
     * @param {AbortSignal} [signal]
     * @returns {Promise<number>} sequence number of the last change
     */
    async lastChange(signal) {
        return (await this.#log('last', signal)).last;
    }

    /**
     * @param {string} instance
     * @returns {Promise<string>} SOP class; "" when the instance was deleted
     */
    sopClass(instance) {
        return orNothing(this.#text(`instances/${instance}/metadata/SopClassUid`));
    }

    /**
     * @param {string} instance
     * @returns {Promise<string>} "" when it has none or was deleted
     */
    modality(instance) {
        return orNothing(this.#text(`instances/${instance}/content/0008-0060`));
    }

    /**
     * @param {string} instance
     * @returns {Promise<string>} what the hook noted at it; "" nothing
     */
    note(instance) {
        return orNothing(this.#text(`instances/${instance}/metadata/${MARK}`));
    }

    /**
     * @param {string} instance
     * @param {string} text
     */
    async setNote(instance, text) {
        await this.#archive.request(`instances/${instance}/metadata/${MARK}`, { method: 'PUT', body: text });
    }

    /** @param {string} instance */
    async file(instance) {
        return (await this.#archive.request(`instances/${instance}/file`, {})).body;
    }

    /** @param {Uint8Array<ArrayBuffer>[]} files */
    async store(files) {
        const { failed } = await this.#web.store(files);
        // Out of resources (PS3.18, I.2.2) may pass; what was stored meanwhile is not stored twice, as its identifiers stay.
        const isBusy = failed.some(({ reason }) => reason >>> 8 === OUT_OF_RESOURCES);
        if (failed.length > 0) throw new ArchiveError(isBusy ? 'full' : 'not-stored', failed.map(({ reason }) => `0x${reason.toString(16).padStart(4, '0')}`).join(', '));
    }
}

/**
 * @param {Promise<string>} reading
 * @returns {Promise<string>} "" when the archive does not have it
 */
async function orNothing(reading) {
    try {
        return await reading;
    } catch (error) {
        if (error instanceof ArchiveError && error.trouble === 'missing') return '';
        throw error;
    }
}
