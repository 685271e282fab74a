/** Small pictures for the list. */
import { element } from '../ui/dom.js';

const SIDE = 112; // twice the size shown, for sharp screens

/**
 * @param {import('./source.js').Source} source
 * @param {number} frame
 * @returns {Promise<HTMLCanvasElement>} its middle square
 */
export async function makeThumbnail(source, frame) {
    const picture = await source.picture(frame);
    const side = Math.min(picture.width, picture.height);
    const canvas = element('canvas', { width: SIDE, height: SIDE });
    const context = canvas.getContext('2d');
    if (context) {
        context.imageSmoothingQuality = 'medium';
        const left = (picture.width - side) / 2;
        const top = (picture.height - side) / 2;
        context.drawImage(picture, left, top, side, side, 0, 0, SIDE, SIDE);
    }
    picture.close();
    return canvas;
}
