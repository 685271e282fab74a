/** The static folder of the release behind real web servers: headers, entity tags, and the page in Chromium, also offline. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PAGE_HEADERS } from '../../web/release/headers.js';
import { createPageServer } from '../../web/serve.js';
import { BUILD, ROOT } from '../node/support/project.js';
import { answered, faultsOf, launch, loaded, openPage, pick, saved, settled, skip } from '../web/support/page.js';
import { missing, SERVERS, startServer } from './servers.js';

const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8'));
const SITE = path.join(BUILD, `dist/sonomask-${version}-site`);
const PHANTOM = { name: 'scan.png', buffer: await readFile(path.join(ROOT, 'web/samples/phantom-1.png')) };

/** @returns {Promise<string[]>} paths below the document root */
async function publicFiles() {
    const folder = path.join(SITE, 'public');
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter(entry => entry.isFile()).map(entry => path.relative(folder, path.join(entry.parentPath, entry.name))).sort();
}

/** @param {Response} response */
const typeOf = response => response.headers.get('content-type')?.toLowerCase();

/**
 * The mask of the first sample.
 * @param {import('playwright-core').Page} page
 */
async function maskOf(page) {
    await pick(page, [PHANTOM]);
    await settled(page, 1);
    await answered(page);
    return (await saved(page, 'Mask PNG')).bytes;
}

test('the headers for Netlify are those of the page', async () => {
    const [all] = (await readFile(path.join(SITE, 'public/_headers'), 'utf8')).split(/\n(?=\/)/);
    assert.equal(all, ['/*', ...PAGE_HEADERS.map(([name, value]) => `  ${name}: ${value}`)].join('\n'));
});

describe('web servers', { skip: existsSync(SITE) ? skip : 'make dist' }, () => {
    const reference = createPageServer();
    /** @type {import('playwright-core').Browser} */
    let browser;
    /** @type {string} */
    let origin;
    /** @type {Buffer} */
    let wanted;
    before(async () => {
        reference.listen(0, 'localhost');
        await once(reference, 'listening');
        origin = `http://localhost:${/** @type {import('node:net').AddressInfo} */ (reference.address()).port}/`;
        browser = await launch();
        const page = await openPage(browser, `${origin}web/`);
        wanted = await maskOf(page);
        await page.context().close();
    });
    after(async () => {
        await browser.close();
        reference.close();
        reference.closeAllConnections();
    });

    for (const name of /** @type {(keyof typeof SERVERS)[]} */ (Object.keys(SERVERS)))
        describe(name, { skip: missing(name) }, () => {
            /** @type {Awaited<ReturnType<typeof startServer>>} */
            let server;
            before(async () => {
                server = await startServer(name, SITE);
            });
            after(() => server.stop());

            test('every file has its content, type, headers and entity tag', async () => {
                for (const file of await publicFiles()) {
                    const response = await fetch(server.address + file);
                    assert.equal(response.status, 200, file);
                    for (const [header, value] of PAGE_HEADERS) assert.equal(response.headers.get(header), value, `${header} of ${file}`);
                    assert.deepEqual(Buffer.from(await response.arrayBuffer()), await readFile(path.join(SITE, 'public', file)), file);
                    const expected = await fetch(origin + file);
                    await expected.arrayBuffer();
                    if (expected.ok) assert.equal(typeOf(response), typeOf(expected), file);
                    const tag = response.headers.get('etag');
                    assert.ok(tag, `entity tag of ${file}`);
                    const again = await fetch(server.address + file, { headers: { 'If-None-Match': tag } });
                    assert.equal(again.status, 304, file);
                }
            });

            test('modules, style sheets and weights are compressed', async () => {
                for (const file of ['web/app.js', 'web/styles/base.css', 'wasm/sonomask.simd.wasm', 'weights/sonomask.safetensors']) {
                    const response = await fetch(server.address + file, { headers: { 'Accept-Encoding': 'gzip' } });
                    assert.equal(response.headers.get('content-encoding'), 'gzip', file);
                    assert.match(response.headers.get('vary') ?? '', /accept-encoding/i);
                    await response.arrayBuffer();
                }
            });

            test('what is not there is refused, with the headers', async () => {
                for (const file of ['missing.js', 'web/serve.js', '.git/config', 'wasm/']) {
                    const response = await fetch(server.address + file);
                    assert.ok([403, 404].includes(response.status), `${file}: ${response.status}`);
                    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
                }
            });

            test('the page gives the same mask, and works after the server has ended', async () => {
                const page = await openPage(browser, server.address, {}, async () => {});
                await page.waitForURL(`${server.address}web/`);
                await loaded(page);
                assert.deepEqual(await maskOf(page), wanted);
                assert.deepEqual(faultsOf(page), []);
                await page.evaluate(() => navigator.serviceWorker.ready);
                await server.stop();
                await page.reload();
                await loaded(page);
                assert.deepEqual(await maskOf(page), wanted);
                await page.context().close();
            });
        });
});
