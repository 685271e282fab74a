/** From the request for the page to the first mask, beside a page with one heading. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createPageServer } from '../../../web/serve.js';
import { startChromium } from '../lib/chromium.js';
import { spread } from '../lib/pairs.js';
import { progress } from '../lib/project.js';

const PAIRS = 9;
const WINDOW_SETTLES = 1500; // milliseconds
const TARGET = 300; // milliseconds
const SHOWN = 'shown after ';

/**
 * @param {import('node:http').Server} server
 * @returns {Promise<number>} its port
 */
async function listen(server) {
    server.listen(0, 'localhost');
    await once(server, 'listening');
    return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

/** Runs in the page. Writes to the console, because questions of the test tool would delay the page. */
function reportWhenShown(/** @type {string} */ shown) {
    const report = () => console.log(shown + performance.now());
    new PerformanceObserver(list => {
        if (list.getEntriesByName('first-mask').length > 0) report();
    }).observe({ type: 'mark' });
    addEventListener('DOMContentLoaded', () => {
        if (document.body.children.length === 1) requestAnimationFrame(report);
    });
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} address
 * @returns {Promise<number>} milliseconds until the heading or the first mask is drawn
 */
async function timeToShow(browser, address) {
    // A new context has an empty cache, but the browser has already started.
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(reportWhenShown, SHOWN);
    // Opening a window starts the browser's own interface, which is not part of loading a page.
    await page.waitForTimeout(WINDOW_SETTLES);
    const shown = page.waitForEvent('console', message => message.text().startsWith(SHOWN));
    await page.goto(address, { waitUntil: 'commit' });
    const text = (await shown).text();
    await context.close();
    return Number(text.slice(SHOWN.length));
}

/** @type {import('../bench.js').Section} */
export async function coldStart(results) {
    const plain = createServer((_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Heading</title><h1>Heading</h1>');
    });
    const server = createPageServer();
    const browser = await startChromium();
    try {
        const heading = `http://localhost:${await listen(plain)}/`;
        const page = `http://localhost:${await listen(server)}/web/#sample`;
        await timeToShow(browser, page); // the server joins and compresses the files at the first request
        /** @type {{ heading: number, mask: number }[]} */
        const pairs = [];
        for (let pair = 0; pair < PAIRS; pair++) {
            progress(`page load ${pair + 1} of ${PAIRS}`);
            pairs.push({ heading: await timeToShow(browser, heading), mask: await timeToShow(browser, page) });
        }
        const add = (/** @type {string} */ what, /** @type {number[]} */ values, /** @type {number | null} */ target) =>
            results.measures.push({ what, value: spread(values).median, unit: 'ms', target });
        add('page with one heading, on localhost', pairs.map(pair => pair.heading), null);
        add('page load to first mask, on localhost', pairs.map(({ mask }) => mask), null);
        add('page load to first mask beyond the page with one heading', pairs.map(pair => pair.mask - pair.heading), TARGET);
    } finally {
        await browser.close();
        for (const each of [plain, server]) {
            each.close();
            each.closeAllConnections();
        }
    }
}
