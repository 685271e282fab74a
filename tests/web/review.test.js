/** The reader's own judgement, the list that follows it, and two readers compared. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { compareReaders, kappaOf, sharedArea, typeOf } from '../../web/compare/readers.js';
import { encodeRuns } from '../../web/state/masks.js';
import { answered, faultsOf, nextFrame, pick, rowsOf, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

/** @typedef {import('../../web/compare/readers.js').Reading} Reading */

test('the pixels that two masks share are counted from their run lengths', () => {
    let seed = 1;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    for (let round = 0; round < 50; round++) {
        const masks = [0, 1].map(() => Uint8Array.from({ length: 200 }, () => (random() < 0.4 ? 255 : 0)));
        const [first = new Uint8Array(), second = new Uint8Array()] = masks;
        const expected = first.reduce((sum, value, index) => sum + (value && second[index] ? 1 : 0), 0);
        assert.equal(sharedArea(encodeRuns(first), encodeRuns(second)), expected);
    }
    assert.equal(sharedArea([0, 10], [0, 10]), 10);
});

test('Cohen’s kappa of a known table', () => {
    /** @type {['benign' | 'malignant', 'benign' | 'malignant'][]} */
    const pairs = [];
    for (const [a, b, count] of /** @type {const} */ ([['benign', 'benign', 20], ['benign', 'malignant', 5], ['malignant', 'benign', 10], ['malignant', 'malignant', 15]]))
        for (let index = 0; index < count; index++) pairs.push([a, b]);
    assert.ok(Math.abs((kappaOf(pairs) ?? 0) - 0.4) < 1e-12);
    assert.equal(kappaOf([]), null);
    assert.equal(kappaOf([['benign', 'benign']]), null, 'chance explains everything');
});

test('readers are compared by checksum; images of one reader are counted; the network’s type counts once accepted', () => {
    /** @type {(name: string, sha256: string, runs: number[], type: Reading['type']) => Reading} */
    const reading = (name, sha256, runs, type) => ({ name, sha256, width: 10, height: 10, runs, type });
    const found = compareReaders(
        [reading('a', 'x', [0, 10, 90], 'benign'), reading('b', '', [100], null), reading('c', 'z', [50, 50], 'malignant'), reading('d', 'v', [0, 5, 95], 'benign')],
        [reading('renamed', 'x', [5, 10, 85], 'benign'), reading('b', '', [100], null), reading('d', 'v', [100], 'malignant'), reading('c', 'other', [50, 50], null)],
    );
    assert.deepEqual(found.images.map(({ name, dice }) => [name, dice]), [['a', 0.5], ['b', null], ['d', 0]]);
    assert.deepEqual([found.outlined, found.dice, found.one, found.typed, found.agreed, found.unmatched], [2, 0.25, 1, 2, 1, 2]);
    assert.equal(typeOf({ state: 'accepted', type: null, birads: '', notes: '' }, 'benign'), 'benign');
    assert.equal(typeOf({ state: 'check', type: null, birads: '', notes: '' }, 'benign'), null);
});

describe('review', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {import('./support/page.js').Page} */
    let page;
    before(async () => {
        site = await startSite();
        page = await site.open();
        const benign = await sample('benign');
        await pick(page, [benign, await sample('malignant'), { ...(await sample('normal')), name: 'a long name of an image that does not fit into the list 17.png' }]);
        await settled(page, 3);
        await answered(page);
    });
    after(() => site.close());

    const current = () => page.locator('.row[aria-current="true"] .row-name').textContent();
    const names = async () => (await rowsOf(page)).map(({ name }) => name);

    test('keys decide and go on to the next image that is not reviewed; the decision is in the row', async () => {
        await page.keyboard.press('a');
        assert.equal(await current(), 'malignant.png');
        await page.keyboard.press('u');
        assert.match((await current()) ?? '', /17\.png$/);
        assert.match((await rowsOf(page))[0]?.text ?? '', /^Accepted/);
        assert.match((await rowsOf(page))[1]?.text ?? '', /^To check/);
        await page.keyboard.press('n');
        await page.getByText('No other image of the list waits for a review.').first().waitFor();
        assert.match((await current()) ?? '', /17\.png$/);
        // A long name is cut in the middle: its end is in view.
        const inside = await page.locator('.row').nth(2).evaluate(row => {
            const tail = /** @type {HTMLElement} */ (row.querySelector('.name-tail'));
            return tail.getBoundingClientRect().right <= row.getBoundingClientRect().right && tail.textContent;
        });
        assert.equal(inside, 'e list 17.png'.slice(-9));
    });

    test('type, BI-RADS category and notes stay with their image, beside the network’s answer', async () => {
        await page.locator('.row-main').first().click();
        await page.getByRole('combobox', { name: 'Type', exact: true }).selectOption('malignant');
        await page.getByRole('combobox', { name: 'BI-RADS' }).selectOption('4A');
        await page.getByRole('textbox', { name: 'Notes' }).fill('second look');
        assert.match((await rowsOf(page))[0]?.text ?? '', /^Accepted · Malignant · BI-RADS 4A/);
        await page.locator('.row-main').nth(1).click();
        assert.equal(await page.getByRole('textbox', { name: 'Notes' }).inputValue(), '');
        await page.locator('.row-main').first().click();
        assert.equal(await page.getByRole('textbox', { name: 'Notes' }).inputValue(), 'second look');
        await answered(page);
        assert.ok(await page.locator('.bars').isVisible());
    });

    test('the list is filtered, searched and ordered, with counts', async () => {
        const filter = page.getByRole('combobox', { name: 'Show', exact: true });
        assert.deepEqual((await filter.locator('option').allTextContents()).slice(0, 4), ['All (3)', 'Not reviewed (1)', 'To check (1)', 'Accepted (1)']);
        await filter.selectOption('check');
        assert.ok((await names()).includes('malignant.png'));
        await page.locator('.row-main', { hasText: 'malignant.png' }).click();
        assert.deepEqual(await names(), ['malignant.png']);
        await nextFrame(page);
        assert.equal(await page.locator('#list-count').textContent(), '1 of 3');
        await filter.selectOption('all');
        await page.getByRole('searchbox').fill('SECOND look');
        assert.deepEqual((await names()).sort(), ['benign.png', 'malignant.png'], 'notes are searched; the image in view stays');
        await page.getByRole('searchbox').fill('');
        await page.getByRole('combobox', { name: 'Order' }).selectOption('name');
        assert.match((await names())[0] ?? '', /^a long name/);
        await page.keyboard.press('Tab');
        await page.getByRole('combobox', { name: 'Order' }).selectOption('added');
    });

    test('the session of another reader is compared with the list', async () => {
        const session = await saved(page, 'Save session');
        await page.locator('.row-main').first().click();
        await page.getByRole('combobox', { name: 'Type', exact: true }).selectOption('benign');
        await pick(page, [{ name: 'other.sonomask', buffer: session.bytes }]);
        await page.getByRole('button', { name: 'Compare it with the list' }).click();
        const dialog = page.getByRole('dialog', { name: 'Two readers' });
        await dialog.getByText('3 images in both; in only one of them: 0.').waitFor();
        await dialog.getByText(/mean Dice 1\.000, IoU 1\.000; outlined by only one reader: 0\./).waitFor();
        await dialog.getByText('1 image with a type of both: the same in 0, kappa 0.00.').waitFor();
        await dialog.getByRole('row', { name: /benign\.png 1\.000 1\.000 Benign Malignant/ }).waitFor();
        await page.keyboard.press('Escape');
        assert.deepEqual(faultsOf(page), []);
    });
});
