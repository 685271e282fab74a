/** Fetches the weights and compares them with the published checksum. */
import { earlyChecksum, earlyWeights } from './early.js';
import { inlined } from './inlined.js';

const WEIGHTS_URL = new URL('../../weights/sonomask.safetensors', import.meta.url);

/** A resource of the page that could not be loaded or is not the right one. */
export class ResourceError extends Error {
    /** @readonly @override */
    name = 'ResourceError';

    /**
     * @param {'weights-missing' | 'weights-html' | 'weights-altered'} code
     * @param {string} message
     */
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<string>}
 */
async function sha256Of(bytes) {
    if (!globalThis.crypto?.subtle) return '';
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** @returns {Promise<string | null>} the published checksum, or null when none is published */
export async function fetchChecksum() {
    if (inlined) return inlined.sha256;
    const response = await earlyChecksum().catch(() => null);
    if (!response?.ok) return null;
    const line = (await response.text()).split('\n').find(text => text.trim().endsWith('sonomask.safetensors'));
    return line?.match(/^[0-9a-f]{64}/)?.[0] ?? null;
}

/**
 * @param {(share: number) => void} onProgress
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function fetchWeights(onProgress) {
    if (inlined) return inlined.weights;
    const early = await earlyWeights(onProgress);
    if (early) return early;
    // Again, for the reason.
    const response = await fetch(WEIGHTS_URL).catch(error => {
        throw new ResourceError('weights-missing', String(error));
    });
    const { pathname } = new URL(response.url);
    if (!response.ok) throw new ResourceError('weights-missing', `${pathname}: HTTP ${response.status}`);
    if (response.headers.get('content-type')?.startsWith('text/html'))
        throw new ResourceError('weights-html', `${pathname} is a web page`);
    return new Uint8Array(await response.arrayBuffer());
}

/**
 * @typedef {object} CheckedWeights
 * @property {number} bytes
 * @property {string} sha256 hexadecimal; "" where the browser cannot compute it (a page without https)
 * @property {boolean} verified whether it equals the published one; false when none is published
 */

/**
 * Throws weights-altered when the checksum differs from the published one.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {Promise<string | null>} checksum the published one
 * @returns {Promise<CheckedWeights>}
 */
export async function checkWeights(bytes, checksum) {
    const [sha256, published] = await Promise.all([sha256Of(bytes), checksum]);
    if (sha256 && published && sha256 !== published)
        throw new ResourceError('weights-altered', `SHA-256 is ${sha256}, published is ${published}`);
    return { bytes: bytes.byteLength, sha256, verified: sha256 !== '' && sha256 === published };
}
