/** Size of the page, and its responsiveness and memory while many images are segmented. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPageServer } from '../../web/serve.js';
import { ROOT } from '../node/support/project.js';
import { faultsOf, rowsOf, settled, skip, startSite } from './support/page.js';
import { scanPng } from '../node/support/images.js';
import { manySamples } from './support/samples.js';
import { mainThreadTasks, startTrace } from './support/trace.js';

/**
 * Asserted limit, milliseconds: far above our work on a slow, busy machine, and below segmenting on the main thread. The goal
 * is the Long Tasks limit of the web, 50 ms; the test prints the measured time.
 */
const BLOCKED = 200;
const LARGEST_PAGE = 200_000; // bytes, gzip: HTML, CSS, JavaScript and WebAssembly, without what is loaded on demand

test('the download of the page is small', async context => {
    const server = createPageServer();
    context.after(() => void server.close());
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const html = await readFile(path.join(ROOT, 'web/index.html'), 'utf8');
    const sheets = [...html.matchAll(/<link rel="stylesheet" href="([^"]+)">/g)].map(match => `web/${match[1]}`);
    let total = 0;
    for (const file of ['web/', ...sheets, 'web/app.js', 'web/engine/first.js', 'web/engine/worker.js', 'wasm/sonomask.relaxed.wasm']) {
        const sent = request({ host: 'localhost', port, path: `/${file}`, method: 'HEAD', headers: { 'accept-encoding': 'gzip' }, agent: false }).end();
        const [{ statusCode, headers }] = await once(sent, 'response');
        assert.equal(statusCode, 200, file);
        total += Number(headers['content-length']);
    }
    context.diagnostic(`${Math.round(total / 1000)} kB`);
    assert.ok(sheets.length > 0 && total <= LARGEST_PAGE, `${total} bytes`);
});

/**
 * @param {string} folder
 * @param {{ name: string, buffer: Buffer }[]} files
 * @returns {Promise<string[]>} their paths
 */
function writeFiles(folder, files) {
    return Promise.all(
        files.map(async ({ name, buffer }) => {
            const file = path.join(folder, name);
            await writeFile(file, buffer);
            return file;
        }),
    );
}

describe('speed', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {string} */
    let folder;
    before(async () => {
        folder = await mkdtemp(path.join(tmpdir(), 'sonomask-speed-'));
        site = await startSite();
    });
    after(async () => {
        await site.close();
        await rm(folder, { recursive: true });
    });

    /**
     * @returns {Promise<{ longest: number, growth: number }>} of one batch of 100: milliseconds, and bytes kept between
     *     the 15th answer and the last
     */
    async function batch() {
        const page = await site.open();
        const trace = await startTrace(page);
        // As paths: contents would be decoded in the page by the test tool, which must not be measured.
        await page.locator('#pick-files').setInputFiles(await writeFiles(folder, await manySamples(100)));
        await page.waitForFunction(() => document.querySelectorAll('.row[data-state="done"]').length >= 15);
        const session = await page.context().newCDPSession(page);
        const heap = async () => {
            await session.send('HeapProfiler.collectGarbage');
            const { usedSize, backingStorageSize = 0 } = /** @type {any} */ (await session.send('Runtime.getHeapUsage'));
            return usedSize + backingStorageSize;
        };
        const early = await heap();
        await settled(page, 100);
        const growth = (await heap()) - early;
        const tasks = mainThreadTasks(await trace.stop());
        assert.ok(tasks.length > 100, 'the trace saw the page at work');
        assert.ok((await rowsOf(page)).every(({ state }) => state === 'done'));
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
        return { longest: Math.round(Math.max(...tasks)), growth };
    }

    test('a batch of 100 images has no long task on the main thread and no growing memory', async context => {
        // A page that blocks does so in every run; a delay by other processes does not repeat.
        let longest = Infinity;
        for (let attempt = 0; attempt < 3 && longest > BLOCKED; attempt++) {
            const measured = await batch();
            longest = Math.min(longest, measured.longest);
            context.diagnostic(`longest task ${measured.longest} ms; ${Math.round(measured.growth / 1e6)} MB more after 100 images than after 15`);
            assert.ok(measured.growth < 20e6, `${measured.growth} bytes more`);
        }
        assert.ok(longest <= BLOCKED, `a task of ${longest} ms`);
    });

    test('500 files can be added at once and stopped', async () => {
        const page = await site.open();
        const buffer = scanPng(120, 90);
        const files = Array.from({ length: 500 }, (_, index) => ({ name: `small ${index}.png`, buffer }));
        await page.locator('#pick-files').setInputFiles(await writeFiles(folder, files));
        await page.getByText(/of 500 done/).waitFor();
        await page.getByRole('button', { name: 'Stop all' }).click();
        await settled(page, 500);
        assert.equal(await page.locator('.row').count(), 500);
        await page.context().close();
    });
});
