/** Everything local: no request while images are processed, offline use, and weights that are checked. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { bundle } from '../../web/bundle.js';
import { ROOT } from '../node/support/project.js';
import { answered, faultsOf, loaded, pick, rowsOf, saved, settled, skip, startSite } from './support/page.js';
import { manySamples } from './support/samples.js';

const WEIGHTS = path.join(ROOT, 'weights/sonomask.safetensors');
const CHECKSUMS = path.join(ROOT, 'weights/SHA256SUMS');

test('the published checksum is that of the weights', { skip: existsSync(CHECKSUMS) && existsSync(WEIGHTS) ? false : 'not published yet' }, async () => {
    const [sum] = (await readFile(CHECKSUMS, 'utf8')).split(/\s/);
    assert.equal(sum, createHash('sha256').update(await readFile(WEIGHTS)).digest('hex'), 'make weights/SHA256SUMS');
});

describe('trust', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    before(async () => {
        site = await startSite();
    });
    after(() => site.close());

    test('no request while 20 images are segmented, edited, compared and exported', async () => {
        const page = await site.open();
        /** @type {string[]} */
        const requests = [];
        page.context().on('request', request => {
            if (!/^(blob|data):/.test(request.url())) requests.push(request.url());
        });
        const served = site.served.length;
        await pick(page, await manySamples(20));
        await settled(page, 20);
        await answered(page);
        const mask = await saved(page, 'Mask PNG');
        await pick(page, [{ name: 'scan 001_mask.png', buffer: mask.bytes }]);
        await page.locator('.scores').waitFor();
        for (const name of ['Overlay PNG', 'JSON', 'CSV table', 'COCO polygons', 'Everything (ZIP)']) await saved(page, name);
        await page.getByRole('button', { name: 'About this model' }).click();
        await page.getByRole('heading', { name: 'Limits', level: 3 }).waitFor();
        assert.deepEqual(requests, []);
        // Chromium compares a service worker with its script 30 seconds after it started; on a busy machine that is within the test.
        assert.deepEqual(site.served.slice(served).filter(address => address !== '/web/sw.js'), []);
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('the content security policy blocks requests to other hosts', async () => {
        const page = await site.open();
        const outcome = await page.evaluate(async () => {
            const refused = /** @type {string[]} */ ([]);
            document.addEventListener('securitypolicyviolation', event => refused.push(event.effectiveDirective));
            const reached = await fetch('https://example.org/').then(() => true, () => false);
            const image = new Image();
            image.src = 'https://example.org/a.png';
            await new Promise(resolve => {
                setTimeout(resolve, 200);
            });
            return { reached, refused };
        });
        assert.equal(outcome.reached, false);
        assert.ok(outcome.refused.includes('connect-src') && outcome.refused.includes('img-src'));
        await page.context().close();
    });

    test('the page opens and segments with the network off', async () => {
        const page = await site.open();
        await page.context().setOffline(true);
        await page.reload();
        await page.locator('#engine[data-state="ready"]').waitFor();
        await page.getByRole('button', { name: 'Try a sample' }).click();
        await settled(page, 3);
        assert.deepEqual((await rowsOf(page)).map(({ state }) => state), ['done', 'done', 'done']);
        await page.context().close();
    });

    // Where the server joins no modules. Not all browsers tell the page what its workers import.
    test('every module of the worker is kept for use with the network off', async () => {
        const modulesOf = async (/** @type {string} */ entry) => {
            const { imports } = await bundle(entry, { read: file => readFile(path.join(ROOT, file), 'utf8'), isExternal: file => file.includes('/vendor/') });
            return [...imports.keys()];
        };
        const page = await site.open();
        /** @type {string[]} */
        const kept = await page.evaluate(async () => {
            const cache = await caches.open('sonomask-1');
            return (await cache.keys()).map(({ url }) => new URL(url).pathname.slice(1));
        });
        const known = [...kept, ...await modulesOf('web/app.js')]; // the page names its own modules
        assert.deepEqual((await modulesOf('web/engine/worker.js')).filter(file => !known.includes(file)), []);
        await page.context().close();
    });

    for (const { what, name, answer, reason } of [
        { what: 'missing weights', name: 'weights/sonomask.safetensors', answer: { status: 404 }, reason: /weights file is missing/ },
        { what: 'a page instead of the weights', name: 'weights/sonomask.safetensors', answer: { contentType: 'text/html', body: '<!doctype html>' }, reason: /a web page/ },
        { what: 'damaged weights', name: 'weights/sonomask.safetensors', answer: { body: 'nothing', contentType: 'application/octet-stream' }, reason: /not the published ones/ },
        { what: 'altered weights', name: 'weights/SHA256SUMS', answer: { body: `${'0'.repeat(64)}  sonomask.safetensors\n` }, reason: /not the published ones/ },
        { what: 'a missing engine', name: 'wasm/sonomask.relaxed.wasm', answer: { status: 404 }, reason: /engine could not be loaded: .*HTTP 404/ },
        { what: 'a page instead of the engine', name: 'wasm/sonomask.relaxed.wasm', answer: { contentType: 'text/html', body: '<!doctype html>' }, reason: /engine could not be loaded: .*HTML page/ },
        { what: 'a truncated engine', name: 'wasm/sonomask.relaxed.wasm', answer: { contentType: 'application/wasm', body: Buffer.from('0061736d01000000ff', 'hex') }, reason: /engine could not be loaded: .*does not compile/ },
        { what: 'another file in the engine’s place', name: 'wasm/sonomask.relaxed.wasm', answer: { contentType: 'application/wasm', body: 'nothing' }, reason: /engine could not be loaded: .*not WebAssembly/ },
        { what: 'a missing worker', name: 'web/engine/worker.js', answer: { status: 404 }, reason: /worker failed/ },
    ])
        test(`${what}: its own message`, async () => {
            const page = await site.open({ serviceWorkers: 'block' }, async opening => {
                await opening.context().route(`**/${name}`, route => route.fulfill(answer));
            });
            await page.locator('#engine[data-state="failed"]').waitFor();
            assert.match((await page.locator('#engine-text').textContent()) ?? '', reason);
            // Images that are added fail with the same reason instead of waiting forever.
            await page.getByRole('button', { name: 'Try a sample' }).click();
            await settled(page, 3);
            assert.ok((await rowsOf(page)).every(({ state, text }) => state === 'failed' && reason.test(text)));
            assert.ok(await page.getByRole('button', { name: 'Try again' }).isVisible());
            // A checksum has no place to break.
            const cut = await page.locator('#viewer-note p').evaluateAll(notes => notes.filter(note => note.scrollWidth > note.clientWidth).length);
            assert.equal(cut, 0, 'the whole message is seen');
            await page.context().close();
        });

    test('the published weights are shown as verified', async () => {
        const bytes = await readFile(process.env['SONOMASK_MODEL'] ?? WEIGHTS);
        const sum = createHash('sha256').update(bytes).digest('hex');
        const page = await site.open({ serviceWorkers: 'block' }, async opening => {
            await opening.context().route('**/weights/SHA256SUMS', route => route.fulfill({ body: `${sum}  sonomask.safetensors\n` }));
        });
        await loaded(page);
        await page.getByRole('button', { name: 'About this model' }).click();
        await page.getByText('the published weights, by SHA-256').waitFor();
        assert.ok(await page.getByText(sum).isVisible());
        // The card's own figures, as a table that can be read.
        const card = await readFile(path.join(ROOT, 'weights/MODEL_CARD.md'), 'utf8').catch(() => '');
        const [, dice] = card.match(/\| lesion Dice, mean \| ([^|]+?) \|/) ?? [];
        if (dice) assert.ok(await page.locator('#model-card tr', { hasText: 'lesion Dice, mean' }).getByText(dice).isVisible());
        await page.getByRole('button', { name: 'Close' }).click();
        assert.ok(await page.getByRole('dialog').isHidden());
        await page.context().close();
    });
});
