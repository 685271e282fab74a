/** Pictures to save: the mask alone, and the image with what was found drawn over it, both at the image's own size. */
import { decodeRuns } from '../state/runs.js';
import { OUTLINE, OUTLINE_UNDER } from '../view/colours.js';
import { paintFill, pathOf } from '../view/layers.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 */

const FILL_OPACITY = 0.25;

/**
 * @param {FrameResult} result
 * @param {Engine} engine
 * @returns {Promise<Uint8Array<ArrayBuffer>>} 8-bit grey PNG, 0 and 255
 */
export function maskPng(result, engine) {
    const { width, height, runs } = result;
    return engine.pool.encodePng(decodeRuns(runs, width * height), width, height);
}

/**
 * @param {Item} item with an open source and a result
 * @param {Engine} engine
 * @returns {Promise<Blob>} PNG
 */
export async function overlayPng(item, engine) {
    const { result, source } = item;
    if (!result || !source) throw new Error('the picture has no answer');
    const { width, height } = result;
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('no memory for the picture');
    const picture = await source.picture(item.frame);
    context.drawImage(picture, 0, 0);
    picture.close();
    const mask = decodeRuns(result.runs, width * height);
    const fill = new ImageData(width, height);
    paintFill(mask, fill);
    const layer = new OffscreenCanvas(width, height);
    layer.getContext('2d')?.putImageData(fill, 0, 0);
    context.globalAlpha = FILL_OPACITY;
    context.drawImage(layer, 0, 0);
    context.globalAlpha = 1;
    const outline = pathOf(engine.measurer.contours(mask, width, height));
    const line = Math.max(1, Math.round(Math.max(width, height) / 400));
    context.lineJoin = 'round';
    context.lineWidth = line * 2;
    context.strokeStyle = OUTLINE_UNDER;
    context.stroke(outline);
    context.lineWidth = line;
    context.strokeStyle = OUTLINE;
    context.stroke(outline);
    return canvas.convertToBlob({ type: 'image/png' });
}
