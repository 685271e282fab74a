/** Polygon, grow, shrink, smooth and fill; removed outlines; the decision; keyboard and focus; the place of the tools. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makePromptWeights } from '../node/support/prompts.js';
import { answered, canvasHash, faultsOf, loaded, measured, nextFrame, pick, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

/** @typedef {import('./support/page.js').Page} Page */

describe('tools', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {Page} */
    let page;
    before(async () => {
        site = await startSite();
        page = await site.open({ viewport: { width: 1280, height: 800 } });
        await pick(page, [await sample('benign'), await sample('normal')]);
        await settled(page, 2);
        await answered(page);
    });
    after(() => site.close());

    const lesions = () => page.locator('#lesions .measures thead th').count();
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.className || document.activeElement?.tagName);

    /**
     * @param {number} x share of the canvas
     * @param {number} y
     */
    async function at(x, y) {
        const box = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('#canvas').boundingBox());
        return { x: box.x + box.width * x, y: box.y + box.height * y };
    }

    /** @param {[number, number][]} shares */
    async function clickAll(shares) {
        for (const [x, y] of shares) {
            const place = await at(x, y);
            await page.mouse.click(place.x, place.y);
        }
        await nextFrame(page);
    }

    async function startAfresh() {
        await page.keyboard.press('b');
        const clear = page.locator('#clear-edits:enabled');
        if ((await clear.count()) > 0) await clear.click();
        await nextFrame(page);
    }

    test('the tools fit in one row at 1280 pixels, and their settings are not over the image', async () => {
        const heights = await page.evaluate(() => ['.toolbar', '.tool', '.context'].map(name => document.querySelector(name)?.clientHeight ?? 0));
        assert.ok((heights[0] ?? 0) < 2 * (heights[1] ?? 0), heights.join());
        const canvas = await page.locator('#canvas').boundingBox();
        for (const tool of ['click', 'polygon', 'brush', 'window', 'scale', 'move']) {
            await page.locator(`[data-tool="${tool}"]`).first().click({ force: true });
            await nextFrame(page);
            assert.deepEqual(await page.locator('#canvas').boundingBox(), canvas, tool);
        }
        const context = await page.locator('#context').boundingBox();
        assert.ok(context && canvas && context.y + context.height <= canvas.y);
    });

    test('a removed outline stays removed when the threshold moves, and comes back by undo', async () => {
        await startAfresh();
        const count = await lesions();
        assert.ok(count >= 1);
        await page.getByRole('button', { name: 'Remove lesion 1' }).click();
        await nextFrame(page);
        const left = count - 1;
        const shown = () => page.locator('#lesions .measures thead th').count();
        for (const threshold of ['0.2', '0.7', '0.5']) {
            await page.getByRole('slider', { name: 'Threshold' }).fill(threshold);
            await nextFrame(page);
            assert.ok((await shown()) <= left, threshold);
        }
        await page.getByRole('button', { name: 'Network’s threshold' }).click();
        await page.getByRole('button', { name: 'Undo' }).click();
        await nextFrame(page);
        assert.equal(await lesions(), count);
    });

    test('a polygon is drawn point by point; its points are dragged, added and removed; the network does not judge it', async () => {
        await startAfresh();
        const count = await lesions();
        await page.keyboard.press('g');
        await clickAll([[0.6, 0.6], [0.8, 0.6], [0.8, 0.75], [0.6, 0.75]]);
        assert.equal(await lesions(), count, 'not before it is closed');
        await page.getByRole('button', { name: 'Undo' }).click(); // takes back the last point
        await clickAll([[0.6, 0.8], [0.6, 0.6]]); // the first point ends it
        assert.equal(await lesions(), count + 1);
        assert.match((await page.locator('#lesions .measures').textContent()) ?? '', /drawn by hand/);
        const area = async () => (await JSON.parse((await saved(page, 'JSON')).bytes.toString())).lesions.reduce((/** @type {number} */ sum, /** @type {any} */ lesion) => sum + lesion.area_px, 0);
        const drawn = await area();
        const corner = await at(0.8, 0.6);
        await page.mouse.move(corner.x, corner.y);
        await page.mouse.down();
        await page.mouse.move(corner.x, corner.y - 40, { steps: 3 });
        await page.mouse.up();
        await nextFrame(page);
        const larger = await area();
        assert.ok(larger > drawn, `${larger} > ${drawn}`);
        await page.keyboard.press('Control+z');
        await nextFrame(page);
        assert.equal(await area(), drawn);
        // The outline is opened again by a click, and a point taken away.
        await clickAll([[0.7, 0.65]]);
        const point = await at(0.8, 0.6);
        await page.mouse.click(point.x, point.y);
        await nextFrame(page);
        await page.getByRole('button', { name: 'Remove point' }).click();
        await nextFrame(page);
        assert.ok((await area()) < drawn);
        await page.getByRole('button', { name: 'Done', exact: true }).click();
        await page.locator('#polygon-done:disabled').waitFor();
        const record = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        assert.ok(record.lesions.some((/** @type {any} */ lesion) => lesion.drawn && lesion.expected_dice === undefined));
    });

    test('a polygon is drawn by keyboard', async () => {
        await startAfresh();
        const count = await lesions();
        await page.locator('#canvas').focus();
        await page.keyboard.press('g');
        for (let press = 0; press < 3; press++) await page.keyboard.press('Shift+ArrowDown');
        await page.keyboard.press('Space');
        for (const [key, times] of /** @type {const} */ ([['ArrowRight', 3], ['ArrowDown', 3], ['ArrowLeft', 3]])) {
            for (let press = 0; press < times; press++) await page.keyboard.press(`Shift+${key}`);
            await page.keyboard.press('Space');
        }
        await page.getByRole('button', { name: 'Close', exact: true }).first().click();
        await nextFrame(page);
        assert.equal(await lesions(), count + 1);
    });

    test('grow, shrink, smooth and fill change all outlines, as steps that are undone', async () => {
        await startAfresh();
        const first = await measured(page, 'Area');
        await page.getByRole('button', { name: 'Grow all outlines' }).click();
        await nextFrame(page);
        const grown = await measured(page, 'Area');
        assert.ok(grown > first);
        await page.getByRole('button', { name: 'Shrink all outlines' }).click();
        await page.getByRole('button', { name: 'Smooth all outlines' }).click();
        await nextFrame(page);
        assert.ok(Math.abs((await measured(page, 'Area')) - first) < first * 0.05);
        for (let press = 0; press < 3; press++) await page.getByRole('button', { name: 'Undo' }).click();
        await nextFrame(page);
        assert.equal(await measured(page, 'Area'), first);
        assert.deepEqual(faultsOf(page), []);
    });

    test('the focus never falls to the body', async () => {
        await startAfresh();
        await page.getByRole('button', { name: 'Grow all outlines' }).focus();
        await page.keyboard.press('Enter');
        await nextFrame(page);
        await page.getByRole('button', { name: 'Undo' }).focus();
        for (let press = 0; press < 100 && (await focused()) === 'undo'; press++) {
            await page.keyboard.press('Enter');
            await nextFrame(page);
            await nextFrame(page);
        }
        await page.waitForFunction(() => document.activeElement !== document.body);
        assert.equal(await focused(), 'redo', 'nothing is left to undo, and the button is disabled');
        assert.ok(await page.locator('#undo').isDisabled());
        await page.locator('[data-action="remove-0"]').focus();
        await page.keyboard.press('Enter');
        await page.waitForFunction(() => document.activeElement !== document.body);
        await page.keyboard.press('Control+z');
        await nextFrame(page);
        // One tab stop for the tools and one for the list.
        assert.equal(await page.locator('.toolbar [tabindex="0"]').count(), 1);
        assert.equal(await page.locator('.list [tabindex="0"]').count(), 1);
        await page.locator('.toolbar [tabindex="0"]').focus();
        const start = await focused();
        await page.keyboard.press('ArrowRight');
        assert.notEqual(await focused(), start);
        await page.locator('#list button[aria-label^="Remove normal"]').focus();
        await page.keyboard.press('Enter');
        await page.locator('.row').nth(1).waitFor({ state: 'detached' });
        await page.waitForFunction(() => document.activeElement !== document.body);
        assert.equal(await focused(), 'row-main');
        await page.getByRole('link', { name: 'Skip to the image' }).focus();
        await page.keyboard.press('Enter');
        assert.equal(await focused(), 'canvas');
        assert.deepEqual(faultsOf(page), []);
    });
});

describe('the decision', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {Page} */
    let page;
    before(async () => {
        site = await startSite();
        const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-tools-'));
        const body = await readFile(await makePromptWeights(folder));
        await rm(folder, { recursive: true });
        page = await site.open({ serviceWorkers: 'block' }, async opened => {
            await opened.context().route('**/weights/sonomask.safetensors', route => route.fulfill({ body, contentType: 'application/octet-stream' }));
            await opened.context().route('**/weights/SHA256SUMS', route => route.fulfill({ body: '' }));
        });
        await loaded(page);
        await pick(page, [await sample('benign'), await sample('normal')]);
        await settled(page, 2);
        await answered(page);
    });
    after(() => site.close());

    const record = async () => JSON.parse((await saved(page, 'JSON')).bytes.toString());

    test('the operating point is chosen of three with their costs, for all images; edits are kept', async () => {
        const first = await record();
        assert.ok(first.lesions.length > 0 && first.operating_point.kept > 0.94);
        assert.equal(await page.locator('#point option').count(), 3);
        assert.match((await page.locator('#point option').first().textContent()) ?? '', /95% .* up to 10% missed/);
        await page.locator('#point').selectOption('0.8');
        await settled(page, 2);
        await answered(page);
        const strict = await record();
        assert.ok(Math.abs(strict.operating_point.kept - 0.8) < 0.01);
        assert.equal(strict.lesions.length, 0);
        assert.equal(strict.possible_lesions.length, first.lesions.length + first.possible_lesions.length);
        await page.locator('.row-main').nth(1).click();
        await answered(page);
        assert.ok(Math.abs((await record()).operating_point.kept - 0.8) < 0.01);
        await page.locator('.row-main').first().click();
        await answered(page);
        await page.getByRole('button', { name: 'Count it' }).first().click();
        await nextFrame(page);
        await page.locator('#point').selectOption('0.95');
        await settled(page, 2);
        await answered(page);
        await page.locator('#point').selectOption('0.8');
        await settled(page, 2);
        await answered(page);
        assert.equal((await record()).lesions.length, 1, 'what the user counted counts at every point');
        await page.locator('#point').selectOption('0.95');
        await settled(page, 2);
        await answered(page);
    });

    test('the margin is drawn as a band on demand', async () => {
        const plain = await canvasHash(page);
        assert.ok(await page.locator('#margin-help').isHidden());
        await page.getByRole('checkbox', { name: 'Margin band' }).check();
        await nextFrame(page);
        assert.notEqual(await canvasHash(page), plain);
        assert.ok(await page.locator('#margin-help').isVisible());
        await page.getByRole('checkbox', { name: 'Margin band' }).uncheck();
        await nextFrame(page);
        assert.equal(await canvasHash(page), plain);
    });

    test('a box elsewhere keeps the outline of the box before it', async () => {
        await page.keyboard.press('i');
        const canvas = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('#canvas').boundingBox());
        for (const [x, y] of /** @type {const} */ ([[0.2, 0.3], [0.7, 0.6]])) {
            await page.mouse.move(canvas.x + canvas.width * x, canvas.y + canvas.height * y);
            await page.mouse.down();
            await page.mouse.move(canvas.x + canvas.width * (x + 0.12), canvas.y + canvas.height * (y + 0.15), { steps: 4 });
            await page.mouse.up();
            await nextFrame(page);
            await record();
        }
        const { prompts, lesions, width, height } = await record();
        assert.ok(prompts.box.x > width * 0.5);
        const scale = Math.min(canvas.width / width, canvas.height / height) * 0.98;
        const middle = { x: (canvas.width * 0.26 - canvas.width / 2) / scale + width / 2, y: (canvas.height * 0.375 - canvas.height / 2) / scale + height / 2 };
        const holds = (/** @type {any} */ { bbox }) => middle.x > bbox.x && middle.x < bbox.x + bbox.width && middle.y > bbox.y && middle.y < bbox.y + bbox.height;
        assert.ok(lesions.some(holds), 'the outline of the first box is there');
        assert.deepEqual(faultsOf(page), []);
    });
});
