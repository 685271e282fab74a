/** Memory of the page's process while 1,000 images are segmented: it must not grow after the first 50. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Sonomask } from '../../../wasm/sonomask.js';
import { png } from '../../node/support/images.js';
import { phantoms, report } from './pages.js';

const IMAGES = 1000;
const DRAWN = 30; // phantoms; the images are these with another first pixel each
const FIRST = 50;
const MOST_GROWTH = 0.1;
const PATIENCE = 1_800_000; // milliseconds

/** @typedef {import('../support/page.js').Page} Page */

/**
 * @param {Page} page the only one of its browser
 * @returns {Promise<number>} megabytes of its renderer in memory that no other process shares, after garbage was collected
 */
async function memoryOf(page) {
    const session = await page.context().newCDPSession(page);
    await session.send('HeapProfiler.collectGarbage');
    await session.detach();
    const whole = await page.context().browser()?.newBrowserCDPSession();
    const { processInfo = [] } = (await whole?.send('SystemInfo.getProcessInfo')) ?? {};
    await whole?.detach();
    const sizes = await Promise.all(processInfo.filter(({ type }) => type === 'renderer').map(async ({ id }) => {
        const status = await readFile(`/proc/${id}/status`, 'utf8');
        return Number(status.match(/^RssAnon:\s+(\d+) kB/m)?.[1]) / 1024;
    }));
    // Chromium keeps a spare renderer, which is small.
    return Math.max(...sizes);
}

/**
 * @param {string} folder
 * @returns {Promise<string[]>} paths of images, no two of them the same
 */
async function imagesIn(folder) {
    const sonomask = await Sonomask.load({ weights: null });
    const drawn = await Promise.all(phantoms(folder, DRAWN, { width: 320, height: 240 }).map(async ({ image }) => sonomask.decode(await readFile(image))));
    sonomask.dispose();
    const files = [];
    for (let index = 0; index < IMAGES; index++) {
        const { width = 0, height = 0, channels = 1, data = [] } = drawn[index % DRAWN] ?? {};
        const grey = Uint8Array.from({ length: width * height }, (_, pixel) => data[pixel * channels] ?? 0);
        grey[0] = Math.floor(index / DRAWN);
        files.push(path.join(folder, `image-${index + 1}.png`));
        await writeFile(files[index] ?? '', png({ width, height, data: grey }));
    }
    return files;
}

/** @type {import('./desk.js').Section} */
export async function memory(site, folder) {
    const files = await imagesIn(folder);
    const page = await site.open();
    const done = (/** @type {number} */ count) =>
        page.waitForFunction(least => document.querySelectorAll('.row[data-state="done"]').length >= least, count, { polling: 100, timeout: PATIENCE });
    await page.locator('#pick-files').setInputFiles(files);
    await done(FIRST);
    const before = await memoryOf(page);
    await done(IMAGES);
    await page.waitForTimeout(2000);
    const after = await memoryOf(page);
    const growth = after / before - 1;
    report(`${IMAGES} images: memory of the renderer after ${FIRST} and all`, `${before.toFixed(0)} and ${after.toFixed(0)} MB, ${(100 * growth).toFixed(1)}% more`, 'at most 10% more', growth <= MOST_GROWTH);
    await page.context().close();
}
