/** Correcting the outline with clicks and a box: mouse, keyboard, touch; undo; exports; and weights that take no clicks. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Sonomask } from '../../wasm/sonomask.js';
import { makePromptWeights } from '../node/support/prompts.js';
import { explanation } from '../../web/panel/words.js';
import { OpenFrame } from '../../web/state/open-frame.js';
import { answered, faultsOf, loaded, nextFrame, pick, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';
import { withoutLesions } from './support/weights.js';

/** @typedef {import('./support/page.js').Page} Page */

test('the network is asked once for a click and its preview, and again for another one or another frame', async () => {
    /** @type {string[]} */
    const asked = [];
    const pool = { open: async () => ({ close() {}, refine: async (/** @type {unknown} */ prompts) => ({ number: asked.push(JSON.stringify(prompts)) }) }) };
    const [engine, item] = /** @type {any[]} */ ([{ pool }, { source: { input: async () => null } }]);
    const frame = new OpenFrame();
    const at = (/** @type {number} */ x) => ({ clicks: [{ x, y: 2, inside: true }] });
    const [preview, click] = await Promise.all([frame.refine(engine, item, 0, at(1), {}), frame.refine(engine, item, 0, at(1), {})]);
    assert.equal(preview, click);
    await frame.refine(engine, item, 0, at(1), { threshold: 0.3 });
    await frame.refine(engine, item, 0, at(5), { threshold: 0.3 });
    await frame.refine(engine, item, 1, at(5), { threshold: 0.3 });
    assert.equal(asked.length, 4);
});

test('the bound on missed lesions is rounded up, and stated only for the threshold of the network', () => {
    const words = (/** @type {number} */ missedBound, /** @type {number | null} */ ownThreshold = null, alone = null) => explanation(/** @type {any} */ ({
        lesions: [], possible: [], presence: 0.02, probabilities: { normal: 0.9, benign: 0.06, malignant: 0.04 },
        operatingPoint: { kept: 0.95, presence: 0.05, missedBound }, network: { alone },
    }), ownThreshold);
    assert.match(words(0.1137), /up to 12% are missed/);
    assert.match(words(Math.fround(0.1)), /up to 10% are missed/);
    assert.match(words(0.1, 0.9), /^The probability of a lesion is 2%, but no outline passes the threshold/, 'no bound was measured at the user’s threshold');
    assert.doesNotMatch(words(0.1, null, /** @type {any} */ ({})), /are missed/, 'nor for frames whose outlines were made steady');
});

describe('clicks', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {Buffer} */
    let weights;
    /** @type {Sonomask} */
    let sonomask;
    /** @type {Page} */
    let page;
    before(async () => {
        site = await startSite();
        const folder = await mkdtemp(path.join(tmpdir(), 'sonomask-clicks-'));
        weights = await readFile(await makePromptWeights(folder));
        await rm(folder, { recursive: true });
        sonomask = await Sonomask.load({ weights });
        page = await openPage(weights);
    });
    after(async () => {
        await site.close(); // first: an open browser keeps the run alive when the preparation above has failed
        sonomask.dispose();
    });

    /**
     * The page with other weights, and two pictures.
     * @param {Buffer} body
     * @param {Parameters<typeof site.open>[0]} [options]
     * @returns {Promise<Page>}
     */
    async function openPage(body, options) {
        const opening = await site.open({ serviceWorkers: 'block', ...options }, async opened => {
            await opened.context().route('**/weights/sonomask.safetensors', route =>
                route.fulfill({ body, contentType: 'application/octet-stream' }));
            await opened.context().route('**/weights/SHA256SUMS', route => route.fulfill({ body: '' }));
        });
        await loaded(opening);
        await pick(opening, [await sample('benign'), await sample('normal')]);
        await settled(opening, 2);
        await answered(opening);
        return opening;
    }

    /** Undoes everything on the shared page. */
    async function startAfresh() {
        await page.keyboard.press('i');
        await page.getByRole('button', { name: 'Lesion', exact: true }).click();
        const clear = page.locator('#clear-edits:enabled');
        if ((await clear.count()) > 0) await clear.click();
        await nextFrame(page);
        await maskOf(page);
    }

    /**
     * @param {Page} view
     * @returns {Promise<{ at: (x: number, y: number) => number, mask: Uint8Array, width: number, height: number }>} the saved mask
     */
    async function maskOf(view) {
        const { data, width, height } = await sonomask.decode((await saved(view, 'Mask PNG')).bytes);
        return { at: (x, y) => data[y * width + x] ?? NaN, mask: Uint8Array.from(data), width, height };
    }

    /**
     * Where a pixel of the image is on the screen, while the whole image is in view.
     * @param {Page} view
     * @param {{ width: number, height: number }} image
     * @param {number} x
     * @param {number} y
     */
    async function onScreen(view, { width, height }, x, y) {
        const box = /** @type {{ x: number, y: number, width: number, height: number }} */ (await view.locator('#canvas').boundingBox());
        const scale = Math.min(box.width / width, box.height / height) * 0.98; // as Transform.fitScale
        return {
            x: box.x + (box.width - width * scale) / 2 + (x + 0.5) * scale,
            y: box.y + (box.height - height * scale) / 2 + (y + 0.5) * scale,
        };
    }

    /**
     * A pixel in the middle of the image of a mask value, whose surroundings have it, too.
     * @param {Awaited<ReturnType<typeof maskOf>>} mask
     * @param {number} value
     */
    function pixelOf({ at, width, height }, value) {
        for (let y = Math.round(height * 0.2); y < height * 0.6; y += 3)
            for (let x = Math.round(width * 0.2); x < width * 0.8; x += 3)
                if ([-2, 0, 2].every(dy => [-2, 0, 2].every(dx => at(x + dx, y + dy) === value))) return { x, y };
        throw new Error(`no pixel of ${value}`);
    }

    test('a click adds an outline, an Alt click or a right click removes it, and both are undone', async () => {
        await startAfresh();
        const first = await maskOf(page);
        await page.getByRole('button', { name: 'Click to outline or correct (I)' }).click();
        const empty = pixelOf(first, 0);
        const full = pixelOf(first, 255);
        const [beside, within] = [await onScreen(page, first, empty.x, empty.y), await onScreen(page, first, full.x, full.y)];
        await page.mouse.click(beside.x, beside.y);
        await nextFrame(page);
        const added = await maskOf(page);
        assert.equal(added.at(empty.x, empty.y), 255);
        await page.keyboard.down('Alt');
        await page.mouse.click(within.x, within.y);
        await page.keyboard.up('Alt');
        await nextFrame(page);
        const both = await maskOf(page);
        assert.deepEqual([both.at(empty.x, empty.y), both.at(full.x, full.y)], [255, 0]);
        const file = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        assert.equal(file.edited, true);
        assert.deepEqual(file.prompts.clicks.map((/** @type {any} */ { inside }) => inside), [true, false]);
        const answer = await sonomask.open((await sample('benign')).buffer);
        assert.deepEqual(both.mask, (await answer.refine(file.prompts)).mask, 'the page shows the answer of the library');
        answer.close();
        await page.getByRole('button', { name: 'Undo' }).click();
        await nextFrame(page);
        assert.deepEqual((await maskOf(page)).mask, added.mask);
        await page.keyboard.press('Control+z');
        await nextFrame(page);
        assert.deepEqual((await maskOf(page)).mask, first.mask);
        assert.ok(await page.getByRole('button', { name: 'Undo' }).isDisabled());
        await page.mouse.click(within.x, within.y, { button: 'right' });
        await nextFrame(page);
        assert.equal((await maskOf(page)).at(full.x, full.y), 0);
        await page.getByRole('button', { name: 'Remove all edits' }).click();
        await nextFrame(page);
        assert.deepEqual((await maskOf(page)).mask, first.mask);
        assert.deepEqual(faultsOf(page), []);
    });

    test('clicks stay when another picture was in view, when the threshold changes, and under the brush', async () => {
        await startAfresh();
        const first = await maskOf(page);
        const { x, y } = pixelOf(first, 255);
        await page.keyboard.press('i');
        await page.getByRole('button', { name: 'Not lesion', exact: true }).click();
        const place = await onScreen(page, first, x, y);
        await page.mouse.click(place.x, place.y);
        await nextFrame(page);
        const corrected = await maskOf(page);
        assert.equal(corrected.at(x, y), 0);
        await page.locator('.row-main').nth(1).click();
        await answered(page);
        await page.locator('.row-main').first().click();
        await answered(page);
        assert.deepEqual((await maskOf(page)).mask, corrected.mask);
        await page.getByRole('slider', { name: 'Threshold' }).fill('0.4');
        await nextFrame(page);
        assert.equal((await maskOf(page)).at(x, y), 0);
        await page.getByRole('button', { name: 'Network’s threshold' }).click();
        await page.keyboard.press('b');
        await page.mouse.click(place.x, place.y);
        await nextFrame(page);
        assert.equal((await maskOf(page)).at(x, y), 255, 'painted over');
        await page.keyboard.press('i');
        await page.mouse.click(place.x, place.y);
        await nextFrame(page);
        assert.equal((await maskOf(page)).at(x, y), 0, 'a later click is not hidden by paint');
        assert.deepEqual(faultsOf(page), []);
    });

    test('dragging draws a box, which holds an outline', async () => {
        await startAfresh();
        const first = await maskOf(page);
        await page.keyboard.press('i');
        const from = await onScreen(page, first, 60, 50);
        const to = await onScreen(page, first, 140, 120);
        await page.mouse.move(from.x, from.y);
        await page.mouse.down();
        await page.mouse.move(to.x, to.y, { steps: 4 });
        await page.mouse.up();
        await nextFrame(page);
        await maskOf(page);
        const { prompts, lesions } = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        for (const [name, wanted] of /** @type {const} */ ([['x', 60], ['y', 50], ['width', 80], ['height', 70]]))
            assert.ok(Math.abs(prompts.box[name] - wanted) < 2, `${name}: ${prompts.box[name]}`);
        const { box } = prompts;
        assert.ok(lesions.some((/** @type {any} */ { bbox }) =>
            bbox.x >= box.x - 1 && bbox.y >= box.y - 1 && bbox.x + bbox.width <= box.x + box.width + 1 && bbox.y + bbox.height <= box.y + box.height + 1));
    });

    test('works by keyboard', async () => {
        await startAfresh();
        await page.locator('#canvas').focus();
        await page.keyboard.press('i');
        await page.keyboard.press('Enter'); // shows the cursor
        await nextFrame(page);
        assert.ok(await page.locator('#clear-edits').isDisabled(), 'nothing happens before the cursor is in view');
        await page.keyboard.press('Shift+Enter');
        await page.keyboard.press('x');
        await page.keyboard.press('Shift+ArrowDown');
        await page.keyboard.press('Shift+Space');
        await nextFrame(page);
        await maskOf(page);
        const { prompts } = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        assert.deepEqual(prompts.clicks.map((/** @type {any} */ { inside }) => inside), [false, true]);
        await page.locator('#canvas').focus();
        // The last pixel of a row can be clicked, too.
        for (let press = 0; press < 60; press++) await page.keyboard.press('Shift+ArrowRight');
        await page.keyboard.press('Enter');
        await nextFrame(page);
        await maskOf(page);
        const { prompts: more, width } = JSON.parse((await saved(page, 'JSON')).bytes.toString());
        assert.equal(more.clicks[2]?.x, width - 0.5);
    });

    test('works by touch on a phone; two fingers do not click', async () => {
        const own = await openPage(weights, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
        const first = await maskOf(own);
        const { x, y } = pixelOf(first, 255);
        await own.locator('#tool-click').tap();
        await own.getByRole('button', { name: 'Not lesion', exact: true }).tap();
        await own.locator('#canvas').scrollIntoViewIfNeeded();
        const place = await onScreen(own, first, x, y);
        await own.touchscreen.tap(place.x, place.y);
        await nextFrame(own);
        assert.equal((await maskOf(own)).at(x, y), 0);
        // With the brush, two fingers zoom and leave nothing behind; one finger paints, and a tap paints a dot.
        await own.locator('[data-tool="brush"]').tap();
        const countOf = async () => (await maskOf(own)).mask.reduce((sum, value) => sum + Number(value > 0), 0);
        const unpainted = await countOf();
        const zoom = await own.locator('#zoom-level').textContent();
        const devtools = await own.context().newCDPSession(own);
        const fingers = async (/** @type {{ x: number, y: number }[][]} */ steps) => {
            for (const [index, touchPoints] of [...steps, []].entries())
                await devtools.send('Input.dispatchTouchEvent', { type: index === 0 ? 'touchStart' : touchPoints.length > 0 ? 'touchMove' : 'touchEnd', touchPoints: touchPoints.map((point, id) => ({ ...point, id })) });
            await nextFrame(own);
        };
        const box = /** @type {{ x: number, y: number, width: number, height: number }} */ (await own.locator('#canvas').boundingBox());
        const corner = (/** @type {number} */ shareX, /** @type {number} */ shareY) => ({ x: box.x + box.width * shareX, y: box.y + box.height * shareY });
        await fingers([[corner(0.4, 0.5), corner(0.6, 0.5)], [corner(0.3, 0.5), corner(0.7, 0.5)]]);
        assert.notEqual(await own.locator('#zoom-level').textContent(), zoom);
        assert.equal(await countOf(), unpainted, 'nothing is painted by a pinch');
        await fingers([[corner(0.75, 0.8)], [corner(0.8, 0.8)], [corner(0.85, 0.8)]]);
        const painted = await countOf();
        assert.ok(painted > unpainted, 'one finger paints');
        await fingers([[corner(0.2, 0.8)]]);
        assert.ok((await countOf()) > painted, 'a tap paints a dot');
        const width = await own.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 390, `${width} pixels wide`);
        await own.context().close();
    });

    test('without a lesion that counts: the worth of the answer, and the possible lesions', async () => {
        const own = await openPage(withoutLesions(weights, -2));
        await own.getByText('No lesion found', { exact: true }).first().waitFor();
        assert.match((await own.locator('#answer').textContent()) ?? '', /up to 10% are missed at this setting/);
        assert.match((await own.locator('.row-state').first().textContent()) ?? '', /No lesion found · possible lesion/);
        assert.ok((await maskOf(own)).mask.every(value => value === 0));
        const record = JSON.parse((await saved(own, 'JSON')).bytes.toString());
        assert.equal(record.lesions.length, 0);
        assert.equal(await own.locator('.possible li').count(), record.possible_lesions.length);
        await own.getByRole('button', { name: 'Count it' }).first().click();
        await nextFrame(own);
        const counted = JSON.parse((await saved(own, 'JSON')).bytes.toString());
        assert.equal(counted.lesions.length, 1);
        assert.equal(counted.lesions[0].area_px, record.possible_lesions[0].area_px);
        assert.equal(counted.possible_lesions.length, record.possible_lesions.length - 1);
        // Another threshold does not turn them into lesions.
        await own.keyboard.press('Control+z');
        await own.getByRole('slider', { name: 'Threshold' }).fill('0.52');
        await nextFrame(own);
        assert.ok((await maskOf(own)).mask.every(value => value === 0));
        assert.deepEqual(faultsOf(own), []);
        await own.context().close();
    });

    test('an image that probably holds a lesion is not called one without; outlines that the user removed are not asked for again', async () => {
        const own = await openPage(withoutLesions(weights, 2));
        const answer = own.locator('#answer');
        await own.getByText('Lesion likely, none outlined', { exact: true }).first().waitFor();
        assert.match((await answer.textContent()) ?? '', /probability of a lesion is 88%, but no outline counts/);
        assert.match((await own.locator('.row-state').first().textContent()) ?? '', /^Lesion likely, none outlined/);
        const first = await sonomask.segment((await sample('benign')).buffer);
        const at = first.mask.indexOf(255);
        const place = await onScreen(own, first, at % first.width, Math.floor(at / first.width));
        await own.keyboard.press('i');
        await own.mouse.click(place.x, place.y, { button: 'right' });
        await maskOf(own);
        assert.match((await answer.textContent()) ?? '', /corrected by hand, and none is left/);
        assert.doesNotMatch((await answer.textContent()) ?? '', /likely, (but )?none/i);
        assert.deepEqual(faultsOf(own), []);
        await own.context().close();
    });

    test('weights that take no clicks: the tool is disabled and its title gives the reason', async () => {
        const own = await site.open();
        const tool = own.locator('#tool-click');
        if ((await Sonomask.load()).info.takesPrompts) return;
        assert.ok(await tool.isDisabled());
        assert.match((await tool.getAttribute('title')) ?? '', /these weights take no clicks/);
        await pick(own, [await sample('benign')]);
        await settled(own, 1);
        await answered(own);
        await own.keyboard.press('i');
        assert.equal(await own.locator('#canvas').getAttribute('data-tool'), 'move');
        assert.deepEqual(faultsOf(own), []);
        await own.context().close();
    });
});
