/** Clicks and boxes of a user, as the floats that the module reads. The module checks their values, this file their types. */
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

/**
 * @param {string} message
 * @returns {SonomaskError}
 */
function refused(message) {
    return new SonomaskError('argument', message);
}

/**
 * @param {number} value
 * @param {number} limit a side of the image
 * @returns {number} as a float of 4 bytes, which does not round up to the limit: that would be outside of the image
 */
function floatBelow(value, limit) {
    const rounded = Math.fround(value);
    return value < limit && rounded >= limit ? limit - 1 / 64 : rounded;
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
    if (typeof x !== 'number' || typeof y !== 'number') throw refused(`${name}: x and y must be numbers`);
    if (typeof inside !== 'boolean') throw refused(`${name}: inside must be true or false`);
    return [floatBelow(x, width), floatBelow(y, height), inside ? 1 : 0];
}

/**
 * @param {unknown} box
 * @returns {number[]} x, y, width, height
 */
function flatBox(box) {
    if (typeof box !== 'object' || box === null) throw refused('the box must be an object { x, y, width, height }');
    const { x, y, width, height } = /** @type {Partial<import('./sonomask.js').Box>} */ (box);
    return [x, y, width, height].map((value) => {
        if (typeof value !== 'number') throw refused('the box: x, y, width and height must be numbers');
        return value;
    });
}

/**
 * @param {Prompts} prompts
 * @param {{ width: number, height: number }} image
 * @returns {FlatPrompts}
 */
export function flatPrompts(prompts, image) {
    if (typeof prompts !== 'object' || prompts === null)
        throw refused('the prompts must be an object { clicks, box }');
    const unknown = Object.keys(prompts).find((key) => key !== 'clicks' && key !== 'box');
    if (unknown !== undefined) throw refused(`unknown field "${unknown}" in the prompts: only clicks and box are known`);
    const { clicks = [], box } = prompts;
    if (!Array.isArray(clicks)) throw refused('clicks must be an array of { x, y, inside }');
    const flat = clicks.map((click, index) => flatClick(click, `click ${index + 1}`, image));
    const hasBox = box !== undefined && box !== null;
    const values = Float32Array.from([...flat.flat(), ...(hasBox ? flatBox(box) : [])]);
    return { values, clickCount: flat.length, hasBox };
}

/**
 * @param {Prompts} prompts whose types are right
 * @returns {Prompts} a copy, which the caller's later changes do not reach
 */
export function copyOf({ clicks = [], box }) {
    const copies = clicks.map(({ x, y, inside }) => ({ x, y, inside }));
    if (!box) return { clicks: copies };
    const { x, y, width, height } = box;
    return { clicks: copies, box: { x, y, width, height } };
}
