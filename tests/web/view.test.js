/** The viewer: zoom and pan by every means, layers, layouts, brightness. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { jpeg, png } from '../node/support/images.js';
import { answered, canvasHash, colourAt, faultsOf, nextFrame, pick, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

describe('viewing', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {import('./support/page.js').Page} */
    let page;
    before(async () => {
        site = await startSite();
        page = await site.open();
        await pick(page, [await sample('benign')]);
        await settled(page, 1);
        await answered(page);
    });
    after(() => site.close());

    const level = async () => Number.parseInt((await page.locator('#zoom-level').textContent()) ?? '', 10);

    test('wheel, buttons and keys zoom; a double click and 0 fit again', async () => {
        const fitted = await level();
        await page.locator('#canvas').hover();
        await page.mouse.wheel(0, -400);
        await nextFrame(page);
        const wheeled = await level();
        assert.ok(wheeled > fitted);
        await page.getByRole('button', { name: 'Zoom in' }).click();
        assert.ok((await level()) > wheeled);
        await page.locator('#canvas').dblclick();
        assert.equal(await level(), fitted);
        await page.locator('#canvas').focus();
        await page.keyboard.press('+');
        assert.ok((await level()) > fitted);
        await page.keyboard.press('1');
        assert.equal(await level(), 100);
        await page.keyboard.press('0');
        assert.equal(await level(), fitted);
    });

    test('dragging and arrow keys move the picture', async () => {
        const still = await canvasHash(page);
        const box = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('#canvas').boundingBox());
        await page.mouse.move(box.x + 300, box.y + 300);
        await page.mouse.down();
        await page.mouse.move(box.x + 360, box.y + 340, { steps: 3 });
        await page.mouse.up();
        await nextFrame(page);
        const dragged = await canvasHash(page);
        assert.notEqual(dragged, still);
        await page.locator('#canvas').focus();
        await page.keyboard.press('ArrowLeft');
        await nextFrame(page);
        assert.notEqual(await canvasHash(page), dragged);
        await page.keyboard.press('0');
    });

    test('a pinch of two fingers zooms', async () => {
        const earlier = await level();
        await page.locator('#canvas').evaluate(canvas => {
            const box = canvas.getBoundingClientRect();
            const send = (/** @type {string} */ type, /** @type {number} */ id, /** @type {number} */ x) =>
                canvas.dispatchEvent(
                    new PointerEvent(type, {
                        pointerId: id, pointerType: 'touch', clientX: box.left + x, clientY: box.top + 200, bubbles: true, isPrimary: id === 1,
                    }),
                );
            // Synthetic pointers cannot be captured.
            canvas.setPointerCapture = () => undefined;
            send('pointerdown', 1, 300);
            send('pointerdown', 2, 400);
            for (let step = 1; step <= 5; step++) {
                send('pointermove', 1, 300 - step * 15);
                send('pointermove', 2, 400 + step * 15);
            }
            send('pointerup', 1, 225);
            send('pointerup', 2, 475);
        });
        await nextFrame(page);
        assert.ok((await level()) > earlier * 1.5);
        await page.getByRole('button', { name: 'Fit to view' }).click();
    });

    test('fill, outline, axes and both maps can be shown and hidden', async () => {
        await nextFrame(page);
        const plain = await canvasHash(page);
        for (const name of ['Outline', 'Axes']) {
            await page.getByRole('checkbox', { name }).uncheck();
            await nextFrame(page);
            assert.notEqual(await canvasHash(page), plain, name);
            await page.getByRole('checkbox', { name }).check();
        }
        await page.getByRole('slider', { name: 'Overlay opacity' }).fill('0.8');
        await nextFrame(page);
        assert.notEqual(await canvasHash(page), plain);
        const seen = new Set([plain]);
        for (const map of ['Probability map', 'Uncertainty map']) {
            await page.getByRole('combobox', { name: 'Overlay' }).selectOption({ label: map });
            await nextFrame(page);
            seen.add(await canvasHash(page));
            assert.ok(await page.locator('.legend-ramp').isVisible());
        }
        assert.equal(seen.size, 3);
        await page.getByRole('combobox', { name: 'Overlay' }).selectOption({ label: 'Mask' });
        await page.locator('#canvas').focus();
        await page.keyboard.press('h');
        await nextFrame(page);
        assert.ok(!(await page.getByRole('checkbox', { name: 'Outline' }).isChecked()));
        await page.keyboard.press('h');
        await nextFrame(page);
        assert.equal(await canvasHash(page), plain);
    });

    test('side by side shows the plain picture beside the annotated one; the swipe line moves by keyboard', async () => {
        await page.getByRole('button', { name: 'Side by side' }).click();
        await nextFrame(page);
        const side = await canvasHash(page);
        await page.getByRole('button', { name: 'Swipe to compare' }).click();
        const handle = page.getByRole('slider', { name: 'Dividing line between image and result' });
        await handle.focus();
        await nextFrame(page);
        const middle = await canvasHash(page);
        assert.notEqual(middle, side);
        for (let press = 0; press < 20; press++) await page.keyboard.press('ArrowLeft');
        await nextFrame(page);
        assert.notEqual(await canvasHash(page), middle);
        await page.getByRole('button', { name: 'One view' }).click();
        assert.ok(await handle.isHidden());
    });

    test('brightness and contrast change what is shown, and can be reset', async () => {
        const [earlier = 0] = await colourAt(page, 0.8, 0.3);
        await page.getByRole('button', { name: /Brightness and contrast/ }).click();
        await page.locator('#canvas').focus();
        for (let press = 0; press < 8; press++) await page.keyboard.press('ArrowUp');
        await nextFrame(page);
        const [brighter = 0] = await colourAt(page, 0.8, 0.3);
        assert.ok(brighter > earlier, `${brighter} > ${earlier}`);
        await page.getByRole('button', { name: 'Reset' }).click();
        await nextFrame(page);
        assert.equal((await colourAt(page, 0.8, 0.3))[0], earlier);
        await page.getByRole('button', { name: 'Move (V)' }).click();
        assert.deepEqual(faultsOf(page), []);
    });

    test('the EXIF orientation of a JPEG applies to the picture and to the mask', async () => {
        const turned = await site.open();
        // Left half dark, right half light; orientation 6 turns it so that the dark half is at the top.
        const plain = jpeg({ width: 96, height: 64, value: x => (x < 48 ? 40 : 220) });
        const exif = Buffer.from('ffe1002245786966000049492a00080000000100120103000100000006000000000000000000'.slice(0, 72), 'hex');
        const file = Buffer.concat([plain.subarray(0, 2), exif, plain.subarray(2)]);
        await pick(turned, [{ name: 'turned.jpg', buffer: file }]);
        await settled(turned, 1);
        await answered(turned);
        assert.match((await turned.locator('.facts').textContent()) ?? '', /64 × 96/);
        await turned.locator('#canvas').press('h');
        await nextFrame(turned);
        const [top = 0] = await colourAt(turned, 0.5, 0.25);
        const [bottom = 0] = await colourAt(turned, 0.5, 0.75);
        assert.ok(top < 90 && bottom > 180, `${top} above ${bottom}`);
        await turned.context().close();
    });

    test('the EXIF orientation of a PNG applies as well', async () => {
        const turned = await site.open();
        const data = new Uint8Array(96 * 64).map((_, index) => (index % 96 < 48 ? 40 : 220));
        const exif = Buffer.from('49492a00080000000100120103000100000006000000000000', 'hex').subarray(0, 26);
        const file = png({ width: 96, height: 64, data, exif });
        await pick(turned, [{ name: 'turned.png', buffer: file }]);
        await settled(turned, 1);
        await answered(turned);
        assert.match((await turned.locator('.facts').textContent()) ?? '', /64 × 96/);
        await turned.locator('#canvas').press('h');
        await nextFrame(turned);
        const [top = 0] = await colourAt(turned, 0.5, 0.25);
        const [bottom = 0] = await colourAt(turned, 0.5, 0.75);
        assert.ok(top < 90 && bottom > 180, `${top} above ${bottom}`);
        await turned.context().close();
    });

    test('a coloured, blank or textured picture that is not ultrasound gets a warning', async () => {
        const doubtful = await site.open();
        const red = new Uint8Array(64 * 64 * 3).map((_, index) => (index % 3 === 0 ? 200 : 40));
        await pick(doubtful, [
            { name: 'red.png', buffer: png({ width: 64, height: 64, colour: 2, data: red }) },
            { name: 'blank.png', buffer: png({ width: 64, height: 64, data: new Uint8Array(4096).fill(9) }) },
            { name: 'tiles.png', buffer: png({ width: 64, height: 64, data: new Uint8Array(4096).map((_, i) => ((i >> 3) + (i >> 9)) % 2 * 255) }) },
        ]);
        await settled(doubtful, 3);
        for (let row = 0; row < 3; row++) {
            await doubtful.locator('.row-main').nth(row).click();
            await doubtful.getByText(/No ultrasound picture was found|does not look like a breast ultrasound image/).waitFor();
        }
        await doubtful.context().close();
    });
});
