/** Clicks and boxes of a user: checked, and as the floats that the module reads. */
import { SonomaskError } from './error.js';

/**
 * @typedef {import('./sonomask.js').Prompts} Prompts
 */

/**
 * Prompts as sonomask_refine (exports_result.c) takes them.
 * @typedef {object} FlatPrompts
 * @property {Float32Array} values x, y, and 1 for inside or 0 for outside, per click; then x, y, width, height of the box
 * @property {number} clickCount
 * @property {boolean} hasBox
 */

/** SM_CLICKS_MAX in sonomask.h. */
export const MAXIMUM_CLICKS = 1000;

/**
 * @param {string} message
 * @returns {SonomaskError}
 */
function refused(message) {
    return new SonomaskError('argument', message);
}

/**
 * The nearest float of 4 bytes that is below `limit`: a coordinate just below the image's edge must not round up to it.
 * @param {number} value
 * @param {number} limit
 */
function floatBelow(value, limit) {
    const rounded = Math.fround(value);
    return rounded < limit ? rounded : limit - 1 / 64;
}

/**
 * @param {unknown} click
 * @param {string} name for messages
 * @param {{ width: number, height: number }} image
 * @returns {[x: number, y: number, inside: number]}
 */
function flatClick(click, name, { width, height }) {
    if (typeof click !== 'object' || click === null) throw refused(`${name} must be an object { x, y, inside }`);
    const { x, y, inside } = /** @type {Partial<import('./sonomask.js').Click>} */ (click);
    if (!Number.isFinite(x) || !Number.isFinite(y)) throw refused(`${name}: x and y must be finite numbers`);
    if (typeof inside !== 'boolean') throw refused(`${name}: inside must be true or false`);
    const [left, top] = [/** @type {number} */ (x), /** @type {number} */ (y)];
    if (!(left >= 0 && top >= 0 && left < width && top < height))
        throw refused(`${name} at (${left}, ${top}) is outside of the image of ${width} x ${height} pixels`);
    return [floatBelow(left, width), floatBelow(top, height), inside ? 1 : 0];
}

/**
 * @param {unknown} box
 * @param {{ width: number, height: number }} image
 * @returns {[x: number, y: number, width: number, height: number]}
 */
function flatBox(box, image) {
    if (typeof box !== 'object' || box === null) throw refused('the box must be an object { x, y, width, height }');
    const { x, y, width, height } = /** @type {Partial<import('./sonomask.js').Box>} */ (box);
    const sides = /** @type {[number, number, number, number]} */ ([x, y, width, height]);
    if (!sides.every(Number.isFinite)) throw refused('the box: x, y, width and height must be finite numbers');
    const [left, top, across, down] = /** @type {[number, number, number, number]} */ (sides.map(Math.fround));
    if (!(across > 0 && down > 0)) throw refused('the box has no area');
    if (!(left >= 0 && top >= 0 && left + across <= image.width && top + down <= image.height))
        throw refused(`the box is outside of the image of ${image.width} x ${image.height} pixels`);
    return [left, top, across, down];
}

/**
 * Refuses an inside and an outside click on the same pixel.
 * @param {[x: number, y: number, inside: number][]} clicks
 * @param {number} width of the image
 */
function refuseContradictions(clicks, width) {
    /** @type {Map<number, number>} first click on each pixel, by the pixel's index */
    const first = new Map();
    for (const [index, [x, y, inside]] of clicks.entries()) {
        const pixel = Math.floor(y) * width + Math.floor(x);
        const other = first.get(pixel);
        if (other === undefined) first.set(pixel, index);
        else if (clicks[other]?.[2] !== inside)
            throw refused(`click ${other + 1} and click ${index + 1} contradict each other: ` +
                'one is inside and the other outside, on the same pixel');
    }
}

/**
 * @param {Prompts} prompts
 * @param {{ width: number, height: number }} image
 * @returns {FlatPrompts}
 */
export function flatPrompts(prompts, image) {
    if (typeof prompts !== 'object' || prompts === null)
        throw refused('the prompts must be an object { clicks, box }');
    const { clicks = [], box } = prompts;
    if (!Array.isArray(clicks)) throw refused('clicks must be an array of { x, y, inside }');
    if (clicks.length > MAXIMUM_CLICKS)
        throw refused(`${clicks.length} clicks are more than the limit of ${MAXIMUM_CLICKS}`);
    const flat = clicks.map((click, index) => flatClick(click, `click ${index + 1}`, image));
    refuseContradictions(flat, image.width);
    const hasBox = box !== undefined && box !== null;
    const values = Float32Array.from([...flat.flat(), ...(hasBox ? flatBox(box, image) : [])]);
    return { values, clickCount: flat.length, hasBox };
}

/**
 * @param {Prompts} prompts already checked
 * @returns {Prompts} a copy, which the caller's later changes do not reach
 */
export function copyOf({ clicks = [], box }) {
    const copies = clicks.map(({ x, y, inside }) => ({ x, y, inside }));
    if (!box) return { clicks: copies };
    const { x, y, width, height } = box;
    return { clicks: copies, box: { x, y, width, height } };
}
