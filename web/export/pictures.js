/** Images to save, at the size of the input: the mask alone, and the input with outline and fill. */
import { componentsOf } from '../edit/fill.js';
import { decodeRuns } from '../state/masks.js';
import { withText } from './png-text.js';
import { classOf } from './provenance.js';
import { hasRegions } from './regions.js';
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
 * @param {object} facts written into the file as JSON
 * @returns {Promise<Uint8Array<ArrayBuffer>>} 8-bit grey PNG, 0 and 255
 */
export async function maskPng(result, engine, facts) {
    const { width, height, runs } = result;
    return withText(await engine.pool.encodePng(decodeRuns(runs, width * height), width, height), 'sonomask', JSON.stringify(facts));
}

/**
 * @param {Item} item
 * @param {FrameResult} result
 * @returns {Uint8Array} class numbers: 0 background, 1 benign, 2 malignant, 3 lesion of unknown type
 */
export function classesOf(item, result) {
    const { width, height, runs, regions } = result;
    const numberOf = (/** @type {{ centroid: { x: number, y: number } }} */ lesion) => ['benign', 'malignant', 'lesion'].indexOf(classOf(item, result, lesion)) + 1;
    const classes = decodeRuns(runs, width * height, numberOf({ centroid: { x: width / 2, y: height / 2 } }));
    if (regions.length < 2) return classes;
    for (const pixels of componentsOf(decodeRuns(runs, width * height), width, height)) {
        const middle = (/** @type {(pixel: number) => number} */ of) => pixels.reduce((sum, pixel) => sum + of(pixel), 0) / pixels.length + 0.5;
        const number = numberOf({ centroid: { x: middle(pixel => pixel % width), y: middle(pixel => Math.floor(pixel / width)) } });
        for (const pixel of pixels) classes[pixel] = number;
    }
    return classes;
}

/**
 * @param {Item} item
 * @param {FrameResult} result
 * @param {Engine} engine
 * @param {object} facts written into the file as JSON
 * @returns {Promise<Uint8Array<ArrayBuffer>>} 8-bit grey PNG of class numbers
 */
export async function classPng(item, result, engine, facts) {
    const png = await engine.pool.encodePng(classesOf(item, result), result.width, result.height);
    return withText(png, 'sonomask', JSON.stringify({ ...facts, classes: { 1: 'benign', 2: 'malignant', 3: 'lesion of unknown type' } }));
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

/**
 * The number of each lesion, above its outline or, at the upper edge, inside it.
 * @param {OffscreenCanvasRenderingContext2D} context
 * @param {FrameResult} result
 */
function drawNumbers(context, { width, height, lesions }) {
    const size = Math.max(12, Math.round(Math.max(width, height) / 28));
    context.font = `600 ${size}px sans-serif`;
    context.textAlign = 'center';
    context.textBaseline = 'bottom';
    context.lineWidth = Math.max(2, size / 6);
    for (const [index, { bbox }] of lesions.entries()) {
        const x = bbox.x + bbox.width / 2;
        const y = Math.max(bbox.y, size * 1.2);
        context.strokeStyle = OUTLINE_UNDER;
        context.strokeText(String(index + 1), x, y);
        context.fillStyle = OUTLINE;
        context.fillText(String(index + 1), x, y);
    }
}

/**
 * A thin frame around each scan region.
 * @param {OffscreenCanvasRenderingContext2D} context
 * @param {FrameResult} result
 */
function drawRegions(context, { regions }) {
    context.lineWidth = 1;
    context.strokeStyle = 'rgba(255, 255, 255, 0.6)';
    context.setLineDash([6, 5]);
    // The middle of a line of one pixel is the middle of pixels.
    for (const { x, y, width, height } of regions) context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    context.setLineDash([]);
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
     * Keeps the file of a loop open until the returned function is called: opening a video takes a second.
     * @param {Item} item
     * @returns {Promise<() => void>}
     */
    async hold(item) {
        await this.#opener.open(item, this.#engine);
        return () => this.#opener.release(item);
    }

    /**
     * @param {Item} item
     * @param {number} frame
     * @param {FrameResult} result
     * @param {boolean} hidden whether everything outside the scan regions of the file is black
     * @param {boolean} [numbered] whether the lesions have their numbers
     * @returns {Promise<Blob>} PNG
     */
    async overlay(item, frame, result, hidden, numbered = false) {
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
        if (hasRegions(result)) drawRegions(context, result);
        if (numbered) drawNumbers(context, result);
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
