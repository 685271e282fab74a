/** TIFF files, each page as a frame. A worker reads them (decoder.js). */
import { ask, forget, newSource } from './decoding.js';
import { toImageData } from './still.js';

/**
 * @typedef {import('./source.js').RawImage} RawImage
 * @typedef {import('./source.js').Source} Source
 */

/**
 * @param {Blob} file
 * @returns {Promise<Source>}
 */
export async function openTiff(file) {
    const source = newSource();
    const { frameCount } = await ask({ source, kind: 'tiff', file, frame: null });
    const input = (/** @type {number} */ frame) => /** @type {Promise<RawImage>} */ (ask({ source, kind: 'tiff', file, frame }));
    return {
        kind: 'image',
        frameCount,
        framesPerSecond: 0,
        scales: [],
        areas: [],
        input,
        picture: async frame => createImageBitmap(toImageData(await input(frame))),
        close: () => forget(source),
    };
}
