/** A real Chromium before the real page: started once a test file, one context a test. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { createPageServer } from '../../../web/serve.js';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
];
const PATIENCE = 30000; // milliseconds: the machine may be busy

/** Why the page's tests cannot run here, or false. */
export const skip = existsSync(CHROMIUM) ? false : `no Chromium at ${CHROMIUM} (set CHROMIUM, or install the package)`;

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
 * @property {string[]} served paths that the server was asked for, in order
 * @property {(options?: ContextOptions, before?: (page: Page) => Promise<void>) => Promise<Page>} open the page, ready to segment
 * @property {() => Promise<void>} close
 */

/** @returns {Promise<Site>} */
export async function startSite() {
    const server = createPageServer();
    /** @type {string[]} */
    const served = [];
    server.on('request', request => served.push(request.url ?? ''));
    await /** @type {Promise<void>} */ (new Promise(resolve => server.listen(0, 'localhost', () => resolve())));
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    const address = `http://localhost:${port}/web/`;
    return {
        address,
        browser,
        served,
        open: (options, before) => openPage(browser, address, options, before),
        async close() {
            await browser.close();
            server.closeAllConnections();
            await new Promise(resolve => server.close(resolve));
        },
    };
}

/**
 * Any console error, page error or request to another host that a test did not ask for fails it.
 * @param {Page} page
 * @param {string} address
 */
function watch(page, address) {
    /** @type {string[]} */
    const faults = [];
    page.on('console', message => {
        if (message.type() === 'error') faults.push(`console: ${message.text()}`);
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
 * @returns {string[]} what went wrong behind the scenes
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
async function openPage(browser, address, options = {}, before) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    watch(page, address);
    if (MODEL) {
        const body = await readFile(MODEL);
        await context.route('**/weights/sonomask.safetensors', route => route.fulfill({ body, contentType: 'application/octet-stream' }));
        await context.route('**/weights/SHA256SUMS', route => route.fulfill({ body: '' }));
    }
    await before?.(page);
    await page.goto(address);
    if (!before) await loaded(page);
    return page;
}

/**
 * Waits until the page will ask for nothing more.
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
    const list = page.getByRole('listitem');
    await page.waitForFunction(
        count => {
            const states = [...document.querySelectorAll('.row')].map(row => row.getAttribute('data-state'));
            return states.length === count && states.every(state => state !== 'waiting' && state !== 'running');
        },
        rows,
        { polling: 50 },
    );
    return list;
}

/**
 * Gives files to the page as a picker does.
 * @param {Page} page
 * @param {{ name: string, buffer: Buffer }[]} files
 */
export async function pick(page, files) {
    await page.locator('#pick-files').setInputFiles(files.map(file => ({ mimeType: 'application/octet-stream', ...file })));
}
