/** The page on Orthanc's origin, in Chromium: a study is opened, answered, corrected and stored. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { byFrame } from '../../wasm/dicom/frame-masks.js';
import { libraries } from '../../wasm/dicom/libraries-node.js';
import { readDerived } from '../../wasm/dicom/read-derived.js';
import { Sonomask } from '../../wasm/sonomask.js';
import { execute, ROOT } from '../node/support/project.js';
import { answered, faultsOf, launch, loaded, openPage, pick, saved, settled, skip as withoutChromium } from '../web/support/page.js';
import { sample } from '../web/support/samples.js';
import { archive, CREDENTIALS, instancesOf, skip as withoutOrthanc, small, ultrasound } from './support/orthanc.js';

describe('the page on the origin of Orthanc', { skip: withoutOrthanc || withoutChromium }, () => {
    /** @type {import('./support/orthanc.js').TestArchive} */
    let archived;
    /** @type {import('playwright-core').Browser} */
    let browser;
    /** @type {import('../../wasm/sonomask.js').Sonomask} */
    let decoder;
    let folder = '';
    before(async () => {
        folder = await mkdtemp(path.join(tmpdir(), 'sonomask-page-'));
        await execute(process.execPath, [path.join(ROOT, 'web/release/site.js'), folder, '/dicom-web']);
        archived = await archive({ page: path.join(folder, 'public') });
        browser = await launch();
        decoder = await Sonomask.load({ weights: null });
        const { data, width, height, channels } = await decoder.decode(new Uint8Array((await sample('benign')).buffer));
        const pixels = Buffer.from(Uint8Array.from({ length: width * height }, (_, index) => data[index * channels] ?? 0));
        await archived.web.store(['1', '2'].map(instance => ultrasound(instance, { width, height, pixels })));
    });
    after(async () => {
        await browser?.close();
        await archived?.close();
        await rm(folder, { recursive: true, force: true });
    });

    const openIt = async () => {
        const page = await openPage(browser, `${archived.address}/sonomask/web/index.html`, {
            httpCredentials: { username: CREDENTIALS.user, password: CREDENTIALS.password },
        }, async () => undefined);
        await loaded(page);
        return page;
    };

    test('open, correct, store: the mask that is stored is the one in view', async () => {
        const page = await openIt();
        await page.locator('#start-archive').click();
        await page.locator('#archive-table', { hasText: 'Breast left' }).waitFor();
        assert.equal(await page.getByText('Doe Jane').count(), 0);
        await page.locator('#archive-names').check();
        await page.getByText('Doe Jane · P-17').waitFor();
        await page.getByRole('button', { name: /^Open: 2026-01-02/ }).click();
        await settled(page, 2);
        await answered(page);
        assert.deepEqual(await page.locator('.row-name').allTextContents(), ['US-3-1.dcm', 'US-3-2.dcm']);
        // A correction by the brush.
        await page.locator('[data-tool="brush"]').click();
        const box = await page.locator('#canvas').boundingBox();
        assert.ok(box);
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width / 2 + 30, box.y + box.height / 2, { steps: 4 });
        await page.mouse.up();
        await page.locator('#undo:enabled').waitFor();
        const mask = (await decoder.decode(new Uint8Array((await saved(page, 'Mask PNG')).bytes))).data;
        await page.locator('#archive-store').click();
        await page.locator('#archive-stored', { hasText: '1 of 1 image stored' }).waitFor();
        const [seg, ...others] = await instancesOf(archived.web, '1.2.3.1', 'SEG');
        assert.equal(others.length, 0);
        assert.equal((await instancesOf(archived.web, '1.2.3.1', 'SR')).length, 1);
        const read = seg && (await readDerived(await archived.web.retrieve(seg), libraries));
        assert.deepEqual(read && byFrame(read.masks, 1).get(0)?.mask, new Uint8Array(mask));
        await page.locator('#archive-store-all').click();
        await page.locator('#archive-stored', { hasText: '2 of 2 images stored' }).waitFor();
        // No image of the archive is kept by the service worker.
        const kept = await page.evaluate(async () => (await Promise.all((await caches.keys()).map(async name => (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat());
        assert.ok(kept.length > 0 && !kept.some(url => url.includes('/dicom-web/')), kept.join(' '));
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('an image that is not there, an archive that refuses, is full, or stops', { skip: small }, async () => {
        const page = await openIt();
        await pick(page, [{ name: 'other.dcm', buffer: Buffer.from(ultrasound('1', { study: '1.2.3.77' })) }]);
        await settled(page, 1);
        await answered(page);
        await page.locator('#archive-store').click();
        await page.locator('#archive-stored', { hasText: 'The archive does not have this image (1.2.3.77.2.1)' }).waitFor();
        await archived.web.store([ultrasound('1', { study: '1.2.3.77' })]);
        for (const [status, text] of /** @type {const} */ ([[413, 'takes no object of this size'], [507, 'no space left'], [401, 'refuses name and password']])) {
            await page.route('**/dicom-web/studies', route => route.fulfill({ status, body: '' }));
            await page.locator('#archive-store').click();
            await page.locator('#archive-stored', { hasText: text }).waitFor();
            await page.unroute('**/dicom-web/studies');
        }
        // Half a study: one of its files does not come.
        await page.route('**/instances/1.2.3.1.2.2', route => route.fulfill({ status: 404, body: '' }));
        await page.locator('#list-archive').click();
        await page.getByRole('button', { name: /^Open: 2026-01-02/ }).first().waitFor();
        await page.locator('#archive-patient').fill('P-17');
        await page.locator('#archive-search').click();
        await page.locator('#archive-status', { hasText: '2 studies' }).waitFor();
        /** What is said of each study: notices leave after a while. @type {string[]} */
        const said = [];
        for (const open of await page.getByRole('button', { name: /^Open: 2026-01-02/ }).all()) {
            await open.click();
            await page.waitForFunction(() => !/Waiting|of \d+ files$/.test(document.querySelector('#archive-status')?.textContent ?? ''));
            said.push((await page.locator('#archive-status').textContent()) ?? '');
            if (!(await page.locator('#archive').isVisible())) await page.locator('#list-archive').click();
        }
        assert.ok(said.some(text => text.includes('1 of 2 files were opened. The archive does not have it any more')), said.join('; '));
        if (!(await page.locator('#archive').isVisible())) await page.locator('#list-archive').click();
        await page.locator('#archive-status', { hasText: '2 studies' }).waitFor();
        await page.getByRole('button', { name: /^Series: 2026-01-02/ }).first().click();
        await page.getByRole('button', { name: /^Open: US 3/ }).first().waitFor();
        await archived.stop();
        await page.getByRole('button', { name: /^Open: 2026-01-02/ }).first().click();
        await page.locator('#archive-status', { hasText: 'cannot be reached' }).waitFor();
        await archived.restart({ ...CREDENTIALS, password: 'another' });
        await page.getByRole('button', { name: /^Open: 2026-01-02/ }).first().click();
        await page.locator('#archive-status', { hasText: 'refuses name and password' }).waitFor();
        await page.context().close();
    });
});
