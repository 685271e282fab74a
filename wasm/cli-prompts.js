/** The file of `predict --prompts`: JSON Lines, one line per image, with the rules and messages of native/prompts_file.c. */
import { readFile } from 'node:fs/promises';

/**
 * @typedef {import('./sonomask.js').Click} Click
 * @typedef {import('./sonomask.js').Prompts} Prompts
 */

/** By image, and then by the number of the frame. @typedef {Map<string, Map<number, Prompts>>} PromptsByImage */

const MOST_CLICKS = 1000;

/** A mistake in the file; the number of its line is added later. */
class LineError extends Error {}

/**
 * @param {unknown} value
 * @param {string} what names it in messages
 * @param {{ required?: string[], optional?: string[] }} fields
 * @returns {Record<string, unknown>}
 */
function objectOf(value, what, { required = [], optional = [] }) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new LineError('the line is not one JSON object');
    const keys = Object.keys(value);
    const unknown = keys.find((key) => !required.includes(key) && !optional.includes(key));
    if (unknown !== undefined) throw new LineError(`unknown field "${unknown}" in ${what}`);
    const missing = required.find((key) => !keys.includes(key));
    if (missing !== undefined) throw new LineError(`${what} has no "${missing}"`);
    return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {string} what
 * @returns {number}
 */
function coordinate(value, name, what) {
    if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return value;
    throw new LineError(`"${name}" of ${what} is not a finite number`);
}

/**
 * @param {unknown} value
 * @returns {Click}
 */
function clickOf(value) {
    const what = 'a click';
    const { x, y, inside } = objectOf(value, what, { required: ['x', 'y', 'inside'] });
    if (typeof inside !== 'boolean') throw new LineError('"inside" of a click is neither true nor false');
    return { x: coordinate(x, 'x', what), y: coordinate(y, 'y', what), inside };
}

/**
 * @param {unknown} value
 * @returns {import('./sonomask.js').Box}
 */
function boxOf(value) {
    const what = 'the box';
    const sides = objectOf(value, what, { required: ['x', 'y', 'width', 'height'] });
    const box = {
        x: coordinate(sides['x'], 'x', what),
        y: coordinate(sides['y'], 'y', what),
        width: coordinate(sides['width'], 'width', what),
        height: coordinate(sides['height'], 'height', what),
    };
    if (!(box.width > 0) || !(box.height > 0)) throw new LineError('the box has no area');
    return box;
}

/**
 * @param {string} text
 * @returns {{ file: string, frame: number, prompts: Prompts }}
 */
function parseLine(text) {
    let value;
    try {
        value = JSON.parse(text);
    } catch (error) {
        throw new LineError('the line is not one JSON object', { cause: error });
    }
    const { file, frame = 1, clicks = [], box } = objectOf(value, 'the line', { required: ['file'], optional: ['frame', 'clicks', 'box'] });
    if (typeof file !== 'string') throw new LineError('"file" is not a text');
    if (!Number.isInteger(frame) || Number(frame) < 1) throw new LineError('"frame" is not a number from 1 on');
    if (!Array.isArray(clicks)) throw new LineError('the line is not one JSON object');
    if (clicks.length > MOST_CLICKS) throw new LineError(`more than ${MOST_CLICKS} clicks`);
    const prompts = { clicks: clicks.map(clickOf) };
    return { file, frame: Number(frame), prompts: box === undefined ? prompts : { ...prompts, box: boxOf(box) } };
}

/**
 * A path without "./" and "../" at its start, which depend on the working folder.
 * @param {string} name
 */
const withoutDots = (name) => name.replace(/^(?:\.{1,2}\/)+/, '');

/**
 * Whether one path is the end of the other, in whole folders.
 * @param {string} first
 * @param {string} second
 */
function endAlike(first, second) {
    const a = `/${withoutDots(first)}`;
    const b = `/${withoutDots(second)}`;
    return a.endsWith(b) || b.endsWith(a);
}

/**
 * The image that a line is for: the one of that path, else the only one whose path ends alike.
 * @param {string} file
 * @param {string[]} images
 * @returns {string}
 */
function imageOf(file, images) {
    if (images.includes(file)) return file;
    const [only, ...others] = images.filter((image) => endAlike(image, file));
    if (only === undefined) throw new LineError(`${file} is not among the images`);
    if (others.length > 0) throw new LineError(`several images are named ${file}: give the path`);
    return only;
}

/**
 * @param {string} name of the file with the prompts
 * @param {string[]} images
 * @returns {Promise<PromptsByImage>} empty lines are left out
 */
export async function readPrompts(name, images) {
    const lines = (await readFile(name, 'utf8')).split('\n');
    /** @type {PromptsByImage} */
    const found = new Map();
    /** @type {Map<string, number>} */
    const numbers = new Map();
    for (const [index, line] of lines.entries()) {
        if (/^[ \t\r]*$/.test(line)) continue;
        try {
            const { file, frame, prompts } = parseLine(line);
            const image = imageOf(file, images);
            const key = `${frame} ${image}`;
            const earlier = numbers.get(key);
            if (earlier !== undefined) throw new LineError(`line ${earlier} is for the same image, ${file}`);
            found.set(image, (found.get(image) ?? new Map()).set(frame, prompts));
            numbers.set(key, index + 1);
        } catch (error) {
            if (!(error instanceof LineError)) throw error;
            throw new Error(`line ${index + 1}: ${error.message}`, { cause: error });
        }
    }
    return found;
}
