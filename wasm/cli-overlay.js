/** The image with outlines, frames of regions, clicks and a box drawn on it: the same picture as native/overlay.c draws. */

/**
 * @typedef {import('./sonomask.js').Contour} Contour
 * @typedef {import('./sonomask.js').DecodedImage} DecodedImage
 * @typedef {import('./sonomask.js').Point} Point
 * @typedef {import('./sonomask.js').Prompts} Prompts
 * @typedef {import('./sonomask.js').Rectangle} Rectangle
 */

/** @typedef {[red: number, green: number, blue: number]} Colour */

/** @type {Colour} */
const LINE = [255, 214, 10];
/** Frames of the regions. @type {Colour} */
const FRAME = [100, 180, 255];
/** @type {Colour} */
const INSIDE = [48, 209, 88];
/** @type {Colour} */
const OUTSIDE = [255, 69, 58];

const { fround } = Math;

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
const clamp = (value, low, high) => (value < low ? low : value > high ? high : value);

/**
 * @param {number} x
 * @param {number} y
 * @param {Point} a
 * @param {Point} b
 */
function distanceToSegment(x, y, a, b) {
    const dx = fround(b.x - a.x);
    const dy = fround(b.y - a.y);
    const lengthSquared = dx * dx + dy * dy;
    const along = (x - a.x) * dx + (y - a.y) * dy;
    const share = lengthSquared > 0 ? clamp(along / lengthSquared, 0, 1) : 0;
    return Math.hypot(x - (a.x + share * dx), y - (a.y + share * dy));
}

/** Lines on an image. */
class Drawing {
    /** Coverage of each pixel by the lines drawn since the last `paint`, 0..255. */
    #coverage;
    /** Of the lines, pixels. */
    halfWidth;

    /**
     * @param {Uint8Array} rgb of width x height pixels
     * @param {number} width
     * @param {number} height
     */
    constructor(rgb, width, height) {
        this.rgb = rgb;
        this.width = width;
        this.height = height;
        this.halfWidth = Math.max(0.75, Math.min(width, height) / 700);
        this.#coverage = new Uint8Array(width * height);
    }

    /**
     * @param {Point} a
     * @param {Point} b
     */
    segment(a, b) {
        const reach = this.halfWidth + 0.5;
        const left = clamp(Math.floor(Math.min(a.x, b.x) - reach), 0, this.width);
        const right = clamp(Math.ceil(Math.max(a.x, b.x) + reach), 0, this.width);
        const top = clamp(Math.floor(Math.min(a.y, b.y) - reach), 0, this.height);
        const bottom = clamp(Math.ceil(Math.max(a.y, b.y) + reach), 0, this.height);
        for (let y = top; y < bottom; y++)
            for (let x = left; x < right; x++) {
                const covered = clamp(reach - distanceToSegment(x + 0.5, y + 0.5, a, b), 0, 1);
                const at = y * this.width + x;
                this.#coverage[at] = Math.max(this.#coverage[at] ?? 0, Math.floor(covered * 255 + 0.5));
            }
    }

    /**
     * Blends the lines drawn so far over the image, and clears them.
     * @param {Colour} colour
     */
    paint(colour) {
        for (const [at, covered] of this.#coverage.entries()) {
            if (covered === 0) continue;
            for (const [channel, value] of colour.entries()) {
                const below = this.rgb[3 * at + channel] ?? 0;
                this.rgb[3 * at + channel] = Math.floor((value * covered + below * (255 - covered) + 127) / 255);
            }
        }
        this.#coverage.fill(0);
    }
}

/**
 * The centres of the pixel edges of an outline, averaged with their neighbours to smooth the steps. In floats of 4 bytes, as
 * the native command computes.
 * @param {Float32Array} points x, y, x, y ...
 * @returns {Point[]}
 */
function smoothOutline(points) {
    /** @type {Point[]} */
    const middles = [];
    const count = points.length / 2;
    for (let index = 0; index < count; index++) {
        const next = (index + 1) % count;
        const [ax = 0, ay = 0] = points.subarray(2 * index, 2 * index + 2);
        const [bx = 0, by = 0] = points.subarray(2 * next, 2 * next + 2);
        const length = Math.trunc(Math.abs(bx - ax) + Math.abs(by - ay));
        for (let step = 0; step < length; step++) {
            const share = fround(fround(step + 0.5) / length);
            middles.push({
                x: fround(ax + fround(fround(bx - ax) * share)),
                y: fround(ay + fround(fround(by - ay) * share)),
            });
        }
    }
    const mean = (/** @type {number} */ before, /** @type {number} */ middle, /** @type {number} */ after) =>
        fround(fround(fround(0.25 * before) + fround(0.5 * middle)) + fround(0.25 * after));
    return middles.map((middle, index) => {
        const before = /** @type {Point} */ (middles.at(index - 1));
        const after = /** @type {Point} */ (middles[(index + 1) % middles.length]);
        return { x: mean(before.x, middle.x, after.x), y: mean(before.y, middle.y, after.y) };
    });
}

/**
 * @param {Drawing} drawing
 * @param {Contour[]} contours
 * @param {number} dash dashes are as long as the gaps, in pixels; 0: whole lines
 */
function drawContours(drawing, contours, dash) {
    for (const contour of contours) {
        const points = smoothOutline(contour.points);
        for (const [index, point] of points.entries())
            if (dash === 0 || Math.floor(index / dash) % 2 === 0)
                drawing.segment(point, /** @type {Point} */ (points[(index + 1) % points.length]));
    }
}

/**
 * @param {Drawing} drawing
 * @param {Rectangle} frame
 */
function drawFrame(drawing, frame) {
    const [x, y, width, height] = [fround(frame.x), fround(frame.y), fround(frame.width), fround(frame.height)];
    const [right, bottom] = [fround(x + width), fround(y + height)];
    const corners = [{ x, y }, { x: right, y }, { x: right, y: bottom }, { x, y: bottom }];
    for (const [index, corner] of corners.entries())
        drawing.segment(corner, /** @type {Point} */ (corners[(index + 1) % 4]));
}

/**
 * Thin frames; none when the whole image is the region.
 * @param {Drawing} drawing
 * @param {Rectangle[]} regions
 */
function drawRegions(drawing, regions) {
    const { halfWidth, width, height } = drawing;
    drawing.halfWidth = 0.5 * halfWidth;
    for (const region of regions) if (region.width < width || region.height < height) drawFrame(drawing, region);
    drawing.paint(FRAME);
    drawing.halfWidth = halfWidth;
}

/**
 * @param {Drawing} drawing
 * @param {Prompts} prompts
 */
function drawPrompts(drawing, { clicks = [], box }) {
    const { halfWidth } = drawing;
    drawing.halfWidth = 0.5 * halfWidth;
    if (box) drawFrame(drawing, box);
    drawing.paint(LINE);
    drawing.halfWidth = 3 * halfWidth;
    for (const inside of [true, false]) {
        for (const click of clicks) {
            const at = { x: fround(click.x), y: fround(click.y) };
            if (click.inside === inside) drawing.segment(at, at);
        }
        drawing.paint(inside ? INSIDE : OUTSIDE);
    }
}

/**
 * The image as RGB, transparent pixels over black.
 * @param {DecodedImage} image
 * @returns {Uint8Array}
 */
function opaque({ data, width, height, channels }) {
    const rgb = new Uint8Array(3 * width * height);
    for (let pixel = 0; pixel < width * height; pixel++) {
        const alpha = channels === 4 ? data[4 * pixel + 3] ?? 255 : 255;
        for (let channel = 0; channel < 3; channel++) {
            const value = data[pixel * channels + (channels === 1 ? 0 : channel)] ?? 0;
            rgb[3 * pixel + channel] = Math.floor((value * alpha + 127) / 255);
        }
    }
    return rgb;
}

/**
 * @param {DecodedImage} image
 * @param {{ lesions: Contour[], possible: Contour[], regions: Rectangle[], prompts: Prompts | undefined }} content outlines of
 *     the lesions, dashed outlines of possible lesions, frames of the regions, clicks and a box
 * @returns {Uint8Array} RGB
 */
export function drawOverlay(image, { lesions, possible, regions, prompts }) {
    const { width, height } = image;
    const drawing = new Drawing(opaque(image), width, height);
    drawRegions(drawing, regions);
    drawContours(drawing, lesions, 0);
    drawContours(drawing, possible, 4 + Math.floor(Math.min(width, height) / 100));
    drawing.paint(LINE);
    if (prompts) drawPrompts(drawing, prompts);
    return drawing.rgb;
}
