/** The single-file page works when opened from disk, without a server. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { sampleDicom } from '../node/support/dicom.js';
import { ROOT, attempt, execute, temporaryFolder } from '../node/support/project.js';
import { answered, pick, rowsOf, saved, settled, skip, startSite } from './support/page.js';

const BUILDER = path.join(ROOT, 'web/single.js');
const missing = existsSync(path.join(ROOT, 'weights/sonomask.safetensors')) ? false : 'no weights to put inside';

test('the single file segments from disk without a request', { skip: skip || missing }, async context => {
    const folder = await temporaryFolder(context);
    const file = path.join(folder, 'sonomask.html');
    await execute(process.execPath, [BUILDER, file]);
    assert.deepEqual(await readdir(folder), ['sonomask.html']);
    const site = await startSite();
    context.after(() => site.close());
    const page = await site.browser.newPage();
    page.setDefaultTimeout(30000);
    /** @type {string[]} */
    const faults = [];
    page.on('pageerror', error => faults.push(error.message));
    page.on('console', message => message.type() === 'error' && faults.push(message.text()));
    const address = pathToFileURL(file).href;
    page.on('request', request => {
        if (request.url() !== address && !/^(blob|data):/.test(request.url())) faults.push(request.url());
    });
    await page.goto(address);
    await page.locator('#engine[data-state="ready"]').waitFor();
    await page.getByRole('button', { name: 'Try a sample' }).click();
    await settled(page, 3);
    await answered(page);
    await pick(page, [{ name: 'scan.dcm', buffer: sampleDicom() }]);
    await settled(page, 4);
    assert.deepEqual((await rowsOf(page)).map(({ state }) => state), ['done', 'done', 'done', 'done']);
    assert.equal((await saved(page, 'Everything (ZIP)')).name, 'sonomask.zip');
    assert.deepEqual(faults, []);
});

test('an unwritable file gives one line and status 1; a missing name is wrong usage', async () => {
    const wrong = await attempt(process.execPath, [BUILDER, path.join(ROOT, 'none/sonomask.html')]);
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /^single: .+\n$/);
    const usage = await attempt(process.execPath, [BUILDER]);
    assert.equal(usage.status, 2);
});
