/** The samples: synthetic images that come with the page. */
import { inlined } from '../engine/inlined.js';

/** @typedef {import('./collect.js').Found} Found */

const NAMES = ['phantom-1.png', 'phantom-2.png', 'phantom-3.png'];

/**
 * @param {string} name
 * @returns {Promise<BlobPart>}
 */
async function bytesOf(name) {
    const own = inlined?.samples[name];
    if (own) return own;
    const response = await fetch(new URL(`../samples/${name}`, import.meta.url));
    if (!response.ok) throw new Error(`samples/${name}: HTTP ${response.status}`);
    return response.blob();
}

/** @returns {Promise<Found[]>} */
export function fetchSamples() {
    return Promise.all(
        NAMES.map(async name => ({ file: new File([await bytesOf(name)], name, { type: 'image/png' }), path: `samples/${name}` })),
    );
}
