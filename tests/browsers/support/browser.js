/**
 * Firefox and WebKitGTK behind one interface, and what the tests do with a page in either: wait, press, drag, drop files, take
 * a saved file. Pointer and file fields go through the browser's own input; nothing is injected before the page runs.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as firefox from './firefox.js';
import * as webkit from './webkit.js';

const PATIENCE = 120_000; // milliseconds: the machine may be busy
const VIEWPORT = { width: 1440, height: 900 };

/**
 * A step of the mouse, as WebDriver has it.
 * @typedef {{ type: 'pointerMove', x: number, y: number, duration?: number } | { type: 'pointerDown' | 'pointerUp', button: number } |
 *     { type: 'pause', duration: number }} PointerStep
 */

/**
 * The only tab of a browser.
 * @typedef {object} Tab
 * @property {string} downloads folder
 * @property {string[]} faults errors on the console
 * @property {string[] | null} requests addresses; null where the driver does not report them
 * @property {(address: string) => Promise<void>} go
 * @property {<P extends any[], R>(work: (...parameters: P) => R | Promise<R>, ...parameters: P) => Promise<R>} run
 *     `work` in the page; parameters and result pass as JSON
 * @property {(selector: string, files: string[]) => Promise<void>} give files to a file field
 * @property {(steps: PointerStep[]) => Promise<void>} pointer
 * @property {() => Promise<Buffer>} picture PNG
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} Browser
 * @property {string} name
 * @property {string | false} skip why it cannot run here
 * @property {() => Promise<Tab>} start
 */

/**
 * @param {string[]} files
 * @returns {string | false}
 */
function missing(files) {
    if (typeof WebSocket === 'undefined') return 'this Node has no WebSocket (Node 20: NODE_OPTIONS=--experimental-websocket)';
    const lacking = files.find(file => !existsSync(file));
    return lacking === undefined ? false : `${lacking || 'MiniBrowser'} is missing (.ci/setup browsers installs it)`;
}

/**
 * @param {(folder: string, viewport: typeof VIEWPORT) => Promise<Tab>} start
 * @returns {Promise<Tab>}
 */
async function startIn(start) {
    const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-browser-'));
    const tab = await start(folder, VIEWPORT);
    const { close } = tab;
    // A descriptor and not a copy: some members are getters.
    return Object.defineProperty(tab, 'close', {
        value: async () => {
            await close();
            await rm(folder, { recursive: true, force: true, maxRetries: 5 });
        },
    });
}

/** @type {Browser[]} */
export const BROWSERS = [
    { name: 'Firefox', skip: missing([firefox.PROGRAM]), start: () => startIn(firefox.startFirefox) },
    {
        name: 'WebKitGTK',
        skip: missing([webkit.DRIVER, webkit.BROWSER, webkit.DISPLAY_SERVER]),
        start: () => startIn(webkit.startWebKit),
    },
];

/**
 * Waits until `work` returns something true.
 * @template {any[]} P
 * @template R
 * @param {Tab} tab
 * @param {(...parameters: P) => R | Promise<R>} work in the page
 * @param {P} parameters
 * @returns {Promise<NonNullable<R>>}
 */
export async function until(tab, work, ...parameters) {
    const end = Date.now() + PATIENCE;
    for (;;) {
        const result = await tab.run(work, ...parameters);
        if (result) return result;
        assert.ok(Date.now() < end, `still waits for ${work}`);
        await delay(100);
    }
}

/**
 * @param {Tab} tab
 * @param {string} selector
 * @returns {Promise<{ x: number, y: number, width: number, height: number }>} on the screen, scrolled into view
 */
export function boxOf(tab, selector) {
    return tab.run(wanted => {
        const element = document.querySelector(wanted);
        if (!element) throw new Error(`the page lacks ${wanted}`);
        element.scrollIntoView({ block: 'nearest' });
        const { x, y, width, height } = element.getBoundingClientRect();
        return { x, y, width, height };
    }, selector);
}

/**
 * A click of the mouse in the middle of an element, once it is enabled, is not covered, and has stopped moving.
 * @param {Tab} tab
 * @param {string} selector
 */
export async function press(tab, selector) {
    const { x, y } = await until(
        tab,
        async wanted => {
            const element = document.querySelector(wanted);
            if (!element || element.matches(':disabled')) return null;
            element.scrollIntoView({ block: 'nearest' });
            const middle = () => {
                const box = element.getBoundingClientRect();
                return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
            };
            const earlier = middle();
            for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
            const at = middle();
            const top = document.elementFromPoint(at.x, at.y);
            return at.x === earlier.x && at.y === earlier.y && top !== null && element.contains(top) ? at : null;
        },
        selector,
    );
    await click(tab, x, y);
}

/**
 * @param {Tab} tab
 * @param {number} x
 * @param {number} y
 */
export async function click(tab, x, y) {
    await tab.pointer([
        { type: 'pointerMove', x: Math.round(x), y: Math.round(y) }, { type: 'pointerDown', button: 0 }, { type: 'pointerUp', button: 0 },
    ]);
}

/**
 * @param {Tab} tab
 * @param {string} selector
 * @param {[x: number, y: number]} from shares of the element's width and height
 * @param {[x: number, y: number]} to
 */
export async function drag(tab, selector, from, to) {
    const { x, y, width, height } = await boxOf(tab, selector);
    const steps = Array.from({ length: 5 }, (_, index) => {
        const at = (/** @type {0 | 1} */ axis) => from[axis] + ((to[axis] - from[axis]) * index) / 4;
        return /** @type {const} */ ({ type: 'pointerMove', x: Math.round(x + width * at(0)), y: Math.round(y + height * at(1)), duration: 20 });
    });
    const [first, ...others] = steps;
    assert.ok(first);
    await tab.pointer([first, { type: 'pointerDown', button: 0 }, ...others, { type: 'pointerUp', button: 0 }]);
}

/**
 * Drops files on the page. The drivers cannot drag files from outside, so the events are made in the page.
 * @param {Tab} tab
 * @param {{ name: string, buffer: Buffer }[]} files
 */
export async function drop(tab, files) {
    await tab.run(
        contents => {
            const dataTransfer = new DataTransfer();
            for (const { name, base64 } of contents) {
                const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
                dataTransfer.items.add(new File([bytes], name, { type: 'image/png' }));
            }
            const target = document.querySelector('.foot') ?? document.body;
            for (const type of ['dragenter', 'dragover', 'drop'])
                target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
        },
        files.map(({ name, buffer }) => ({ name, base64: buffer.toString('base64') })),
    );
}

/**
 * The file that a press on an element saves.
 * @param {Tab} tab
 * @param {string} selector
 * @param {string} name of the file
 * @returns {Promise<Buffer>}
 */
export async function saved(tab, selector, name) {
    const file = path.join(tab.downloads, name);
    await rm(file, { force: true });
    await press(tab, selector);
    const end = Date.now() + PATIENCE;
    for (let last = -1; ; ) {
        const { length } = await readFile(file).catch(() => ({ length: -1 }));
        // Written in parts by some browsers, beside a file with another ending.
        const parts = (await readdir(tab.downloads)).filter(other => other.startsWith(name));
        if (length > 0 && length === last && parts.length === 1) return readFile(file);
        last = length;
        assert.ok(Date.now() < end, `${name} was not saved; there are: ${(await readdir(tab.downloads)).join(', ')}`);
        await delay(200);
    }
}
