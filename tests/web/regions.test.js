/** The scan regions in the page: found, moved by mouse, touch and keyboard, undone, kept, used for a batch, from DICOM. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { regionText } from '../../web/i18n/regions.js';
import { extended, freePlace, moved, overlap, resized } from '../../web/edit/boxes.js';
import { Sonomask } from '../../wasm/sonomask.js';
import { dicom, regions as marks } from '../node/support/dicom.js';
import { screenOf } from '../node/support/screen.js';
import { answered, faultsOf, loaded, nextFrame, pick, saved, settled, skip, startSite } from './support/page.js';
import { sample } from './support/samples.js';

const IMAGE = { width: 200, height: 100 };

test('a box stays in the image, and no side gets shorter than the least', () => {
    const box = { x: 10, y: 10, width: 50, height: 40 };
    assert.deepEqual(moved(box, -100, 500, IMAGE), { x: 0, y: 60, width: 50, height: 40 });
    assert.deepEqual(resized(box, { across: 1, down: -1 }, 1000, -1000, IMAGE), { x: 10, y: 0, width: 190, height: 50 });
    assert.deepEqual(resized(box, { across: -1, down: 1 }, 1000, -1000, IMAGE), { x: 44, y: 10, width: 16, height: 16 });
});

test('a place beside the boxes is taken into the nearest one, and never into two', () => {
    const boxes = [{ x: 0, y: 0, width: 80, height: 100 }, { x: 120, y: 0, width: 80, height: 100 }];
    const grown = extended(boxes, { x: 100, y: 50, width: 0, height: 0 }, IMAGE);
    assert.deepEqual(grown, [{ x: 0, y: 0, width: 110, height: 100 }, boxes[1]]);
    assert.equal(extended([{ x: 0, y: 0, width: 80, height: 50 }, { x: 90, y: 40, width: 80, height: 60 }], { x: 60, y: 30, width: 120, height: 60 }, IMAGE), 'whole');
    const place = freePlace(boxes, IMAGE);
    assert.ok(place && !boxes.some(box => overlap(box, place)));
    assert.equal(freePlace([{ x: 0, y: 0, ...IMAGE }], IMAGE), null);
});

test('the texts of the tool exist in both languages', () => {
    for (const key of /** @type {const} */ (['auto', 'whole', 'add', 'remove', 'all', 'hint', 'name', 'full', 'outside', 'extend', 'wholeInstead']))
        assert.notEqual(regionText('en', key), regionText('ar', key), key);
    assert.equal(regionText('en', 'allDone', { count: 3 }), 'The regions are used for 3 images.');
});

describe('regions', { skip }, () => {
    /** @type {import('./support/page.js').Site} */
    let site;
    /** @type {import('./support/page.js').Page} */
    let page;
    /** @type {Awaited<ReturnType<typeof screens>>} */
    let made;

    /** Screens with one view and with two, and a DICOM file of the second whose header marks both. */
    async function screens() {
        const engine = await Sonomask.load({ weights: null });
        const { data, width, height } = await engine.decode((await sample('benign')).buffer);
        const channels = data.length / (width * height);
        const grey = { data: Uint8Array.from({ length: width * height }, (_, pixel) => data[pixel * channels] ?? 0), width, height };
        const [one, two] = [screenOf([grey]), screenOf([grey, grey])];
        const png = (/** @type {typeof one} */ { image }) => Buffer.from(engine.encodePng(image.data, image.width, image.height));
        return { one, two, ones: png(one), twos: png(two) };
    }

    /** @param {import('./support/page.js').Page} [from] @returns {Promise<any>} the record of the image in view, each region as a rectangle with its answer */
    async function record(from = page) {
        const { regions, ...rest } = JSON.parse((await saved(from, 'JSON')).bytes.toString());
        return { ...rest, regions: regions.map((/** @type {any} */ { bbox, ...answer }) => ({ ...bbox, ...answer })) };
    }

    /**
     * @param {'found' | 'user' | 'dicom'} origin
     * @returns {Promise<any>} the record once the image in view has its answer
     */
    async function answeredFor(origin) {
        await nextFrame(page);
        await page.locator('.row[data-state="waiting"], .row[data-state="running"]').first().waitFor({ state: 'detached' });
        await nextFrame(page);
        const answer = await record();
        assert.equal(answer.regions_from, origin);
        return answer;
    }

    /** @param {import('../../wasm/sonomask.js').Rectangle} region */
    const box = ({ x, y, width, height }) => ({ x, y, width, height });

    /**
     * @param {{ width: number, height: number }} image in view, which is fitted into the viewer
     * @returns {Promise<(x: number, y: number) => { x: number, y: number }>} from the image to the window
     */
    async function placing(image = made.one.image) {
        const canvas = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('#canvas').boundingBox());
        const level = await page.locator('#zoom-level').textContent();
        const fit = Number.parseFloat(level ?? '') / 100;
        const scale = Math.abs(Math.min(canvas.width / image.width, canvas.height / image.height) - fit) < 0.2 ? fit : NaN;
        return (x, y) => ({ x: canvas.x + canvas.width / 2 + (x - image.width / 2) * scale, y: canvas.y + canvas.height / 2 + (y - image.height / 2) * scale });
    }

    before(async () => {
        made = await screens();
        site = await startSite();
        page = await site.open({ viewport: { width: 1440, height: 900 }, hasTouch: true });
        await pick(page, [
            { name: 'one.png', buffer: made.ones },
            { name: 'same.png', buffer: made.ones },
        ]);
        await settled(page, 2);
        await answered(page);
        await loaded(page);
    });
    after(() => site?.close());

    test('finds the picture, and a tool moves, resizes and undoes its box by mouse', async () => {
        const found = await record();
        assert.equal(found.regions.length, 1);
        assert.ok(near(found.regions[0], made.one.views[0]), JSON.stringify(found.regions));
        assert.equal(found.regions_from, 'found');
        const place = await placing();
        await page.keyboard.press('r');
        const { x, y, width, height } = found.regions[0];
        const corner = place(x + width, y + height);
        const goal = place(x + width - 60, y + height - 40);
        await page.mouse.move(corner.x, corner.y);
        await page.mouse.down();
        await page.mouse.move(goal.x, goal.y, { steps: 3 });
        await page.mouse.up();
        const smaller = await answeredFor('user');
        assert.ok(near(smaller.regions[0], { x, y, width: width - 60, height: height - 40 }), JSON.stringify(smaller.regions));
        await page.click('#undo');
        assert.deepEqual((await answeredFor('found')).regions, found.regions);
        await page.click('#redo');
        assert.deepEqual((await answeredFor('user')).regions.map(box), smaller.regions.map(box));
    });

    test('the keyboard moves and resizes a box, adds one and removes it', async () => {
        const [start] = (await record()).regions;
        await page.focus('#canvas');
        await page.keyboard.press('ArrowLeft');
        await page.waitForFunction(() => /Region 1 of 1: /.test(document.querySelector('#live')?.textContent ?? ''));
        await page.keyboard.press('Shift+ArrowUp');
        await page.waitForTimeout(600); // the box is used a moment after the last key
        const [end] = (await answeredFor('user')).regions;
        assert.ok(end.x < start.x && end.width === start.width && end.y === start.y && end.height < start.height, JSON.stringify({ start, end }));
        await page.click('#region-add');
        assert.equal((await answeredFor('user')).regions.length, 2);
        await page.focus('#canvas');
        await page.keyboard.press('Delete');
        assert.deepEqual((await answeredFor('user')).regions.map(box), [box(end)]);
        await page.click('#region-whole');
        const { image } = made.one;
        assert.deepEqual((await answeredFor('user')).regions.map(box), [{ x: 0, y: 0, width: image.width, height: image.height }]);
    });

    test('a drawn box is used for all images of the size; what was painted stays', async () => {
        const place = await placing();
        await page.keyboard.press('b');
        const spot = place(made.one.image.width - 40, made.one.image.height - 50);
        await page.mouse.click(spot.x, spot.y);
        await nextFrame(page);
        const painted = (await record()).lesions.length;
        await page.keyboard.press('r');
        const [view] = made.one.views;
        assert.ok(view);
        const [from, to] = [place(view.x + 4, view.y + 4), place(view.x + view.width - 10, view.y + view.height - 10)];
        await page.mouse.move(from.x, from.y);
        await page.mouse.down();
        await page.mouse.move(to.x, to.y, { steps: 3 });
        await page.mouse.up();
        const drawn = await answeredFor('user');
        assert.ok(near(drawn.regions[0], view, 14), JSON.stringify(drawn.regions));
        assert.ok(drawn.edited && drawn.lesions.length >= 1 && painted >= 1);
        assert.ok(drawn.lesions.some((/** @type {any} */ lesion) => lesion.bbox.x > view.x + view.width - 60), 'the painted outline');
        await page.click('#region-all');
        await page.keyboard.press('j');
        assert.deepEqual((await answeredFor('user')).regions.map(box), drawn.regions.map(box));
        await page.click('#region-auto');
        assert.equal((await answeredFor('found')).regions.length, 1);
    });

    test('a session keeps the chosen regions', async () => {
        await page.check('#session-images');
        const session = await saved(page, 'Save session');
        const other = await site.open();
        await pick(other, [{ name: session.name, buffer: session.bytes }]);
        await settled(other, 2);
        await answered(other);
        const recordOf = () => record(other);
        const first = await recordOf();
        assert.equal(first.regions_from, 'user');
        await other.keyboard.press('j');
        await answered(other);
        const second = await recordOf();
        assert.deepEqual(second.regions.map(box), (await record()).regions.map(box));
        assert.equal(second.regions_from, 'found');
        assert.notDeepEqual(first.regions.map(box), second.regions.map(box));
        assert.deepEqual(faultsOf(other), []);
        await other.context().close();
    });

    test('the pictures that a DICOM file marks are its regions; fingers move a box; a click beside it is answered', async () => {
        const { image, views } = made.two;
        const file = dicom({ width: image.width, height: image.height, more: [marks(...views.map(part => ({ box: /** @type {[number, number, number, number]} */ ([part.x, part.y, part.x + part.width, part.y + part.height]), centimetres: 0.01 })))], pixels: Buffer.from(image.data) });
        await pick(page, [{ name: 'two.dcm', buffer: file }]);
        await settled(page, 3);
        await page.locator('.row-main').last().click();
        await answered(page);
        const marked = await answeredFor('dicom');
        assert.deepEqual(marked.regions.map(box), views);
        assert.deepEqual(marked.regions.map((/** @type {any} */ region) => region.looks_like_ultrasound), [true, true]);
        assert.deepEqual((await page.locator('.answer-view').allTextContents()).map(text => text.slice(0, 7)), ['View 1:', 'View 2:']);
        assert.equal(await page.locator('#lesions th', { hasText: 'Type of its view' }).count(), 1);
        const place = await placing(image);
        const [left, right] = views;
        assert.ok(left && right);
        await page.keyboard.press('i');
        const beside = place(right.x + 40, right.y + right.height + 14);
        await page.mouse.click(beside.x, beside.y);
        await page.getByRole('button', { name: 'Extend the region' }).click();
        const extendedTo = await answeredFor('user');
        assert.deepEqual(box(extendedTo.regions[0]), left);
        assert.ok(extendedTo.regions[1].height > right.height + 14, JSON.stringify(extendedTo.regions));
        assert.equal(extendedTo.prompts.clicks.length, 1);
        await page.keyboard.press('r');
        await page.click('#region-auto');
        const [back] = [await answeredFor('dicom')];
        assert.deepEqual(back.regions.map(box), views);
        assert.equal(back.prompts.clicks.length, 1, 'the click is kept, though no region holds it now');
        await drag(page, place(left.x + left.width / 2, left.y + left.height / 2), place(left.x + left.width / 2 - 30, left.y + left.height / 2));
        assert.deepEqual((await answeredFor('user')).regions.map(box), [{ ...left, x: left.x - 30 }, right].map(part => ({ ...part })));
        assert.deepEqual(faultsOf(page), []);
    });
});

/**
 * A drag with a finger.
 * @param {import('./support/page.js').Page} page
 * @param {{ x: number, y: number }} from
 * @param {{ x: number, y: number }} to
 */
async function drag(page, from, to) {
    const devtools = await page.context().newCDPSession(page);
    const send = (/** @type {'touchStart' | 'touchMove' | 'touchEnd'} */ type, /** @type {{ x: number, y: number }[]} */ touchPoints) => devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
    await send('touchStart', [from]);
    await send('touchMove', [{ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }]);
    await send('touchMove', [to]);
    await send('touchEnd', []);
    await devtools.detach();
}

/**
 * @param {import('../../wasm/sonomask.js').Rectangle} a
 * @param {import('../../wasm/sonomask.js').Rectangle | undefined} b
 * @param {number} [reach] pixels
 */
function near(a, b, reach = 8) {
    return b !== undefined && ['x', 'y', 'width', 'height'].every(key => Math.abs(Reflect.get(a, key) - Reflect.get(b, key)) <= reach);
}
