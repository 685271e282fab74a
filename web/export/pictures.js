/** Images to save, at the size of the input: the mask alone, and the input with outline and fill. */
import { decodeRuns } from '../state/masks.js';
import { OUTLINE, OUTLINE_UNDER } from '../view/colours.js';
import { paintFill, pathOf } from '../view/layers.js';

/**
 * @typedef {import('../engine/engine.js').Engine} Engine
 * @typedef {import('../input/source.js').Box} Box
 * @typedef {import('../state/item.js').FrameResult} FrameResult
 * @typedef {import('../state/item.js').Item} Item
 * @typedef {import('../state/opener.js').Opener} Opener
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
 * Draws the scan regions only: scanners write the patient's name into the pixels beside them.
 * @param {OffscreenCanvasRenderingContext2D} context
 * @param {ImageBitmap} picture
 * @param {Box[]} areas that hold scans
 */
function drawAreas(context, picture, areas) {
    context.fillStyle = '#000';
    context.fillRect(0, 0, picture.width, picture.height);
    context.save();
    context.beginPath();
    for (const { x, y, width, height } of areas) context.rect(x, y, width, height);
    context.clip();
    context.drawImage(picture, 0, 0);
    context.restore();
}

/** Draws images; opens the files of those that are not in view. */
export class Painter {
    #engine;
    #opener;

    /**
     * @param {Engine} engine
     * @param {Opener} opener
     */
    constructor(engine, opener) {
        this.#engine = engine;
        this.#opener = opener;
    }

    /**
     * @param {Item} item
     * @param {number} frame
     * @param {FrameResult} result
     * @param {boolean} hidden whether everything outside the scan regions of the file is black
     * @returns {Promise<Blob>} PNG
     */
    async overlay(item, frame, result, hidden) {
        const { width, height } = result;
        const canvas = new OffscreenCanvas(width, height);
        const context = canvas.getContext('2d');
        if (!context) throw new Error('no memory for the picture');
        const source = await this.#opener.open(item, this.#engine);
        try {
            const picture = await source.picture(frame);
            if (hidden && source.areas.length > 0) drawAreas(context, picture, source.areas);
            else context.drawImage(picture, 0, 0);
            picture.close();
        } finally {
            this.#opener.release(item);
        }
        this.#drawMask(context, result);
        return canvas.convertToBlob({ type: 'image/png' });
    }

    /**
     * @param {OffscreenCanvasRenderingContext2D} context
     * @param {FrameResult} result
     */
    #drawMask(context, { width, height, runs }) {
        const mask = decodeRuns(runs, width * height);
        const fill = new ImageData(width, height);
        paintFill(mask, fill);
        const layer = new OffscreenCanvas(width, height);
        layer.getContext('2d')?.putImageData(fill, 0, 0);
        context.globalAlpha = FILL_OPACITY;
        context.drawImage(layer, 0, 0);
        context.globalAlpha = 1;
        const outline = pathOf(this.#engine.measurer.contours(mask, width, height));
        const line = Math.max(1, Math.round(Math.max(width, height) / 400));
        context.lineJoin = 'round';
        context.lineWidth = line * 2;
        context.strokeStyle = OUTLINE_UNDER;
        context.stroke(outline);
        context.lineWidth = line;
        context.strokeStyle = OUTLINE;
        context.stroke(outline);
    }
}
