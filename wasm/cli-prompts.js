/** The file of `predict --prompts`: JSON Lines, one line per image with its clicks and its box. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { messageOf } from './error.js';

/** @typedef {import('./sonomask.js').Prompts} Prompts */

/** A mistake in the file, with the number of its line. */
class LineError extends Error {}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {string[]} allowed
 * @returns {Record<string, unknown>}
 */
function objectOf(value, name, allowed) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new LineError(`${name} is not an object`);
    const unknown = Object.keys(value).find((key) => !allowed.includes(key));
    if (unknown !== undefined) throw new LineError(`${name} has an unknown field "${unknown}"`);
    return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {number}
 */
function numberOf(value, name) {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw new LineError(`${name} is not a number`);
    return value;
}

/**
 * @param {string} text one line
 * @returns {{ file: string, prompts: Prompts }}
 */
function parseLine(text) {
    let value;
    try {
        value = JSON.parse(text);
    } catch (error) {
        throw new LineError(`not JSON: ${messageOf(error)}`);
    }
    const { file, clicks = [], box } = objectOf(value, 'the line', ['file', 'clicks', 'box']);
    if (typeof file !== 'string' || file === '') throw new LineError('"file" is missing or not a string');
    if (!Array.isArray(clicks)) throw new LineError('"clicks" is not an array');
    const parsed = clicks.map((click, index) => {
        const name = `click ${index + 1}`;
        const { x, y, inside } = objectOf(click, name, ['x', 'y', 'inside']);
        if (typeof inside !== 'boolean') throw new LineError(`${name}: "inside" is not true or false`);
        return { x: numberOf(x, `${name}: "x"`), y: numberOf(y, `${name}: "y"`), inside };
    });
    if (box === undefined || box === null) return { file, prompts: { clicks: parsed } };
    const { x, y, width, height } = objectOf(box, 'the box', ['x', 'y', 'width', 'height']);
    return {
        file,
        prompts: {
            clicks: parsed,
            box: {
                x: numberOf(x, 'the box: "x"'),
                y: numberOf(y, 'the box: "y"'),
                width: numberOf(width, 'the box: "width"'),
                height: numberOf(height, 'the box: "height"'),
            },
        },
    };
}

/**
 * The input image that a line of the file means: the one of that path, else the only one of that name.
 * @param {string} file
 * @param {string[]} images
 * @returns {string}
 */
function imageOf(file, images) {
    if (images.includes(file)) return file;
    const named = images.filter((image) => path.basename(image) === file);
    const [only] = named;
    if (only === undefined) throw new LineError(`${file} is not among the images`);
    if (named.length > 1) throw new LineError(`${file} is the name of ${named.length} images: give its path`);
    return only;
}

/**
 * @param {string} name of the file with the prompts
 * @param {string[]} images the input images
 * @returns {Promise<Map<string, Prompts>>} by image
 */
export async function readPrompts(name, images) {
    const text = await readFile(name, 'utf8');
    /** @type {Map<string, Prompts>} */
    const found = new Map();
    for (const [index, line] of text.split('\n').entries()) {
        if (line.trim() === '') continue;
        try {
            const { file, prompts } = parseLine(line);
            const image = imageOf(file, images);
            if (found.has(image)) throw new LineError(`there is an earlier line for ${image}`);
            found.set(image, prompts);
        } catch (error) {
            if (!(error instanceof LineError)) throw error;
            throw new Error(`line ${index + 1}: ${error.message}`, { cause: error });
        }
    }
    return found;
}
