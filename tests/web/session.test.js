/** Work is not lost: kept on this machine on request, in session files, and after removals; and annotations are read back. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { unzipSync, strFromU8, strToU8, zipSync } from 'fflate';
import { exportNames } from '../../web/export/names.js';
import { encodeRuns } from '../../web/state/masks.js';
import { addAnnotations } from '../../web/session/add-annotations.js';
import { readAnnotations } from '../../web/session/annotations.js';
import { readSession } from '../../web/session/container.js';
import { safeName } from '../../web/session/format.js';
import { fillPolygon } from '../../web/session/polygons.js';
import { png } from '../node/support/images.js';
import { temporaryFolder } from '../node/support/project.js';
import { answered, faultsOf, loaded, measured, nextFrame, pick, rowsOf, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

test('polygons fill the pixels whose centres are inside; one that crosses itself has no holes', () => {
    const mask = new Uint8Array(100);
    fillPolygon(mask, 10, 10, [2, 3, 7, 3, 7, 6, 2, 6]);
    assert.deepEqual([...encodeRuns(mask)], [32, 5, 5, 5, 5, 5, 43]);
    const star = new Uint8Array(10000);
    const corners = [0, 2, 4, 1, 3].flatMap(corner => [50 + 45 * Math.sin((corner * 2 * Math.PI) / 5), 50 - 45 * Math.cos((corner * 2 * Math.PI) / 5)]);
    fillPolygon(star, 100, 100, corners);
    assert.equal(star[50 * 100 + 50], 255, 'the middle of a star');
    assert.equal(star[0], 0);
    fillPolygon(star, 100, 100, [-50, -50, 500, -50, 500, 500, -50, 500]);
    assert.ok(star.every(value => value === 255), 'cut at the edges of the image');
});

test('COCO is read with polygons, run lengths and compressed run lengths; unknown ids and other sizes are left out', () => {
    const text = JSON.stringify({
        images: [{ id: 7, file_name: 'a.png', width: 4, height: 3 }, { id: 8, file_name: 'b.png', width: 4, height: 3 }, { id: 9, file_name: 'c.png', width: 4, height: 3 }],
        annotations: [
            { image_id: 7, category_id: 2, segmentation: [[1, 1, 3, 1, 3, 2, 1, 2]] },
            { image_id: 8, category_id: 3, segmentation: { counts: [3, 3, 6], size: [3, 4] } },
            { image_id: 8, category_id: 2, segmentation: { counts: [0, 12], size: [30, 40] } },
            { image_id: 9, category_id: 3, segmentation: { counts: '336', size: [3, 4] } },
            { image_id: 70, category_id: 2, segmentation: [[1, 1, 3, 1, 3, 2]] },
            { image_id: 7, category_id: 2, segmentation: 'no' },
        ],
        categories: [{ id: 2, name: 'benign' }, { id: 3, name: 'Malignant' }],
    });
    const { format, images, ignored } = readAnnotations(text);
    assert.equal(format, 'COCO');
    assert.equal(ignored, 3);
    assert.deepEqual(images.map(({ name, type }) => [name, type]), [['a.png', 'benign'], ['b.png', 'malignant'], ['c.png', 'malignant']]);
    assert.deepEqual([...(images[0]?.mask.runs ?? [])], [5, 2, 5]);
    // The second column of three pixels.
    for (const image of images.slice(1)) assert.deepEqual([...image.mask.runs], [1, 1, 3, 1, 3, 1, 2]);
});

test('LabelMe is read; files that are neither are refused with a reason', () => {
    const shapes = [
        { label: 'benign', shape_type: 'polygon', points: [[1, 1], [3, 1], [3, 2], [1, 2]] },
        { label: 'benign', shape_type: 'rectangle', points: [[0, 2], [1, 3]] },
        { label: 'benign', shape_type: 'point', points: [[0, 2]] },
    ];
    const { images, ignored } = readAnnotations(JSON.stringify({ imagePath: '..\\images\\a.png', imageWidth: 4, imageHeight: 3, shapes }));
    assert.deepEqual([...(images[0]?.mask.runs ?? [])], [5, 2, 1, 1, 3]);
    assert.deepEqual([images[0]?.type, ignored], ['benign', 1]);
    for (const [text, key] of [['{', 'annotations.damaged'], ['[]', 'annotations.other'], ['{"images":[{}],"annotations":[]}', 'session.damaged']])
        assert.throws(() => readAnnotations(text ?? ''), (/** @type {any} */ error) => error.key === key, text);
});

test('outlines go to the image of the same file, else of the same folder; what fits several images is left out', async () => {
    const files = [['set/p1/1.png', 'one'], ['set/p2/1.png', 'two'], ['set/p3/2.png', 'three'], ['patient.dcm', 'four']];
    const items = files.map(([at = '', text = '']) => /** @type {any} */ ({ name: path.basename(at), path: at, file: new Blob([text]), sha256: '', kind: at.endsWith('dcm') ? 'dicom' : 'image' }));
    const names = [...(await exportNames(items, false)).values()].map(({ image }) => image);
    assert.deepEqual(names, ['set/p1/1.png', 'set/p2/1.png', '2.png', 'dicom-1']);
    const sums = files.map(([, text = '']) => createHash('sha256').update(text).digest('hex'));
    const mask = { width: 1, height: 1, runs: Uint32Array.of(1) };
    const give = async (/** @type {[string, string?][]} */ annotated) => {
        /** @type {number[]} */
        const given = Array.from(files, () => -1);
        let words = '';
        const images = annotated.map(([name, sha256], index) => ({ name, ...(sha256 && { sha256 }), mask: { ...mask, index }, type: null }));
        await addAnnotations({ format: 'COCO', images, ignored: 0 }, items, {
            giveTruth: (item, drawn) => void (given[items.indexOf(item)] = /** @type {any} */ (drawn).index),
            notify: text => void (words = text), offer: (_, text) => void (words = text), use: () => undefined,
            t: (/** @type {string} */ key, /** @type {any} */ values) => `${key} ${values?.count ?? ''}`,
        });
        return [given, words.split(' annotations.').slice(1)];
    };
    assert.deepEqual(await give([['1.png', sums[1]], ['1.png', sums[0]]]), [[1, 0, -1, -1], []]);
    assert.deepEqual(await give([['p2\\1.png'], ['/data/p1/1.png'], ['2.jpg'], ['dicom-1', sums[3]]]), [[1, 0, 2, 3], []]);
    assert.deepEqual(await give([['1.png'], ['p9/2.png'], ['p3/2.png'], ['3.png']]), [[-1, -1, 2, -1], ['unknown 2', 'unclear 1']]);
});

test('names of a session are no paths', () => {
    assert.equal(safeName('../../etc/passwd'), 'passwd');
    assert.equal(safeName('..\\..\\a\u202e.png\u0000'), 'a.png');
    assert.equal(safeName('..'), 'image');
    assert.equal(safeName('<script>alert(1)</script>.png'), 'script>.png');
});

/**
 * The image data of a PNG file, without the facts in its text, which name the reader's decisions.
 * @param {Buffer} file
 */
function pixels(file) {
    const data = [];
    for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at))
        if (file.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
    return Buffer.concat(data);
}

describe('nothing is lost', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    before(async () => {
        site = await startSite();
    });
    after(() => site.close());

    /**
     * Paints a stroke.
     * @param {import('./support/page.js').Page} page
     * @param {number} y share of the canvas
     */
    async function paint(page, y) {
        await page.locator('[data-tool="brush"]').click();
        await drag(page, y);
    }

    /**
     * @param {import('./support/page.js').Page} page
     * @param {number} y share of the canvas
     */
    async function drag(page, y) {
        const box = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('#canvas').boundingBox());
        await page.mouse.move(box.x + box.width * 0.7, box.y + box.height * y);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * y, { steps: 4 });
        await page.mouse.up();
        await nextFrame(page);
    }

    /** @param {import('./support/page.js').Page} page */
    const lesions = page => page.locator('#lesions .measures thead th').count();

    /**
     * @param {import('./support/page.js').Page} page
     * @returns {Promise<boolean>} whether the page would ask before it closes
     */
    const asks = page => page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));

    test('removed images come back with their edits; the logo removes nothing for good either', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign'), await sample('normal')]);
        await settled(page, 2);
        await answered(page);
        assert.equal(await asks(page), false);
        await paint(page, 0.7);
        const area = await measured(page, 'Area');
        assert.equal(await asks(page), true);
        for (const button of ['#list-clear', '#brand']) {
            await page.locator(button).click();
            assert.ok(await page.locator('#start').isVisible());
            await page.getByRole('button', { name: 'Undo', exact: true }).last().click();
            assert.equal((await rowsOf(page)).length, 2);
            await answered(page);
            assert.equal(await measured(page, 'Area'), area);
            assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), 'BODY');
        }
        await page.locator('.row').first().hover();
        await page.getByRole('button', { name: 'Remove benign.png' }).click();
        await page.getByText('benign.png was removed.').first().waitFor();
        await page.locator('.notice-offer .link').click();
        assert.deepEqual((await rowsOf(page)).map(({ name }) => name), ['benign.png', 'normal.png']);
        // Removed one by one, both come back.
        for (const name of ['benign.png', 'normal.png']) {
            await page.locator('.row').first().hover();
            await page.getByRole('button', { name: `Remove ${name}` }).click();
        }
        await page.getByText('2 images removed.').first().waitFor();
        await page.locator('.notice-offer .link').click();
        assert.deepEqual((await rowsOf(page)).map(({ name }) => name), ['benign.png', 'normal.png']);
        await answered(page);
        assert.equal(await measured(page, 'Area'), area);
        await page.locator('.row-main').nth(1).click();
        await answered(page);
        await page.locator('#list-clear').click();
        assert.equal(await asks(page), false);
        await page.getByRole('button', { name: 'Undo', exact: true }).last().click();
        assert.equal(await asks(page), true, 'the edits are as unsaved as before');
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('after a crash everything is back, once the user agreed to keep it; "Forget everything" removes it', async context => {
        const page = await site.open();
        const moved = path.join(await temporaryFolder(context), 'moved.png');
        await writeFile(moved, (await sample('malignant')).buffer);
        await page.locator('#pick-files').setInputFiles(moved);
        await settled(page, 1);
        await pick(page, [await sample('benign'), await sample('normal')]);
        await settled(page, 3);
        await answered(page);
        await rm(moved);
        const stored = () => page.evaluate(async () => {
            const root = await navigator.storage.getDirectory();
            const names = [];
            for await (const name of root.keys()) names.push(name);
            return names;
        });
        assert.deepEqual(await stored(), [], 'nothing is stored without agreement');
        await page.getByRole('button', { name: 'Keep it on this device' }).click();
        await page.locator('#keep[data-state="kept"]', { hasText: /Saved.*moved\.png cannot be read/ }).waitFor();
        await page.locator('.row-main').nth(2).click();
        await answered(page);
        await paint(page, 0.6);
        const count = await lesions(page);
        await page.waitForTimeout(1000); // the promise
        assert.equal(await asks(page), false);
        // The renderer dies in the middle of a stroke.
        await page.mouse.down();
        const crashed = page.waitForEvent('crash');
        const session = await page.context().newCDPSession(page);
        session.send('Page.crash').catch(() => undefined); // it has no answer
        await crashed;
        await page.close();
        const again = await page.context().newPage();
        await again.goto(site.address);
        await loaded(again);
        assert.deepEqual((await rowsOf(again)).map(({ name, state }) => [name, state]), [['moved.png', 'missing'], ['benign.png', 'done'], ['normal.png', 'done']]);
        await answered(again);
        assert.equal(await again.locator('.row[aria-current="true"] .row-name').textContent(), 'normal.png');
        assert.equal(await lesions(again), count);
        assert.equal(await again.locator('.row-picture img').count(), 3);
        // A file that cannot be read stays: another version of the page may read it.
        const damaged = () => again.evaluate(async () => {
            const folder = await (await (await navigator.storage.getDirectory()).getDirectoryHandle('sonomask-work')).getDirectoryHandle('items');
            const texts = [];
            for await (const handle of folder.values()) texts.push(await (await /** @type {FileSystemFileHandle} */ (handle).getFile()).text());
            return texts.filter(text => text === '{').length;
        });
        await again.evaluate(async () => {
            const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('sonomask-work');
            const { items } = JSON.parse(await (await (await folder.getFileHandle('index.json')).getFile()).text());
            const stream = await (await (await folder.getDirectoryHandle('items')).getFileHandle(items[1])).createWritable();
            await stream.write('{');
            await stream.close();
        });
        for (let visit = 0; visit < 2; visit++) {
            await again.reload();
            await again.getByText('1 image that was kept on this device cannot be read.').first().waitFor();
            await loaded(again);
            assert.deepEqual((await rowsOf(again)).map(({ name }) => name), ['moved.png', 'normal.png']);
            await again.locator('#keep', { hasText: 'Saved' }).waitFor();
            assert.equal(await damaged(), 1);
        }
        await again.getByRole('button', { name: 'Forget everything' }).click();
        await again.getByText('Nothing is kept on this device any more.').first().waitFor();
        assert.equal(await asks(again), true);
        await again.goto('about:blank');
        await again.goto(site.address);
        await loaded(again);
        assert.ok(await again.locator('#start').isVisible());
        await page.context().close();
    });

    test('a second tab says that another one keeps the work, and never removes what that one kept', async () => {
        const page = await site.open({ serviceWorkers: 'block' });
        const keep = async (/** @type {import('./support/page.js').Page} */ tab) => {
            await tab.getByRole('button', { name: 'Keep it on this device' }).click();
            await tab.locator('#keep[data-state="kept"]', { hasText: 'Saved' }).waitFor();
        };
        await pick(page, [await sample('benign')]);
        const second = await page.context().newPage(); // opened before the user agreed
        await second.goto(site.address);
        await pick(second, [await sample('malignant')]);
        await settled(second, 1);
        await settled(page, 1);
        await keep(page);
        await page.close();
        await keep(second);
        assert.deepEqual((await rowsOf(second)).map(({ name }) => name), ['malignant.png', 'benign.png']);
        const third = await page.context().newPage();
        await third.goto(site.address);
        await pick(third, [await sample('normal')]);
        await third.getByText('Another tab of this page keeps its work.').first().waitFor();
        await second.close();
        // Without the network nothing that was kept is shown, so nothing may be written over it.
        await third.route('**/weights/sonomask.safetensors', route => route.fulfill({ status: 404, body: '' }));
        await third.reload();
        await third.locator('#engine[data-state="failed"]').waitFor();
        await pick(third, [await sample('normal')]);
        await third.locator('#keep', { hasText: 'Work is kept on this device once the network is loaded.' }).waitFor();
        assert.equal(await third.getByRole('button', { name: 'Keep it on this device' }).count(), 0);
        await third.unroute('**/weights/sonomask.safetensors');
        await third.reload();
        await loaded(third);
        assert.deepEqual((await rowsOf(third)).map(({ name }) => name), ['malignant.png', 'benign.png']);
        await third.context().close();
    });

    test('full storage is said, and the page asks before it closes', async () => {
        const page = await site.open();
        const session = await page.context().newCDPSession(page);
        await pick(page, [await sample('benign')]);
        await settled(page, 1);
        await answered(page);
        await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.address).origin, quotaSize: 1000 });
        await page.getByRole('button', { name: 'Keep it on this device' }).click();
        await page.locator('#keep', { hasText: 'storage is full' }).waitFor();
        await paint(page, 0.7);
        assert.equal(await asks(page), true);
        await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.address).origin });
        await page.getByRole('button', { name: 'Try again' }).click();
        await page.locator('#keep[data-state="kept"]', { hasText: 'Saved' }).waitFor();
        assert.equal(await asks(page), false);
        await page.context().close();
    });

    for (const withImages of [true, false])
        test(`a session ${withImages ? 'with' : 'without'} images, opened on a clean profile, gives identical masks and tables`, async () => {
            const first = await site.open();
            const files = [await sample('benign'), await sample('malignant')];
            const masks = files.map(({ name, buffer }) => {
                const [width, height] = [buffer.readUInt32BE(16), buffer.readUInt32BE(20)];
                const inside = (/** @type {number} */ x, /** @type {number} */ y) => x > width / 3 && x < width / 2 && y > height / 3 && y < height / 2;
                const data = Uint8Array.from({ length: width * height }, (_, index) => (inside(index % width, Math.floor(index / width)) ? 255 : 0));
                return { name: name.replace('.png', '_mask.png'), buffer: png({ width, height, data }) };
            });
            await pick(first, [...files, ...(withImages ? masks : [])]);
            await settled(first, 2);
            await answered(first);
            await paint(first, 0.7);
            await first.locator('#point').selectOption('0.9');
            await settled(first, 2);
            await first.locator('.row-main').nth(1).click();
            await answered(first);
            await first.locator('[data-action="remove-0"]').click();
            await first.locator('[data-tool="scale"]').click();
            await drag(first, 0.4);
            const record = async (/** @type {import('./support/page.js').Page} */ page) => {
                const read = JSON.parse((await saved(page, 'JSON')).bytes.toString());
                return { lesions: read.lesions, distances: read.distances, point: read.operating_point };
            };
            const measures = await record(first);
            assert.deepEqual([measures.lesions.length, measures.distances.length], [0, 1]);
            await first.locator('.row-main').nth(0).click();
            await answered(first);
            await first.locator('#reader').fill('Reader <b>');
            if (withImages) await first.getByRole('checkbox', { name: 'Include the images' }).check();
            const { name, bytes } = await saved(first, 'Save session');
            assert.match(name, /^sonomask-\d{4}-\d\d-\d\d\.sonomask$/);
            assert.equal(await asks(first), false);
            const compared = (/** @type {import('./support/page.js').Page} */ page) => page.locator('#batch-scores', { hasText: '2 images with a lesion' }).waitFor();
            if (withImages) await compared(first);
            const expected = unzipSync(new Uint8Array((await saved(first, 'Everything (ZIP)')).bytes));
            await first.context().close();
            const second = await site.open();
            await pick(second, [{ name: 'any.sonomask', buffer: bytes }]);
            await second.getByText('Session opened: 2 images.').first().waitFor();
            if (!withImages) {
                assert.deepEqual((await rowsOf(second)).map(({ state }) => state), ['missing', 'missing']);
                await second.getByText('The session does not contain benign.png.').waitFor();
                const other = { name: 'benign.png', buffer: png({ width: 64, height: 64, data: new Uint8Array(4096).fill(90) }) };
                await pick(second, [other, { ...files[1], name: 'renamed.png', buffer: /** @type {Buffer} */ (files[1]?.buffer) }]);
                await second.getByText('benign.png is not the image of the session').first().waitFor();
                assert.deepEqual((await rowsOf(second)).map(row => row.name), ['benign.png', 'renamed.png', 'benign.png']);
                await settled(second, 3); // until then the buttons of the rows cancel
                await second.locator('.row').nth(2).hover();
                await second.getByRole('button', { name: 'Remove benign.png' }).last().click();
                await second.waitForFunction(() => document.querySelectorAll('.row').length === 2);
                await pick(second, files);
            }
            await settled(second, withImages ? 2 : 3);
            await answered(second);
            assert.equal(await second.locator('#reader').inputValue(), 'Reader <b>');
            if (withImages) {
                await compared(second); // also the image that was not in view
                const again = unzipSync(new Uint8Array((await saved(second, 'Everything (ZIP)')).bytes));
                assert.deepEqual(Object.keys(again), Object.keys(expected));
                assert.equal(await second.locator('#point').inputValue(), '0.9');
                await second.locator('.row-main').nth(1).click();
                await answered(second);
                assert.deepEqual(await record(second), measures, 'the outline is still removed, the ruler is there');
                for (const [file, content] of Object.entries(expected))
                    if (/^masks|results\.csv/.test(file)) assert.deepEqual(again[file], content, file);
            } else {
                assert.deepEqual((await saved(second, 'Mask PNG')).bytes, Buffer.from(/** @type {Uint8Array} */ (expected['masks/benign_mask.png'])));
            }
            assert.deepEqual(faultsOf(second), []);
            await second.context().close();
        });

    test('session files that are truncated, newer, damaged or something else are refused with the reason', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign')]);
        await settled(page, 1);
        await answered(page);
        const { bytes } = await saved(page, 'Save session');
        const json = JSON.parse(strFromU8(/** @type {Uint8Array} */ (unzipSync(new Uint8Array(bytes))['session.json'])));
        const packed = (/** @type {object} */ content) => Buffer.from(zipSync({ 'session.json': strToU8(JSON.stringify(content)) }));
        const [item] = json.items;
        const [answer] = item.answers;
        for (const [buffer, reason] of /** @type {[Buffer, RegExp][]} */ ([
            [bytes.subarray(0, bytes.length - 40), /file is incomplete/],
            [bytes.subarray(0, bytes.length / 2), /file is incomplete/],
            [packed({ ...json, version: 99 }), /newer version of sonomask \(format 99\)/],
            [packed({ ...json, format: 'other' }), /not a session/],
            [packed({ ...json, items: [{ ...item, name: 7 }] }), /damaged \(session\.items\[0\]\.name\)/],
            [packed({ ...json, items: [{ ...item, answers: [{ ...answer, runs: [1, 2] }] }] }), /damaged \(session\.items\[0\]\.answers\[0\]\.runs\)/],
            [packed({ ...json, items: [{ ...item, answers: [{ ...answer, width: 1e9 }] }] }), /damaged/],
            [Buffer.from('nothing'), /not a session/],
            [Buffer.from(zipSync({ 'a.txt': strToU8('a') })), /not a session/],
        ])) {
            await pick(page, [{ name: 'bad.sonomask', buffer }]);
            await page.locator('.notice-problem').filter({ hasText: reason }).first().waitFor();
        }
        const outside = '../../<img src=x onerror=alert(1)>.png';
        await pick(page, [{ name: 'odd.sonomask', buffer: packed({ ...json, items: [{ ...item, name: outside, path: outside }] }) }]);
        await page.getByRole('button', { name: 'Add it to the list' }).click();
        await page.getByText('Session opened: 1 image.').first().waitFor();
        assert.deepEqual((await rowsOf(page)).map(({ name }) => name), ['benign.png', '<img src=x onerror=alert(1)>.png']);
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('a session of other weights keeps edited outlines and analyses the rest again', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign'), await sample('malignant')]);
        await settled(page, 2);
        await answered(page);
        await paint(page, 0.7);
        const mask = await saved(page, 'Mask PNG');
        const { bytes } = await saved(page, 'Save session');
        await page.evaluate(() => addEventListener('beforeunload', event => event.stopImmediatePropagation(), true));
        await page.goto('about:blank');
        await page.goto(site.address);
        await loaded(page);
        const json = JSON.parse(strFromU8(/** @type {Uint8Array} */ (unzipSync(new Uint8Array(bytes))['session.json'])));
        for (const item of json.items) for (const answer of item.answers) answer.network.runs = [answer.width * answer.height];
        const changed = Buffer.from(zipSync({ 'session.json': strToU8(JSON.stringify({ ...json, model: 'f'.repeat(64) })) }));
        await pick(page, [{ name: 'a.sonomask', buffer: changed }]);
        await page.getByText('The session was made with other weights.').first().waitFor();
        await pick(page, [await sample('benign'), await sample('malignant')]);
        await settled(page, 2);
        await answered(page);
        assert.deepEqual((await saved(page, 'Mask PNG')).bytes, mask.bytes);
        await page.context().close();
    });

    test('a session of another operating point is answered again where other images are in the list', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign')]);
        await settled(page, 1);
        await page.locator('#point').selectOption('0.8');
        await settled(page, 1);
        await answered(page);
        await page.getByRole('checkbox', { name: 'Include the images' }).check();
        const session = await saved(page, 'Save session');
        await page.locator('#point').selectOption('0.95');
        await settled(page, 1);
        await pick(page, [{ name: session.name, buffer: session.bytes }]);
        await page.locator('.notice-offer[data-kind="session"] .link').first().click();
        await settled(page, 2);
        await answered(page);
        const [head = '', ...rows] = (await saved(page, 'CSV table')).bytes.toString().trim().split('\r\n').map(line => line.split(','));
        const column = head.indexOf('operating_point');
        assert.ok(rows.length >= 2);
        assert.deepEqual(new Set(rows.map(row => row[column])), new Set(['0.95']));
        await page.context().close();
    });

    test('the page’s own COCO file becomes ground truth, and the outlines on request; undo takes them back', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign'), await sample('malignant')]);
        await settled(page, 2);
        await answered(page);
        const earlier = await saved(page, 'Mask PNG');
        await paint(page, 0.7);
        const painted = await saved(page, 'Mask PNG');
        const coco = await saved(page, 'COCO polygons');
        await page.getByRole('button', { name: 'Remove all edits' }).click();
        await nextFrame(page);
        assert.deepEqual(pixels((await saved(page, 'Mask PNG')).bytes), pixels(earlier.bytes));
        const other = JSON.stringify({ images: [{ id: 1, file_name: 'lost.png', width: 5, height: 5 }], annotations: [] });
        await pick(page, [{ name: 'other.json', buffer: Buffer.from(other) }]);
        await page.getByText('1 image is not in the list: lost.png.').first().waitFor();
        const smaller = JSON.stringify({ images: [{ id: 1, file_name: 'benign.png', width: 5, height: 5 }], annotations: [{ image_id: 1, segmentation: [[1, 1, 4, 1, 4, 4]] }] });
        await pick(page, [{ name: 'smaller.json', buffer: Buffer.from(smaller) }]);
        await page.getByText('The ground-truth mask and the image differ in size.').first().waitFor();
        await page.getByRole('button', { name: 'Use as my outlines' }).click();
        await page.getByText('1 image was left as it is: it has another size than in the file').first().waitFor();
        assert.deepEqual(pixels((await saved(page, 'Mask PNG')).bytes), pixels(earlier.bytes));
        await pick(page, [{ name: 'coco.json', buffer: coco.bytes }]);
        await page.locator('.scores').waitFor();
        await page.getByRole('button', { name: 'Use as my outlines' }).click();
        await settled(page, 2);
        await answered(page);
        assert.deepEqual(pixels((await saved(page, 'Mask PNG')).bytes), pixels(painted.bytes));
        await page.keyboard.press('Control+z');
        await nextFrame(page);
        assert.deepEqual(pixels((await saved(page, 'Mask PNG')).bytes), pixels(earlier.bytes));
        assert.deepEqual(faultsOf(page), []);
        await page.context().close();
    });

    test('the same image twice is said, and the copy can be skipped', async () => {
        const page = await site.open();
        const benign = await sample('benign');
        await pick(page, [benign, await sample('normal'), { ...benign, name: 'copy.png' }]);
        await page.getByText('copy.png is in the list twice.').first().waitFor();
        await page.getByRole('button', { name: 'Skip the copy' }).click();
        assert.deepEqual((await rowsOf(page)).map(({ name }) => name), ['benign.png', 'normal.png']);
        await page.context().close();
    });

    test('readSession reads what the page writes', async () => {
        const page = await site.open();
        await pick(page, [await sample('benign')]);
        await settled(page, 1);
        await answered(page);
        await page.getByRole('checkbox', { name: 'Include the images' }).check();
        const { bytes } = await saved(page, 'Save session');
        const session = await readSession(new Blob([new Uint8Array(bytes)]));
        assert.deepEqual(session.items.map(({ name, done, image }) => [name, done, image]), [['benign.png', true, 'images/benign.png']]);
        assert.equal(session.images.get('images/benign.png')?.size, (await sample('benign')).buffer.length);
        await page.context().close();
    });
});
