/** Chromium with the page: started once per test file, one context per test. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createPageServer } from '../../../web/serve.js';
import { ROOT } from '../../node/support/project.js';
import { launch, skip } from './chromium.js';

const PATIENCE = 30000; // milliseconds: the machine may be busy

export { launch, skip };

/** Other weights than the project's own, as for the tests under Node. */
const MODEL = process.env.SONOMASK_MODEL;

/**
 * @typedef {import('playwright-core').BrowserContextOptions} ContextOptions
 * @typedef {import('playwright-core').Page} Page
 */

/**
 * @typedef {object} Site
 * @property {string} address of the page
 * @property {import('playwright-core').Browser} browser
 * @property {string[]} served requested paths, in order
 * @property {(options?: ContextOptions, before?: (page: Page) => Promise<void>) => Promise<Page>} open the page, ready to segment
 * @property {() => Promise<void>} close
 */

/**
 * @param {string[]} [more] arguments of the browser
 * @returns {Promise<Site>}
 */
export async function startSite(more) {
    const server = createPageServer();
    /** @type {string[]} */
    const served = [];
    server.on('request', request => served.push(request.url ?? ''));
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const browser = await launch(more);
    const address = `http://localhost:${port}/web/`;
    return {
        address,
        browser,
        served,
        open: (options, before) => openPage(browser, address, options, before),
        async close() {
            await browser.close();
            const closed = once(server, 'close');
            server.close();
            server.closeAllConnections();
            await closed;
        },
    };
}

/**
 * Collects console errors, page errors and requests to other hosts.
 * @param {Page} page
 * @param {string} address
 */
function watch(page, address) {
    /** @type {string[]} */
    const faults = [];
    page.on('console', message => {
        if (message.type() === 'error') faults.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', error => faults.push(`page: ${error.message}`));
    page.context().on('request', request => {
        const url = request.url();
        if (!url.startsWith(new URL(address).origin) && !/^(blob|data):/.test(url)) faults.push(`request: ${url}`);
    });
    Reflect.set(page, 'faults', faults);
}

/**
 * @param {Page} page
 * @returns {string[]} the collected faults
 */
export function faultsOf(page) {
    return Reflect.get(page, 'faults');
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} address
 * @param {ContextOptions} [options]
 * @param {(page: Page) => Promise<void>} [before] the page loads
 * @returns {Promise<Page>}
 */
export async function openPage(browser, address, options = {}, before) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
    const page = await context.newPage();
    context.setDefaultTimeout(PATIENCE);
    watch(page, address);
    if (MODEL) {
        const body = await readFile(MODEL);
        await context.route('**/weights/sonomask.safetensors', route => route.fulfill({ body, contentType: 'application/octet-stream' }));
    }
    // While weights are being trained they have neither a card nor a checksum, which is not an error of the page.
    for (const name of ['SHA256SUMS', 'MODEL_CARD.md'])
        if (MODEL || !existsSync(path.join(ROOT, 'weights', name)))
            await context.route(`**/weights/${name}`, route => route.fulfill({ body: '' }));
    await before?.(page);
    await page.goto(address);
    if (!before) await loaded(page);
    return page;
}

/**
 * Waits until the page makes no more requests.
 * @param {Page} page
 */
export async function loaded(page) {
    await page.locator('html[data-loaded="all"]').waitFor({ state: 'attached' });
}

/**
 * Waits until no row waits or runs.
 * @param {Page} page
 * @param {number} rows
 */
export async function settled(page, rows) {
    await page.waitForFunction(
        count => {
            const states = [...document.querySelectorAll('.row')].map(row => row.getAttribute('data-state'));
            return states.length === count && states.every(state => state !== 'waiting' && state !== 'running');
        },
        rows,
        { polling: 50 },
    );
}

/**
 * Waits until the picture in view has its answer and is drawn.
 * @param {Page} page
 */
export async function answered(page) {
    await page.locator('.bars').waitFor();
    await page.locator('#threshold:enabled').waitFor({ state: 'attached' });
    await nextFrame(page);
}

/**
 * Waits until requested changes are drawn.
 * @param {Page} page
 */
export async function nextFrame(page) {
    await page.evaluate(async () => {
        for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    });
}

/**
 * Gives files to the page as a picker does.
 * @param {Page} page
 * @param {{ name: string, buffer: Buffer }[]} files
 * @param {string} [field]
 */
export async function pick(page, files, field = '#pick-files') {
    await page.locator(field).setInputFiles(files.map(file => ({ mimeType: 'application/octet-stream', ...file })));
}

/**
 * The file that a click on a button saves.
 * @param {Page} page
 * @param {string} name of the button
 * @returns {Promise<{ name: string, bytes: Buffer }>}
 */
export async function saved(page, name) {
    const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name, exact: true }).click(),
    ]);
    return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/**
 * Every row of the list as a user reads it.
 * @param {Page} page
 * @returns {Promise<{ name: string, state: string, text: string }[]>}
 */
export function rowsOf(page) {
    return page.locator('.row').evaluateAll(rows =>
        rows.map(row => ({
            name: row.querySelector('.row-name')?.textContent ?? '',
            state: row.getAttribute('data-state') ?? '',
            text: row.querySelector('.row-state')?.textContent ?? '',
        })),
    );
}

/**
 * The colour on the screen at a point of the image in view.
 * @param {Page} page
 * @param {number} x share of the canvas' width, 0..1
 * @param {number} y share of its height
 * @returns {Promise<number[]>} red, green, blue
 */
export function colourAt(page, x, y) {
    return page.locator('#canvas').evaluate(
        (canvas, [shareX = 0, shareY = 0]) => {
            const element = /** @type {HTMLCanvasElement} */ (canvas);
            const context = /** @type {CanvasRenderingContext2D} */ (element.getContext('2d'));
            const at = context.getImageData(Math.round(element.width * shareX), Math.round(element.height * shareY), 1, 1);
            return [...at.data.slice(0, 3)];
        },
        [x, y],
    );
}

/**
 * A number that changes whenever anything on the canvas does.
 * @param {Page} page
 * @returns {Promise<number>}
 */
export function canvasHash(page) {
    return page.locator('#canvas').evaluate(canvas => {
        const element = /** @type {HTMLCanvasElement} */ (canvas);
        const context = /** @type {CanvasRenderingContext2D} */ (element.getContext('2d'));
        const { data } = context.getImageData(0, 0, element.width, element.height);
        let hash = 0;
        for (let index = 0; index < data.length; index += 4) hash = (Math.imul(hash, 31) + /** @type {number} */ (data[index])) | 0;
        return hash;
    });
}

/**
 * @param {Page} page
 * @param {string} measure name of a row of the table of lesions
 * @returns {Promise<number>} of the first lesion
 */
export async function measured(page, measure) {
    const row = page.locator('.measures tbody tr', { has: page.getByRole('rowheader', { name: measure }) });
    const text = await row.locator('td').first().textContent();
    return Number.parseFloat((text ?? '').replaceAll(',', ''));
}
