/** Ground truth beside a picture: recognised by name, scored, and shown. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compareMasks, squaredDistances } from '../../web/compare/metrics.js';
import { pairMasks } from '../../web/input/pairs.js';
import { png } from '../node/support/images.js';
import { answered, canvasHash, faultsOf, nextFrame, pick, rowsOf, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

test('distances are exact', () => {
    const width = 9;
    const height = 7;
    const marked = new Uint8Array(width * height);
    for (const index of [3, 40, 61]) marked[index] = 1;
    const found = squaredDistances(marked, width, height);
    for (let index = 0; index < marked.length; index++) {
        const all = [3, 40, 61].map(
            point => ((point % width) - (index % width)) ** 2 + (Math.floor(point / width) - Math.floor(index / width)) ** 2,
        );
        assert.equal(found[index], Math.min(...all));
    }
    assert.ok(squaredDistances(new Uint8Array(4), 2, 2).every(distance => distance === Infinity));
});

test('scores of known masks', () => {
    const width = 20;
    const height = 20;
    const square = (/** @type {number} */ left) =>
        Uint8Array.from({ length: width * height }, (_, index) => {
            const x = index % width;
            const y = Math.floor(index / width);
            return x >= left && x < left + 10 && y >= 5 && y < 15 ? 255 : 0;
        });
    const shifted = compareMasks(square(2), square(4), width, height);
    assert.equal(shifted.dice, 0.8);
    assert.equal(shifted.iou, 80 / 120);
    assert.equal(shifted.hd95, 2);
    assert.deepEqual(compareMasks(square(2), square(2), width, height), { dice: 1, iou: 1, hd95: 0 });
    const none = new Uint8Array(width * height);
    assert.deepEqual(compareMasks(none, none, width, height), { dice: 1, iou: 1, hd95: 0 });
    assert.deepEqual(compareMasks(none, square(2), width, height), { dice: 0, iou: 0, hd95: null });
});

test('masks are recognised by the names of the BUSI archive', () => {
    const files = ['d/benign (1).png', 'd/benign (1)_mask.png', 'd/benign (1)_mask_1.png', 'd/lonely_mask.png', 'e/benign (1)_mask.png'];
    const { pictures, masks } = pairMasks(files.map(path => ({ file: new File([], path), path })), []);
    assert.deepEqual(pictures.map(({ path }) => path), ['d/benign (1).png', 'd/lonely_mask.png', 'e/benign (1)_mask.png']);
    assert.deepEqual(masks.get('d/benign (1)')?.map(({ path }) => path), ['d/benign (1)_mask.png', 'd/benign (1)_mask_1.png']);
});

describe('comparing', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {import('./support/page.js').Page} */
    let page;
    before(async () => {
        site = await startSite();
        page = await site.open();
    });
    after(() => site.close());

    const dice = async () => Number.parseFloat((await page.locator('.scores dd').first().textContent()) ?? '');

    test('a mask of the same name is scored; the page’s own saved mask scores 1; the batch has means', async () => {
        const benign = await sample('benign');
        await pick(page, [benign, await sample('malignant')]);
        await settled(page, 2);
        await answered(page);
        const { bytes: first } = await saved(page, 'Mask PNG');
        await page.locator('.row-main').nth(1).click();
        await answered(page);
        const { bytes: second } = await saved(page, 'Mask PNG');
        await page.locator('.row-main').first().click();
        await answered(page);
        await pick(page, [{ name: 'benign_mask.png', buffer: first }, { name: 'malignant_mask.png', buffer: second }]);
        await page.locator('.scores').waitFor();
        assert.equal(await dice(), 1);
        assert.equal((await rowsOf(page)).length, 2, 'masks are not listed as pictures');
        await page.getByText('2 images compared, mean:').waitFor();
        assert.match((await page.locator('#batch-compare').textContent()) ?? '', /Dice 1\.000 · IoU 1\.000 · HD95 0\.0\spx/);
    });

    test('the table of the batch shows every answer with its scores and their means, and sorts', async () => {
        await page.getByRole('button', { name: 'Results as a table' }).click();
        const table = page.getByRole('dialog', { name: 'Results' });
        assert.deepEqual(
            (await table.getByRole('columnheader').allTextContents()),
            ['Image', 'Type', 'Probability', 'Lesions', 'Largest lesion', 'Certainty of outline', 'Dice', 'IoU', 'HD95'],
        );
        assert.match((await table.locator('tfoot').textContent()) ?? '', /Means of 2 compared images1\.0001\.0000\.0\spx/);
        const names = () => table.locator('tbody th').allTextContents();
        await table.getByRole('button', { name: 'Image' }).click();
        assert.deepEqual(await names(), ['benign.png', 'malignant.png']);
        await table.getByRole('button', { name: 'Image' }).click();
        assert.deepEqual(await names(), ['malignant.png', 'benign.png']);
        assert.equal(await table.getByRole('columnheader', { name: 'Image' }).getAttribute('aria-sort'), 'descending');
        await table.getByRole('button', { name: 'malignant.png' }).click();
        assert.ok(await table.isHidden());
        assert.equal(await page.locator('.row[aria-current="true"] .row-name').textContent(), 'malignant.png');
        await page.locator('.row-main').first().click();
        await answered(page);
    });

    test('the difference is shown in colours, and scores follow the threshold', async () => {
        const earlier = await canvasHash(page);
        await page.getByRole('combobox', { name: 'Overlay' }).selectOption({ label: 'Difference from ground truth' });
        await page.getByRole('slider', { name: 'Threshold' }).fill('0.95');
        await nextFrame(page);
        assert.notEqual(await canvasHash(page), earlier);
        assert.ok((await dice()) < 1);
        assert.ok(await page.getByText('only in ground truth').isVisible());
    });

    test('a mask of another size is refused with the reason', async () => {
        await pick(page, [{ name: 'any.png', buffer: png({ width: 30, height: 20, data: new Uint8Array(600) }) }], '#pick-truth');
        await page.getByText('The ground-truth mask and the image differ in size.').waitFor();
        await pick(page, [{ name: 'any.png', buffer: Buffer.from('none') }], '#pick-truth');
        await page.getByText('The ground-truth mask cannot be read.').waitFor();
        assert.deepEqual(faultsOf(page), []);
    });
});
