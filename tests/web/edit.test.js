/** Correcting the mask: brush, eraser, undo, components; by mouse and by keyboard. And the user's own scale. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { answered, faultsOf, measured, nextFrame, pick, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

describe('correcting', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {import('./support/page.js').Page} */
    let page;
    before(async () => {
        site = await startSite();
        page = await site.open();
        await pick(page, [await sample('benign'), await sample('normal')]);
        await settled(page, 2);
        await answered(page);
    });
    after(() => site.close());

    const area = () => measured(page, 'Area');
    const lesions = () => page.locator('#lesions .measures thead th').count();

    /**
     * @param {number} fromX share of the canvas
     * @param {number} fromY
     * @param {number} toX
     * @param {number} toY
     */
    async function drag(fromX, fromY, toX, toY) {
        const box = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('#canvas').boundingBox());
        await page.mouse.move(box.x + box.width * fromX, box.y + box.height * fromY);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * toX, box.y + box.height * toY, { steps: 4 });
        await page.mouse.up();
        await nextFrame(page);
    }

    test('the brush adds, the eraser removes, and undo and redo work per stroke', async () => {
        const earlier = await area();
        const count = await lesions();
        await page.getByRole('button', { name: /^Brush/ }).click();
        await drag(0.7, 0.7, 0.8, 0.7);
        assert.equal(await lesions(), count + 1);
        await page.getByRole('button', { name: /^Eraser/ }).click();
        await drag(0.25, 0.35, 0.35, 0.35);
        const erased = await measured(page, 'Area');
        await page.getByRole('button', { name: 'Undo' }).click();
        await nextFrame(page);
        assert.notEqual(await measured(page, 'Area'), erased);
        await page.keyboard.press('Control+z');
        await nextFrame(page);
        assert.equal(await area(), earlier);
        assert.equal(await lesions(), count);
        assert.ok(await page.getByRole('button', { name: 'Undo' }).isDisabled());
        await page.keyboard.press('Control+Shift+Z');
        await page.getByRole('button', { name: 'Redo' }).click();
        await nextFrame(page);
        assert.equal(await measured(page, 'Area'), erased);
        await page.getByRole('button', { name: 'Remove all edits' }).click();
        await nextFrame(page);
        assert.equal(await area(), earlier);
    });

    test('the brush works by keyboard', async () => {
        const earlier = await lesions();
        await page.locator('#canvas').focus();
        await page.keyboard.press('b');
        for (let press = 0; press < 6; press++) await page.keyboard.press('Shift+ArrowDown');
        await page.keyboard.press('Space');
        for (let press = 0; press < 5; press++) await page.keyboard.press('ArrowRight');
        await page.keyboard.press('Space');
        await nextFrame(page);
        assert.equal(await lesions(), earlier + 1);
        await page.keyboard.press('Control+z');
        await nextFrame(page);
        assert.equal(await lesions(), earlier);
    });

    test('edits are kept when the threshold changes and after another picture was in view', async () => {
        await page.getByRole('button', { name: /^Brush/ }).click();
        await drag(0.7, 0.7, 0.8, 0.7);
        const count = await lesions();
        await page.getByRole('slider', { name: 'Threshold' }).fill('0.4');
        await nextFrame(page);
        assert.equal(await lesions(), count);
        await page.locator('.row-main').nth(1).click();
        await answered(page);
        await page.locator('.row-main').first().click();
        await answered(page);
        assert.equal(await lesions(), count);
    });

    test('removes one lesion, or all others', async () => {
        const count = await lesions();
        assert.ok(count >= 2);
        await page.getByRole('button', { name: 'Keep only lesion 1' }).click();
        await nextFrame(page);
        assert.equal(await lesions(), 1);
        await page.getByRole('button', { name: 'Remove lesion 1' }).click();
        await page.locator('#lesions').getByText('No lesion is outlined.').waitFor();
        await page.keyboard.press('Control+z');
        await page.keyboard.press('Control+z');
        await nextFrame(page);
        assert.equal(await lesions(), count);
        await page.getByRole('button', { name: 'Remove all edits' }).click();
    });

    test('a measured distance sets the scale, for this image or for all, and its origin is named', async () => {
        await nextFrame(page);
        const pixels = await measured(page, 'Long axis');
        await page.locator('#zoom-level').click();
        await page.getByRole('button', { name: /^Measure a distance/ }).click();
        const apply = page.getByRole('button', { name: 'Set scale', exact: true });
        assert.ok(await apply.isHidden());
        const box = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('#canvas').boundingBox());
        await page.mouse.click(box.x + 300, box.y + 250);
        await page.mouse.click(box.x + 400, box.y + 250);
        await nextFrame(page);
        assert.match((await page.locator('#scale-distance').textContent()) ?? '', /^100\.0.px$/);
        await page.locator('#scale-length').fill('20');
        await apply.click();
        await page.getByText(/by the scale that you set/).waitFor();
        assert.ok(Math.abs((await measured(page, 'Long axis')) - pixels * 0.2) < 0.2);
        assert.match((await page.locator('#scale-distance').textContent()) ?? '', /^20\.0.mm$/);
        const { distances } = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        assert.equal(distances.length, 1);
        assert.ok(Math.abs(distances[0].length_mm - 20) < 1e-3);
        const annotated = async () => JSON.parse((await saved(page, 'LabelMe')).bytes.toString()).sonomask.millimetres_per_pixel;
        assert.ok(Math.abs((await annotated()) - 0.2) < 1e-6, 'annotations hold the scale, too');
        await page.getByRole('button', { name: 'Remove my scale' }).click();
        await page.getByText(/In pixels/).waitFor();
        assert.equal(await annotated(), null);
        await page.getByRole('button', { name: 'Set for all', exact: true }).click();
        await page.locator('.row-main').nth(1).click();
        await answered(page);
        await page.locator('#canvas').focus();
        assert.ok(await page.getByRole('button', { name: 'Remove my scale' }).isVisible());
        await page.locator('.row-main').first().click();
        await answered(page);
        await page.locator('#zoom-level').click();
        // An end of the line is dragged; Delete removes the line.
        await page.mouse.move(box.x + 400, box.y + 250);
        await page.mouse.down();
        await page.mouse.move(box.x + 450, box.y + 250, { steps: 3 });
        await page.mouse.up();
        await nextFrame(page);
        assert.match((await page.locator('#scale-distance').textContent()) ?? '', /^30\.0.mm$/);
        await page.locator('#canvas').focus();
        await page.keyboard.press('Delete');
        await nextFrame(page);
        assert.ok(await page.locator('#scale-set').isHidden());
        // By keyboard: Space sets one end and the other.
        await page.keyboard.press('ArrowRight');
        await page.keyboard.press('Space');
        for (let press = 0; press < 5; press++) await page.keyboard.press('Shift+ArrowRight');
        await page.keyboard.press('Space');
        await nextFrame(page);
        assert.ok(await page.locator('#scale-set').isVisible());
        assert.deepEqual(faultsOf(page), []);
    });
});
