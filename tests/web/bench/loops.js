/** Whole cine loops, exports of them, the live picture, and the search for the scan in a screen. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Sonomask } from '../../../wasm/sonomask.js';
import { dicomLoop } from '../../node/support/loops.js';
import { answered, saved, settled, startSite } from '../support/page.js';
import { y4m } from '../support/y4m.js';
import { phantoms, quantile, report } from './pages.js';

/** @typedef {import('../support/page.js').Page} Page */

const LOOP = { width: 640, height: 480 };
const FRAMES = 400;
const ZIPPED = 60;
const RATE = 25; // frames per second
const CAMERA = { width: 640, height: 480 };
const SCREEN = { width: 1280, height: 960 };
/** How long the live picture is measured: LIVE_MINUTES=10 for the memory of a long session. */
const MINUTES = Number(process.env['LIVE_MINUTES'] ?? 1);
const MEASURED_EVERY = 5000; // milliseconds between two looks at the memory

/**
 * @param {string} folder
 * @param {{ width: number, height: number }} size
 * @returns {Promise<Buffer>} grey pixels of a synthetic image with a lesion
 */
async function stillOf(folder, size) {
    const [{ image } = { image: '' }] = phantoms(folder, 1, size);
    const sonomask = await Sonomask.load({ weights: null });
    const { data, channels } = await sonomask.decode(await readFile(image));
    sonomask.dispose();
    return Buffer.from(data.filter((_, index) => index % channels === 0));
}

/**
 * Processor time and memory of the browser's processes.
 * @param {import('playwright-core').Browser} browser
 * @returns {Promise<{ seconds: number, megabytes: number }>} of all of them, and of the largest renderer
 */
async function usageOf(browser) {
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    const sizes = await Promise.all(processInfo.filter(({ type }) => type === 'renderer').map(async ({ id }) => {
        const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
        return Number(/^RssAnon:\s*(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
    }));
    return { seconds: processInfo.reduce((sum, { cpuTime }) => sum + cpuTime, 0), megabytes: Math.max(0, ...sizes) };
}

/**
 * @param {Page} page
 * @param {string} folder
 * @param {number} frames
 * @returns {Promise<number>} seconds for all frames
 */
async function segmentAll(page, folder, frames) {
    const file = path.join(folder, 'loop.dcm');
    await writeFile(file, dicomLoop({ still: await stillOf(folder, LOOP), size: LOOP, frames, rate: RATE }));
    await page.locator('#pick-files').setInputFiles(file);
    await settled(page, 1);
    await answered(page);
    await page.waitForTimeout(1000);
    const started = performance.now();
    await page.getByRole('button', { name: 'Segment all frames' }).click();
    // Not by a locator, which looks at every frame of the screen.
    await page.waitForFunction(text => document.querySelector('#loop-summary')?.textContent?.startsWith(text), `${frames} of ${frames} frames`, { polling: 100, timeout: 600_000 });
    return (performance.now() - started) / 1000;
}

/** @type {import('./desk.js').Section} */
export async function loop(site, folder) {
    const page = await site.open();
    const before = await usageOf(site.browser);
    const seconds = await segmentAll(page, folder, FRAMES);
    const spent = (await usageOf(site.browser)).seconds - before.seconds;
    const watched = FRAMES / RATE;
    report(`${FRAMES} frames of ${LOOP.width}x${LOOP.height}, which last ${watched} s`, `${seconds.toFixed(1)} s, ${(seconds / watched).toFixed(2)} of watching; processor ${spent.toFixed(1)} s`, '<= 0.5 of watching', seconds <= watched / 2);
    await page.context().close();
}

/** @type {import('./desk.js').Section} */
export async function zip(site, folder) {
    const page = await site.open();
    await segmentAll(page, folder, ZIPPED);
    const before = await usageOf(site.browser);
    const started = performance.now();
    const { bytes } = await saved(page, 'Everything (ZIP)');
    const seconds = (performance.now() - started) / 1000;
    const spent = (await usageOf(site.browser)).seconds - before.seconds;
    report(`ZIP of ${ZIPPED} frames of ${LOOP.width}x${LOOP.height}, ${(bytes.length / 1e6).toFixed(1)} MB`, `${seconds.toFixed(1)} s; processor ${spent.toFixed(1)} s`, '<= 5 s', seconds <= 5);
    await page.context().close();
}

/** @type {import('./desk.js').Section} */
export async function live(_site, folder) {
    const file = `${folder}.y4m`;
    await writeFile(file, y4m(await stillOf(folder, CAMERA), CAMERA, 60, 30));
    // The camera is an argument of the browser.
    const site = await startSite(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${path.resolve(file)}`]);
    try {
        const page = await site.open();
        await page.getByRole('button', { name: 'Live picture' }).click();
        await page.getByRole('button', { name: 'Camera or frame grabber' }).click();
        await page.locator('#live-facts', { hasText: /^[1-9]/ }).waitFor();
        await page.waitForTimeout(3000);
        await page.getByRole('button', { name: 'Record answers' }).click();
        const sizes = [];
        for (let left = MINUTES * 60_000; left > 0; left -= MEASURED_EVERY) {
            sizes.push((await usageOf(site.browser)).megabytes);
            await page.waitForTimeout(Math.min(left, MEASURED_EVERY));
        }
        const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^Save the answers/ }).click()]);
        const records = (await readFile(await download.path(), 'utf8')).trim().split('\n').map(line => JSON.parse(line));
        const delays = records.map(record => record.delay_ms);
        const seconds = (Date.parse(records.at(-1).time) - Date.parse(records[0].time)) / 1000;
        const rate = (records.length - 1) / seconds;
        const p95 = quantile(delays, 0.95);
        report(`live, camera of ${CAMERA.width}x${CAMERA.height} at 30 frames per second, ${MINUTES} min`, `${rate.toFixed(1)} masks per second, delay p95 ${p95} ms, median ${quantile(delays, 0.5)} ms`, '>= 15, p95 <= 150 ms', rate >= 15 && p95 <= 150);
        // The first tenth is left out: compilers and pools still grow in it.
        const settledSizes = sizes.slice(Math.ceil(sizes.length / 10));
        const half = Math.ceil(settledSizes.length / 2);
        const early = quantile(settledSizes.slice(0, half), 0.5);
        const late = quantile(settledSizes.slice(half), 0.5);
        report(`live, memory of the page over ${MINUTES} min`, `${early.toFixed(0)} MB in the first half, ${late.toFixed(0)} MB in the second, most ${Math.max(...sizes).toFixed(0)} MB`, 'flat: within 5 %', late <= 1.05 * early);
        await page.context().close();
    } finally {
        await site.close();
    }
}

/**
 * A scan in the middle of a dark screen with a bar: what the search finds, and the time of one search in one thread.
 * @type {import('./desk.js').Section}
 */
export async function finder(_site, folder) {
    const inner = { width: 880, height: 660 };
    const still = await stillOf(folder, inner);
    const data = new Uint8Array(SCREEN.width * SCREEN.height).fill(40);
    const left = 300;
    const top = 200;
    for (let y = 0; y < inner.height; y++) data.set(still.subarray(y * inner.width, (y + 1) * inner.width), (top + y) * SCREEN.width + left);
    const image = { data, ...SCREEN };
    const sonomask = await Sonomask.load();
    const { regions } = await sonomask.segment(image);
    const given = regions.map(({ x, y, width, height }) => ({ x, y, width, height }));
    const timeOf = async (/** @type {import('../../../wasm/sonomask.js').SegmentOptions} */ options) => {
        const started = performance.now();
        await sonomask.segment(image, options);
        return performance.now() - started;
    };
    const differences = [];
    for (let round = 0; round < 40; round++) {
        const found = await timeOf({ regions: 'auto' });
        differences.push(found - (await timeOf({ regions: given })));
    }
    sonomask.dispose();
    const median = quantile(differences, 0.5);
    report(`search for the scan in ${SCREEN.width}x${SCREEN.height}, one thread, Node`, `${median.toFixed(1)} ms more than with the region given (${regions.length} found)`, '<= 6 ms', median <= 6);
}
