/** Ground truth beside a picture: recognised by name, scored, and shown. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compareMasks, scoresOf, squaredDistances } from '../../web/compare/metrics.js';
import { pairMasks } from '../../web/compare/pairs.js';
import { maskOf } from '../../web/compare/truth.js';
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

test('scores of two lesions: one found with a larger outline, one missed, and an outline that touches none', () => {
    const width = 40;
    const mask = new Uint8Array(width * 20);
    const truth = new Uint8Array(width * 20);
    const fill = (/** @type {Uint8Array} */ target, /** @type {number} */ left, /** @type {number} */ side) => {
        for (let y = 2; y < 2 + side; y++) target.fill(255, y * width + left, y * width + left + side);
    };
    fill(truth, 2, 8);
    fill(truth, 15, 4);
    fill(mask, 2, 10);
    fill(mask, 30, 5);
    const { lesions, extra, normal, outlined } = scoresOf(mask, truth, width, 20);
    assert.deepEqual(lesions, [{ area: 64, found: 100, dice: 128 / 164 }, { area: 16, found: 0, dice: 0 }]);
    assert.deepEqual([extra, normal, outlined], [1, false, true]);
    assert.deepEqual(scoresOf(mask, new Uint8Array(width * 20), width, 20), { dice: 0, iou: 0, hd95: null, normal: true, outlined: true, lesions: [], extra: 2 });
});

/** @param {string[]} paths */
function pairsOf(paths) {
    const { pictures, pairs, unpaired } = pairMasks(paths.map(path => ({ file: new File([], path), path })), []);
    return {
        pictures: pictures.map(({ path }) => path),
        pairs: Object.fromEntries(pairs.map(({ picture, masks }) => [picture.path, masks.map(({ path }) => path)])),
        unpaired: unpaired.map(({ mask, reason }) => [mask.path, reason]),
    };
}

test('masks are recognised by the names of the BUSI archive; one without its image is named with the reason', () => {
    assert.deepEqual(pairsOf(['d/benign (1).png', 'd/benign (1)_mask.png', 'd/benign (1)_mask_1.png', 'd/lonely_mask.png']), {
        pictures: ['d/benign (1).png'],
        pairs: { 'd/benign (1).png': ['d/benign (1)_mask.png', 'd/benign (1)_mask_1.png'] },
        unpaired: [['d/lonely_mask.png', 'none']],
    });
    assert.deepEqual(pairsOf(['lonely_mask.png']), { pictures: ['lonely_mask.png'], pairs: {}, unpaired: [] }, 'alone it is an image');
});

test('of 40 images with masks of mixed naming all are paired', () => {
    const names = [
        (/** @type {string} */ name) => [`set/${name}.png`, `set/${name}_mask.png`],
        (/** @type {string} */ name) => [`set/${name}.jpg`, `set/${name}_gt.png`],
        (/** @type {string} */ name) => [`set/${name}.png`, `set/mask_${name}.png`],
        (/** @type {string} */ name) => [`set/${name}.PNG`, `set/${name}_Segmentation.png`],
        (/** @type {string} */ name) => [`set/images/${name}.png`, `set/masks/${name}.png`],
        (/** @type {string} */ name) => [`set/images/${name}.png`, `set/masks/${name}_mask.png`],
        (/** @type {string} */ name) => [`original/${name}.png`, `GT/${name}.bmp`],
        (/** @type {string} */ name) => [`${name}.png`, `gt-${name}.png`],
    ];
    const files = Array.from({ length: 40 }, (_, index) => /** @type {(typeof names)[number]} */ (names[index % names.length])(`case ${index}`));
    const { pairs, pictures, unpaired } = pairsOf(files.flat());
    assert.equal(pictures.length, 40);
    assert.deepEqual(unpaired, []);
    for (const [picture = '', mask] of files) assert.deepEqual(pairs[picture], [mask]);
    assert.deepEqual(pairsOf(['a/x.png', 'b/x.png', 'c/x_mask.png', 'masks/y.png', 'a/x_mask.png']).unpaired, [['c/x_mask.png', 'several'], ['masks/y.png', 'none']]);
});

/**
 * @param {ReturnType<typeof maskOf>} read
 * @returns {number[]}
 */
function maskRead(read) {
    assert.ok(typeof read !== 'string', `read as ${String(read)}`);
    return [...read.mask];
}

test('masks with grey levels, colours, palettes and class numbers are read; a picture is refused', () => {
    const read = (/** @type {number[]} */ data, channels = 1) =>
        maskOf({ data: Uint8ClampedArray.from(data), width: data.length / channels, height: 1, channels: /** @type {1 | 4} */ (channels) });
    const maskIn = (/** @type {number[]} */ data, channels = 1) => maskRead(read(data, channels));
    assert.deepEqual(maskIn([0, 90, 140, 255]), [0, 0, 255, 255]);
    assert.deepEqual(maskIn([0, 1, 2, 0]), [0, 255, 255, 0], 'class numbers');
    assert.deepEqual(maskIn([0, 0, 0, 255, 200, 0, 0, 255, 0, 255, 0, 0], 4), [0, 255, 0], 'colours; transparent is nothing');
    assert.deepEqual(maskIn([0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0], 4), [0, 255, 0], 'black on nothing');
    assert.equal(read(Array.from({ length: 256 }, (_, index) => index)), 'compare.picture');
    // Half of a square has the darker level; its edge has one in between.
    const square = (/** @type {number} */ darker, /** @type {number} */ edge) =>
        Uint8ClampedArray.from({ length: 400 }, (_, index) => {
            const [x, y] = [index % 20, Math.floor(index / 20)];
            if (x < 4 || y < 4 || x > 15 || y > 15) return 0;
            return x === 4 || y === 4 || x === 15 || y === 15 ? edge : x < 10 ? darker : 255;
        });
    const area = (/** @type {Uint8ClampedArray<ArrayBuffer>} */ data) => maskRead(maskOf({ data, width: 20, height: 20, channels: 1 })).filter(Boolean).length;
    assert.equal(area(square(127, 127)), 144, 'two classes as grey levels');
    assert.equal(area(square(255, 90)), 100, 'the darker part of a soft edge');
});

test('a dark lesion on white is recognised by the border; a mask that is white all over is refused', () => {
    const [width, height] = [40, 30];
    const isLesion = (/** @type {number} */ index) => Math.hypot((index % width) - 15, Math.floor(index / width) - 12) < 7;
    const drawn = (/** @type {number} */ lesion, /** @type {number} */ ground) =>
        ({ data: Uint8ClampedArray.from({ length: width * height }, (_, index) => (isLesion(index) ? lesion : ground)), width, height, channels: /** @type {const} */ (1) });
    const expected = Array.from({ length: width * height }, (_, index) => (isLesion(index) ? 255 : 0));
    for (const [lesion, ground, inverted] of /** @type {const} */ ([[255, 0, false], [160, 12, false], [0, 255, true], [0, 1, true], [30, 230, true], [12, 160, true]])) {
        const read = maskOf(drawn(lesion, ground));
        assert.deepEqual(maskRead(read), expected, `${lesion} on ${ground}`);
        assert.equal(typeof read === 'string' || read.inverted, inverted);
    }
    assert.equal(maskOf(drawn(255, 255)), 'compare.full');
    assert.ok(maskRead(maskOf(drawn(255, 255), true)).every(value => value === 0), 'empty on request');
    assert.equal(maskRead(maskOf(drawn(0, 255), false))[0], 255, 'the other way round on request');
    assert.ok(maskRead(maskOf(drawn(0, 0))).every(value => value === 0), 'a normal image');
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
        await page.getByText('2 images with a lesion: mean Dice 1.000, IoU 1.000, missed: 0').waitFor();
        assert.match((await page.locator('#batch-scores').textContent()) ?? '', /HD95 0\.0\spx \(mean over 2 images/);
    });

    test('the table of the batch shows every answer with its scores and their means, and sorts', async () => {
        await page.getByRole('button', { name: 'Results as a table' }).click();
        const table = page.getByRole('dialog', { name: 'Results' });
        assert.deepEqual(
            (await table.getByRole('columnheader').allTextContents()),
            ['Image', 'Type', 'Probability', 'Lesions', 'Largest lesion', 'Certainty of outline', 'Dice', 'IoU', 'HD95'],
        );
        assert.match((await table.locator('tfoot').textContent()) ?? '', /Means of 2 images with a lesion, missed: 01\.0001\.0000\.0\spx \(over 2\)/);
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
        await page.waitForFunction(() => Number.parseFloat(document.querySelector('.scores dd')?.textContent ?? '1') < 1);
        assert.ok(await page.getByText('only in ground truth').isVisible());
    });

    test('normal images are reported apart: an outline there is false', async () => {
        await pick(page, [{ name: 'malignant_gt.png', buffer: png({ width: 600, height: 450, data: new Uint8Array(270000) }) }]);
        await page.getByText('1 normal image, with a false outline: 1 (100%)').waitFor();
        await page.getByText('1 image with a lesion: Dice').waitFor();
    });

    test('a mask without an image is named with the reason, and paired by hand', async () => {
        const white = png({ width: 600, height: 450, data: new Uint8Array(270000).fill(255, 60000, 200000) });
        await pick(page, [{ name: 'stranger_gt.png', buffer: white }, await sample('normal'), { name: 'normal_mask.png', buffer: white }]);
        await page.getByText('No image was found for the mask stranger_gt.png.').first().waitFor();
        await settled(page, 3);
        await page.locator('.row').nth(2).hover();
        await page.getByRole('button', { name: 'Remove normal.png' }).click();
        await pick(page, [await sample('normal')]);
        await settled(page, 3);
        await page.locator('#batch-pairs').click();
        await page.getByRole('row', { name: /stranger_gt\.png no image has this name/ }).waitFor();
        await page.getByRole('combobox', { name: 'Image of stranger_gt.png' }).selectOption('normal.png');
        await page.getByText('Every image has its mask.').waitFor();
        await page.keyboard.press('Escape');
        await page.getByText('2 images with a lesion: mean').waitFor();
    });

    test('a mask of a dark lesion on white is read as such, which is said and can be turned round; one that is white all over is refused', async () => {
        const data = new Uint8Array(270000).fill(255);
        for (let y = 200; y < 260; y++) data.fill(0, y * 600 + 250, y * 600 + 350);
        await pick(page, [{ name: 'dark.png', buffer: png({ width: 600, height: 450, data }) }], '#pick-truth');
        await page.getByText('Read as a dark lesion on white.').waitFor();
        await page.getByText('1 mask was read as dark on white.').waitFor();
        await page.getByRole('button', { name: 'Use as my outline' }).click();
        await page.getByText('Dice 1.00, area 0%').waitFor();
        await page.locator('#lesions').getByText('6,000').waitFor();
        await page.keyboard.press('Control+z');
        await page.getByRole('button', { name: 'Swap black and white' }).click();
        await page.getByText('Read as a dark lesion on white.').waitFor({ state: 'detached' });
        await page.getByRole('button', { name: 'Swap black and white' }).click();
        await page.getByText('Read as a dark lesion on white.').waitFor();
        await pick(page, [{ name: 'white.png', buffer: png({ width: 600, height: 450, data: data.fill(255) }) }], '#pick-truth');
        await page.getByText('The mask fills the whole image.').waitFor();
        // Without a pointer: a score that arrives while it is down renders the button anew.
        await page.getByRole('button', { name: 'Swap black and white' }).evaluate(button => /** @type {HTMLButtonElement} */ (button).click());
        await page.getByText('The mask fills the whole image.').waitFor({ state: 'detached' });
    });

    test('a mask that turns out not to fit opens the list of masks that are not compared', async () => {
        const other = await site.open();
        const small = png({ width: 100, height: 80, data: new Uint8Array(8000).fill(255, 2000, 5000) });
        await pick(other, [await sample('benign'), await sample('malignant'), { name: 'malignant_mask.png', buffer: small }]);
        await settled(other, 2);
        await other.getByText('1 mask is not paired or not compared').first().waitFor();
        await other.locator('#batch-pairs').click();
        await other.getByRole('row', { name: /malignant\.png .*differ in size/ }).waitFor();
        assert.deepEqual(faultsOf(other), []);
        await other.context().close();
    });

    test('a mask of another size is refused with the reason, and resized on request', async () => {
        await pick(page, [{ name: 'any.png', buffer: png({ width: 30, height: 20, data: new Uint8Array(600) }) }], '#pick-truth');
        await page.getByText('The ground-truth mask and the image differ in size.').waitFor();
        await page.getByText('1 mask was not compared.').waitFor();
        await page.getByRole('button', { name: 'Resize such masks to their images' }).click();
        await page.getByText('The ground truth holds no lesion: this outline is false.').waitFor();
        await pick(page, [{ name: 'any.png', buffer: Buffer.from('none') }], '#pick-truth');
        await page.getByText('The ground-truth mask cannot be read.').waitFor();
        assert.deepEqual(faultsOf(page), []);
    });
});
