/** The synthetic pictures that come with the page. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from './page.js';

/**
 * @param {'benign' | 'malignant' | 'normal'} type
 * @returns {Promise<{ name: string, buffer: Buffer }>}
 */
export async function sample(type) {
    return { name: `${type}.png`, buffer: await readFile(path.join(ROOT, `web/samples/${type}.png`)) };
}

/**
 * @param {number} count
 * @returns {Promise<{ name: string, buffer: Buffer }[]>} the samples in turn, each under a name of its own
 */
export async function manySamples(count) {
    const all = [await sample('benign'), await sample('malignant'), await sample('normal')];
    return Array.from({ length: count }, (_, index) => {
        const { buffer } = /** @type {{ buffer: Buffer }} */ (all[index % all.length]);
        return { name: `scan ${String(index + 1).padStart(3, '0')}.png`, buffer };
    });
}
