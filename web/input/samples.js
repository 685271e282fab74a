/** The samples: synthetic images that come with the page. */
import { inlined } from '../engine/inlined.js';
import { headOf } from './open.js';

/** @typedef {import('./collect.js').Found} Found */

const NAMES = ['phantom-1.png', 'phantom-2.png', 'phantom-3.png'];

/**
 * @param {string} name
 * @param {Promise<Response>} [requested]
 * @returns {Promise<BlobPart>}
 */
async function bytesOf(name, requested) {
    const own = inlined?.samples[name];
    if (own) return own;
    const response = await (requested ?? fetch(new URL(`../samples/${name}`, import.meta.url)));
    if (!response.ok) throw new Error(`samples/${name}: HTTP ${response.status}`);
    return response.blob();
}

/**
 * @param {Promise<Response>[]} [requested] those that were requested earlier
 * @returns {Promise<Found[]>}
 */
export function fetchSamples(requested = []) {
    return Promise.all(
        NAMES.map(async (name, index) => {
            const file = new File([await bytesOf(name, requested[index])], name, { type: 'image/png' });
            return { file, path: `samples/${name}`, head: await headOf(file) };
        }),
    );
}
