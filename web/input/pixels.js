/** Pixels of a picture. */
import { SourceError } from './source.js';

/**
 * @param {ImageBitmap} picture closed by this
 * @returns {import('./source.js').RawImage}
 */
export function pixelsOf(picture) {
    const { width, height } = picture;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new SourceError('problem.memory');
    context.drawImage(picture, 0, 0);
    picture.close();
    return { data: context.getImageData(0, 0, width, height).data, width, height };
}
