/** 1,000 images in the page: memory of its renderer after the first 50 and after all. */
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createPageServer } from '../../../web/serve.js';
import { manySamples } from '../../web/support/samples.js';
import { startChromium } from '../lib/chromium.js';
import { progress } from '../lib/project.js';

const BATCHES = [50, 50, ...Array.from({ length: 9 }, () => 100)];
const PATIENCE = 300_000; // milliseconds per batch
const CLEANING = 500; // milliseconds
const TARGET = 10; // % more after all images than after the first batch

/**
 * @param {import('playwright-core').CDPSession} session of the browser
 * @returns {Promise<number>} private memory of the largest renderer, bytes; Linux only
 */
async function rendererBytes(session) {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const sizes = await Promise.all(
        processInfo.filter(({ type }) => type === 'renderer').map(async ({ id }) => {
            const text = await readFile(`/proc/${id}/smaps_rollup`, 'utf8').catch(() => '');
            return [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].reduce((sum, [, kB]) => sum + 1024 * Number(kB), 0);
        }),
    );
    return Math.max(0, ...sizes);
}

/** @type {import('../bench.js').Section} */
export async function images(results) {
    const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-images-'));
    const server = createPageServer();
    const browser = await startChromium();
    try {
        const files = await Promise.all((await manySamples(100)).map(async ({ name, buffer }) => {
            const file = path.join(folder, name);
            await writeFile(file, buffer);
            return file;
        }));
        server.listen(0, 'localhost');
        await once(server, 'listening');
        const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
        const page = await browser.newPage();
        page.setDefaultTimeout(PATIENCE);
        await page.goto(`http://localhost:${port}/web/`);
        await page.locator('html[data-loaded="all"]').waitFor({ state: 'attached' });
        const inPage = await page.context().newCDPSession(page);
        const inBrowser = await browser.newBrowserCDPSession();
        /** @type {{ count: number, renderer: number, script: number }[]} MB */
        const found = [];
        let count = 0;
        for (const batch of BATCHES) {
            await page.locator('#pick-files').setInputFiles(files.slice(0, batch));
            count += batch;
            await page.waitForFunction(total => document.querySelectorAll('.row[data-state="done"]').length === total, count, { polling: 250 });
            // Garbage in the workers and caches would otherwise be counted, which come and go by tens of megabytes.
            await inPage.send('Memory.simulatePressureNotification', { level: 'critical' });
            await inPage.send('HeapProfiler.collectGarbage');
            await page.waitForTimeout(CLEANING);
            const { usedSize, backingStorageSize = 0 } = /** @type {any} */ (await inPage.send('Runtime.getHeapUsage'));
            found.push({ count, renderer: (await rendererBytes(inBrowser)) / 1e6, script: (usedSize + backingStorageSize) / 1e6 });
            progress(`${count} images in the page: ${found.at(-1)?.renderer.toFixed(0)} MB`);
        }
        const [first, last] = [found[0], found.at(-1)];
        if (!first || !last || first.renderer === 0) throw new Error('the renderer\'s memory can be read on Linux only');
        results.tables.push({
            title: 'Images in the page',
            columns: ['images', 'renderer, private MB', 'scripts and buffers, MB'],
            rows: found.map(size => [size.count, size.renderer.toFixed(0), size.script.toFixed(1)]),
        });
        results.measures.push({ what: `renderer memory, ${last.count} images against the first ${first.count}`,
            value: 100 * (last.renderer / first.renderer - 1), unit: '%', target: TARGET });
    } finally {
        await browser.close();
        server.close();
        server.closeAllConnections();
        await rm(folder, { recursive: true });
    }
}
