/** From files to answers: ways to add files, the list, bad files in a batch, stopping, and thresholds. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { RGB, jpeg, png, scanPng, withSize } from '../node/support/images.js';
import { ROOT } from '../node/support/project.js';
import { answered, faultsOf, loaded, measured, nextFrame, pick, rowsOf, saved, settled, skip, startSite } from './support/page.js';
import { manySamples, sample, withExpectedDicePower, withOutlierLimit } from './support/samples.js';

/**
 * @param {import('./support/page.js').Site} site
 * @param {(weights: Buffer) => Buffer} change
 * @returns {Promise<import('./support/page.js').Page>} the page with changed weights, of which no checksum is published
 */
async function openWith(site, change) {
    const body = change(await readFile(process.env['SONOMASK_MODEL'] ?? path.join(ROOT, 'weights/sonomask.safetensors')));
    const page = await site.open({ serviceWorkers: 'block' }, async opening => {
        await opening.context().route('**/weights/sonomask.safetensors', route => route.fulfill({ body, contentType: 'application/octet-stream' }));
        await opening.context().route('**/weights/SHA256SUMS', route => route.fulfill({ body: '' }));
    });
    await loaded(page);
    return page;
}

describe('segmenting', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    before(async () => {
        site = await startSite();
    });
    after(() => site.close());

    test('one click on the sample segments it, without requests to other hosts', async () => {
        const page = await site.open();
        await page.getByRole('button', { name: 'Try a sample' }).click();
        await settled(page, 3);
        await answered(page);
        const rows = await rowsOf(page);
        assert.deepEqual(rows.map(({ state }) => state), ['done', 'done', 'done']);
        const shares = await page.locator('.bars dd').allTextContents();
        assert.equal(shares.length, 3);
        assert.ok(await page.getByText('Research software, not a medical device.').isVisible());
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('the address #sample segments at once', async () => {
        const page = await site.open();
        await page.goto(`${site.address}#sample`);
        await page.reload();
        await settled(page, 3);
        await answered(page);
        await page.context().close();
    });

    test('pasting and dropping anywhere add images', async () => {
        const page = await site.open();
        const { buffer } = await sample('benign');
        const give = (/** @type {'paste' | 'drop'} */ how, /** @type {string} */ name) =>
            page.evaluate(
                ([base64, kind, fileName]) => {
                    const bytes = Uint8Array.from(atob(/** @type {string} */ (base64)), letter => letter.charCodeAt(0));
                    const data = new DataTransfer();
                    data.items.add(new File([bytes], /** @type {string} */ (fileName), { type: 'image/png' }));
                    const target = document.querySelector('.foot') ?? document.body;
                    const options = { bubbles: true, cancelable: true };
                    if (kind === 'paste') {
                        document.body.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: data }));
                        return;
                    }
                    for (const type of ['dragenter', 'dragover', 'drop'])
                        target.dispatchEvent(new DragEvent(type, { ...options, dataTransfer: data }));
                },
                [buffer.toString('base64'), how, name],
            );
        await give('paste', 'pasted.png');
        await settled(page, 1);
        await give('drop', 'dropped.png');
        await settled(page, 2);
        assert.deepEqual((await rowsOf(page)).map(({ name, state }) => [name, state]), [['pasted.png', 'done'], ['dropped.png', 'done']]);
        await page.context().close();
    });

    test('a batch continues after every kind of bad file, and each row shows the reason', async () => {
        const page = await site.open();
        const good = await sample('malignant');
        const photo = jpeg({ width: 64, height: 48, value: x => (x < 32 ? 30 : 200) });
        const bad = [
            { name: 'empty.png', buffer: Buffer.alloc(0), reason: /empty/ },
            { name: 'text.png', buffer: Buffer.from('this is not a picture'), reason: /not a PNG, JPEG/ },
            { name: 'cut.png', buffer: good.buffer.subarray(0, 5000), reason: /not a PNG, JPEG/ },
            { name: 'cut.jpg', buffer: photo.subarray(0, photo.length >> 1), reason: /not a PNG, JPEG/ },
            { name: 'dot.png', buffer: png({ width: 1, height: 1, data: Uint8Array.of(7) }), reason: /too small/ },
            { name: 'huge.png', buffer: withSize(scanPng(32, 32), 20000, 20000), reason: /64 megapixels/ },
        ];
        const rgb = { name: 'colour.png', buffer: png({ width: 40, height: 30, colour: RGB, data: new Uint8Array(3600).fill(120) }) };
        await pick(page, [good, ...bad.map(({ name, buffer }) => ({ name, buffer })), rgb, { name: 'photo.jpg', buffer: photo }]);
        await settled(page, bad.length + 3);
        const rows = await rowsOf(page);
        for (const { name, reason } of bad) {
            const row = rows.find(candidate => candidate.name === name);
            assert.equal(row?.state, 'failed', name);
            assert.match(row?.text ?? '', reason, name);
        }
        assert.deepEqual(rows.filter(({ state }) => state === 'done').map(({ name }) => name), ['malignant.png', 'colour.png', 'photo.jpg']);
        // The reason is also shown in place of the picture.
        await page.getByRole('button', { name: /text\.png/ }).first().click();
        await page.locator('#viewer-note', { hasText: /not a PNG, JPEG/ }).waitFor();
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('the out-of-distribution warning is in the answer, the list, the table and saved files', async () => {
        for (const [limit, foreign] of /** @type {const} */ ([[1e-6, true], [1e6, false]])) {
            const page = await openWith(site, weights => withOutlierLimit(weights, limit));
            await pick(page, [await sample('benign')]);
            await settled(page, 1);
            await answered(page);
            assert.equal(await page.getByText('does not look like a breast ultrasound image').isVisible(), foreign);
            assert.equal((await rowsOf(page))[0]?.text.includes('ultrasound?'), foreign);
            const record = JSON.parse((await saved(page, 'JSON')).bytes.toString());
            assert.equal(record.looks_like_ultrasound, !foreign);
            assert.equal(record.outlier_score > 1, foreign);
            assert.match((await saved(page, 'CSV table')).bytes.toString(), foreign ? /,false,0\.\d+,false,/ : /,true,0\.\d+,false,/);
            await page.context().close();
        }
    });

    test('the certainty of each outline is shown in words and saved', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign')]);
        await settled(page, 1);
        await answered(page);
        const cell = page.locator('.measures tbody tr', { has: page.getByRole('rowheader', { name: 'Certainty of outline' }) }).locator('td').first();
        const [, word, number] = ((await cell.textContent()) ?? '').match(/^(high|medium|low) \((\d\.\d\d)\)$/) ?? [];
        const sure = Number(number);
        assert.equal(word, sure >= 0.85 ? 'high' : sure >= 0.7 ? 'medium' : 'low');
        const record = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        assert.ok(Math.abs(record.lesions[0].expected_dice - sure) < 0.0051);
        const [head = '', line = ''] = (await saved(page, 'CSV table')).bytes.toString().split('\r\n');
        assert.equal(Number(line.split(',')[head.split(',').indexOf('expected_dice')]).toFixed(2), number);
        await page.context().close();
    });

    test('the certainty of an outline is the same in view, where the page measures again, and out of view', async () => {
        const page = await openWith(site, weights => withExpectedDicePower(weights, 9));
        const { buffer } = await sample('benign');
        await pick(page, [{ name: 'viewed.png', buffer }, { name: 'other.png', buffer }]);
        await settled(page, 2);
        await answered(page);
        await page.getByRole('button', { name: 'Results as a table' }).click();
        const [viewed = '', other = ''] = await page.locator('.results tbody tr td:nth-child(6)').allTextContents();
        assert.match(viewed, /^(high|medium|low) \(0\.\d\d\)$/);
        assert.equal(viewed, other);
        await page.context().close();
    });

    test('files with the same name are separate images', async () => {
        const page = await site.open();
        const { buffer } = await sample('benign');
        await pick(page, [{ name: 'a.png', buffer }, { name: 'a.png', buffer }]);
        await settled(page, 2);
        assert.deepEqual((await rowsOf(page)).map(({ name, state }) => `${name} ${state}`), ['a.png done', 'a.png done']);
        await page.context().close();
    });

    test('a batch shows its progress; all or single images can be stopped and run again', async () => {
        const page = await site.open();
        await pick(page, await manySamples(30));
        await page.getByText(/of 30 done/).waitFor();
        const last = page.locator('.row').last();
        await last.getByRole('button', { name: 'Stop scan 030.png' }).click();
        await page.getByRole('button', { name: 'Stop all' }).click();
        await settled(page, 30);
        const states = (await rowsOf(page)).map(({ state }) => state);
        assert.ok(states.includes('cancelled'));
        assert.ok(states.every(state => state === 'done' || state === 'cancelled'), states.join());
        await last.getByRole('button', { name: 'Run scan 030.png again' }).click();
        await page.waitForFunction(() => document.querySelector('.row:last-child')?.getAttribute('data-state') === 'done');
        await page.context().close();
    });

    test('the threshold changes the measurements at once, and can be applied to all images', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign'), await sample('malignant')]);
        await settled(page, 2);
        await answered(page);
        const slider = page.getByRole('slider', { name: 'Threshold' });
        await slider.fill('0.2');
        await nextFrame(page);
        const wide = await measured(page, 'Area');
        await slider.fill('0.9');
        await nextFrame(page);
        const narrow = await measured(page, 'Area');
        assert.ok(narrow < wide, `${narrow} < ${wide}`);
        const forAll = page.getByRole('button', { name: 'Use for all images' });
        const valueOf = async (/** @type {number} */ row) => {
            await settled(page, 2);
            await page.locator('.row-main').nth(row).click();
            await answered(page);
            return slider.inputValue();
        };
        const network = await valueOf(1);
        await slider.fill('0.3');
        assert.equal(await valueOf(0), '0.9');
        await forAll.click();
        assert.equal(await valueOf(1), '0.9');
        await page.locator('.notice-offer', { hasText: 'All images use the threshold 0.90.' }).getByRole('button', { name: 'Undo' }).click();
        const shows = (/** @type {string} */ value) =>
            page.waitForFunction(wanted => /** @type {HTMLInputElement} */ (document.getElementById('threshold')).value === wanted, value);
        await shows('0.3'); // in the next frame
        // What the reader accepted stays, and the network's own threshold can be given to all, too.
        await page.keyboard.press('a');
        await valueOf(0);
        await page.getByRole('button', { name: 'Network’s threshold' }).click();
        await shows(network);
        await forAll.click();
        await page.locator('.notice-offer', { hasText: 'All images use the network’s threshold. 1 accepted image stays as it is.' }).waitFor();
        assert.equal(await valueOf(1), '0.3');
        await page.keyboard.press('u');
        await valueOf(0);
        // A new analysis that is stopped at once leaves the answer as it was.
        await page.evaluate(() => {
            for (const id of ['threshold-all', 'batch-cancel']) document.getElementById(id)?.click();
        });
        await settled(page, 2);
        assert.deepEqual((await rowsOf(page)).map(({ state }) => state), ['done', 'done']);
        assert.equal(await valueOf(1), network);
        await page.context().close();
    });
});
