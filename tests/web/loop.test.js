/** Loops: all frames segmented, damaged frames, steady answers, area over time, corrections carried on, and exports. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { unzipSync } from 'fflate';
import { dicomLoop } from '../node/support/loops.js';
import { framesOf, incompleteLoops } from '../../web/export/loops.js';
import { Queue } from '../../web/engine/queue.js';
import { itemFrom } from '../../web/session/restore.js';
import { setBackToPoint } from '../../web/state/answers.js';
import { answersOf, Item, noReview } from '../../web/state/item.js';
import { MapCache } from '../../web/state/maps.js';
import { Opener } from '../../web/state/opener.js';
import { Store } from '../../web/state/store.js';
import { answered, faultsOf, pick, rowsOf, saved, settled, skip, startSite } from './support/page.js';

const SIZE = { width: 200, height: 150 };

/**
 * @param {import('./support/page.js').Page} page
 * @returns {Promise<Buffer>} grey pixels of a sample with a lesion
 */
async function phantom(page) {
    const pixels = await page.evaluate(async ({ width, height }) => {
        const image = await createImageBitmap(await (await fetch('samples/phantom-1.png')).blob());
        const context = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(width, height).getContext('2d'));
        context.drawImage(image, 0, 0, width, height);
        return [...context.getImageData(0, 0, width, height).data].filter((_, index) => index % 4 === 0);
    }, SIZE);
    return Buffer.from(pixels);
}

/**
 * @param {import('./support/page.js').Page} page
 * @param {RegExp} text of the card of the loop
 */
const summary = (page, text) => page.locator('#loop-summary').filter({ hasText: text }).waitFor();

describe('loops', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {import('./support/page.js').Page} */
    let page;
    before(async () => {
        site = await startSite();
        page = await site.open();
    });
    after(() => site.close());

    test('all frames are segmented; damaged ones, the first among them, are named and the rest goes on', async () => {
        const still = await phantom(page);
        await pick(page, [{ name: 'loop.dcm', buffer: dicomLoop({ still, size: SIZE, frames: 12, damaged: [0, 6] }) }]);
        await settled(page, 1);
        const [row] = await rowsOf(page);
        assert.equal(row?.state, 'done', row?.text);
        await answered(page);
        assert.equal(await page.locator('#frame-text').textContent(), 'Frame 2 of 12');
        await summary(page, /^1 of 12 frames segmented\. Frame 1 cannot be read\.$/);
        await page.getByRole('button', { name: 'Segment all frames' }).click();
        await summary(page, /^10 of 12 frames segmented\. Frames 1, 7 cannot be read\.$/);
        await page.locator('.notice', { hasText: '10 frames are segmented. These cannot be read: 1, 7.' }).waitFor();
        // A damaged frame in view shows its reason, and leaving it shows the picture again.
        await page.getByRole('slider', { name: 'Frame', exact: true }).fill('7');
        await page.locator('#viewer-note', { hasText: 'damaged' }).waitFor();
        await page.getByRole('slider', { name: 'Frame', exact: true }).fill('8');
        await page.locator('#viewer-note').waitFor({ state: 'hidden' });
        await answered(page);
    });

    test('area over time: by keyboard, as a table, and the largest frame in one click', async () => {
        const plot = page.getByRole('slider', { name: 'Area and axes of the largest lesion' });
        await plot.focus();
        await page.keyboard.press('End');
        await page.locator('#loop-plot[aria-valuenow="12"]').waitFor();
        assert.match((await plot.getAttribute('aria-valuetext')) ?? '', /^Frame 12: [\d,]+\spx², [\d.]+\spx × [\d.]+\spx$/);
        await page.keyboard.press('ArrowLeft');
        await page.locator('#loop-plot[aria-valuenow="11"]').waitFor();
        await page.getByText('As a table', { exact: true }).click();
        await page.locator('#loop-table tbody tr').nth(11).waitFor(); // it is filled when it opens
        const rows = await page.locator('#loop-table tbody tr').evaluateAll(all => all.map(row => [...row.children].map(cell => cell.textContent)));
        assert.equal(rows.length, 12);
        assert.equal(rows[6]?.[1], 'cannot be read');
        const areas = rows.map(row => Number.parseInt((row[1] ?? '').replaceAll(',', ''), 10) || 0);
        const largest = areas.indexOf(Math.max(...areas)) + 1;
        await page.getByRole('button', { name: `Largest area: frame ${largest},` }).click();
        await page.locator(`#loop-plot[aria-valuenow="${largest}"]`).waitFor();
        await page.getByText('As a table', { exact: true }).click();
    });

    test('every frame is in every export, and a damaged one is named', async () => {
        await answered(page);
        const csv = (await saved(page, 'CSV table')).bytes.toString().trim().split('\r\n').map(line => line.split(','));
        const frames = csv.slice(1).map(cells => Number(cells[1]));
        assert.deepEqual([...new Set(frames)].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        const at = csv[0]?.indexOf('frames_answered') ?? -1;
        assert.deepEqual(csv[1]?.slice(at - 1, at + 1), ['12', '10']);
        assert.deepEqual(csv.filter(cells => cells[2] === 'failed').map(cells => cells[1]), ['1', '7']);
        await page.locator('.notice', { hasText: 'loop.dcm: 10 of 12 frames are in it.' }).first().waitFor();
        const files = unzipSync((await saved(page, 'Everything (ZIP)')).bytes);
        assert.equal(Object.keys(files).filter(name => name.startsWith('overlays/')).length, 10);
        const text = (/** @type {string} */ name) => JSON.parse(Buffer.from(files[name] ?? []).toString());
        assert.deepEqual(text('provenance.json').loops, [{ file: 'dicom-1', frames: 12, frames_answered: 10, frames_damaged: [1, 7] }]);
        assert.equal(text('results.json').length, 10);
        assert.equal(text('coco.json').images[3].sonomask.frames_answered, 10);
    });

    test('a correction is carried to the neighbours, never over another one, and is undone at once', async () => {
        const slider = page.getByRole('slider', { name: 'Frame', exact: true });
        const show = async (/** @type {number} */ frame) => {
            await slider.fill(String(frame));
            await page.locator(`#loop-plot[aria-valuenow="${frame}"]`).waitFor();
            await answered(page);
        };
        const undone = () => page.locator('#undo:enabled');
        const grow = async () => {
            await page.getByRole('button', { name: /^Brush/ }).click();
            await page.getByRole('button', { name: 'Grow all outlines' }).click();
            await undone().waitFor();
        };
        await show(11);
        await grow();
        await show(9);
        await page.locator('#loop-carry').waitFor({ state: 'hidden' });
        await grow();
        await page.getByRole('button', { name: 'Carry this correction on' }).click();
        // To frame 10, not to 11, which was corrected; past 7, which is damaged; not to 1, which is damaged.
        await page.locator('.notice-offer', { hasText: 'carried to 7 frames: 2-6, 8, 10.' }).waitFor();
        await show(5);
        await undone().waitFor();
        // What the reader does in one of them afterwards is not taken back with the rest.
        await page.getByRole('button', { name: 'Grow all outlines' }).click();
        await page.waitForTimeout(200);
        await page.locator('.notice-offer').getByRole('button', { name: 'Undo' }).click();
        await page.locator('.notice', { hasText: 'Frame 5 was edited since and stays as it is.' }).waitFor();
        await undone().waitFor();
        await undone().click();
        await undone().click();
        await page.locator('#undo:disabled').waitFor();
        await show(4);
        await page.locator('#undo:disabled').waitFor();
        await show(11);
        await undone().waitFor();
    });

    test('steady over time: what does not last becomes a possible lesion, and comes back', async () => {
        const box = page.getByRole('checkbox', { name: 'Steady over time' });
        await box.check();
        await page.locator('#loop-steady:enabled').waitFor();
        const json = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        assert.equal(json.lesions.length, 1);
        const steady = JSON.parse(Buffer.from(unzipSync((await saved(page, 'Everything (ZIP)')).bytes)['results.json'] ?? []).toString());
        assert.equal(steady.filter((/** @type {any} */ record) => record.steady).length, 8, 'all but the two corrected frames');
        assert.ok(steady.every((/** @type {any} */ record) => record.lesions.length === 1));
        // At another threshold the other frames have no answer: the loop is not steady until they do.
        const threshold = page.locator('#threshold');
        await threshold.fill('0.6');
        await page.locator('#loop-steady:disabled').waitFor();
        assert.ok(!(await box.isChecked()));
        await page.getByRole('button', { name: 'Network’s threshold' }).click();
        await page.locator('#loop-steady:enabled').waitFor();
        await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector('#loop-steady')).checked);
        await box.uncheck();
        const alone = JSON.parse(Buffer.from(unzipSync((await saved(page, 'Everything (ZIP)')).bytes)['results.json'] ?? []).toString());
        assert.ok(alone.every((/** @type {any} */ record) => !record.steady));
        assert.deepEqual(faultsOf(page), []);
    });

    test('a loop of two frames without a lesion: words in the singular, and no empty plot', async () => {
        await pick(page, [{ name: 'empty.dcm', buffer: dicomLoop({ still: Buffer.alloc(SIZE.width * SIZE.height, 90), size: SIZE, frames: 2, damaged: [] }) }]);
        await settled(page, 2);
        await page.locator('.row-main').nth(1).click();
        await summary(page, /^1 of 2 frames/);
        await page.getByText('No lesion is outlined in the segmented frames').waitFor();
        assert.ok(await page.locator('#loop-plot').isHidden());
        assert.match((await page.locator('#loop-steady-help').textContent()) ?? '', /outlined in \d+ frames? \(/);
        assert.doesNotMatch((await page.locator('#loop-steady-help').textContent()) ?? '', /\b1 frames/);
        assert.deepEqual(faultsOf(page), []);
    });
});

test('a loop that is stopped while its frames are analysed again keeps what is done, and exports leave out the rest', () => {
    const answer = /** @type {any} */ ({ regions: [], lesions: [] });
    const store = new Store();
    const queue = new Queue(store, new MapCache(), new Opener());
    const item = new Item(new Blob(), 'loop.dcm');
    item.frameCount = 4;
    for (const frame of [0, 1, 2, 3]) item.results.set(frame, answer);
    item.stale = new Set([2, 3]);
    store.add([item]);
    queue.cancel(item);
    assert.equal(item.state, 'done');
    assert.deepEqual(answersOf(item).map(({ frame }) => frame), [0, 1]);
    assert.deepEqual(framesOf(item), { frames: 4, frames_answered: 2, frames_damaged: [] });
    assert.deepEqual(incompleteLoops([item]), [item]);
    item.state = 'waiting';
    item.stale = new Set([0, 1, 2, 3]);
    queue.cancel(item);
    assert.equal(item.state, 'cancelled', 'nothing of it is done');
});

test('with other weights all frames of a session’s loop are analysed again', () => {
    const result = { network: { prompts: null }, edits: null };
    const session = /** @type {any} */ ({
        name: 'loop.dcm', path: 'loop.dcm', frame: 1, frameCount: 3, regions: null, scales: [], rulers: [], review: noReview(), stale: [],
        answers: [0, 1, 2].map(frame => ({ frame, result })),
    });
    assert.deepEqual([...itemFrom(session, new Blob(), false).stale], [0, 1, 2]);
    assert.equal(itemFrom(session, new Blob(), true).stale.size, 0);
});

test('another operating point that is chosen while an image is answered counts for it, and for all frames of a loop', async () => {
    const store = new Store();
    const [still, loop] = [new Item(new Blob(), 'still.png'), new Item(new Blob(), 'loop.dcm')];
    const answer = (/** @type {number} */ kept) => ({ operatingPoint: { kept, presence: 0.5 }, mask: new Uint8Array(4), probabilityMap: new Float32Array(4), lesions: [], possible: [], regions: [] });
    loop.frameCount = 3;
    for (const frame of [0, 1, 2]) loop.results.set(frame, /** @type {any} */ ({ ...answer(0.95), network: { alone: null } }));
    loop.state = 'done';
    const choose = (/** @type {0.8 | 0.9} */ kept) => {
        store.operatingPoint = kept;
        for (const item of store.items) setBackToPoint(item, kept);
    };
    let calls = 0;
    const pool = {
        size: 1, info: { threshold: 0.5 },
        segment: async (/** @type {unknown} */ _, /** @type {any} */ { operatingPoint }) => {
            calls++;
            if (calls === 1) choose(0.8);
            if (calls === 4) choose(0.9); // the loop is being answered, its second frame on its way
            return answer(operatingPoint);
        },
    };
    const opener = {
        async open(/** @type {Item} */ item) {
            item.thumbnail = /** @type {any} */ ({});
            item.source = /** @type {any} */ ({ frameCount: item.frameCount, scales: [], input: async () => null });
            return item.source;
        },
        release() {},
    };
    Object.assign(globalThis, { requestAnimationFrame: setImmediate }); // the queue waits until the first answer is shown
    const queue = new Queue(store, new MapCache(), /** @type {any} */ (opener));
    store.add([still, loop]);
    queue.start(/** @type {any} */ ({ pool, ready: Promise.resolve() }));
    while (queue.progress.finished !== queue.progress.total) await new Promise(resolve => { setTimeout(resolve, 1); });
    assert.deepEqual([still, loop].map(({ state, stale }) => [state, stale.size]), [['done', 0], ['done', 0]]);
    const points = (/** @type {Item} */ { results }) => [...results.values()].map(({ operatingPoint }) => operatingPoint?.kept);
    assert.deepEqual([points(still), points(loop)], [[0.9], [0.9, 0.9, 0.9]]);
});
